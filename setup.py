"setuptools reads everything from settings.ini, nbdev's own configuration"
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

here = Path(__file__).parent
parser = ConfigParser(delimiters=['='])
parser.read(here/'settings.ini', encoding='utf-8')
cfg = parser['DEFAULT']

def words(name): return cfg.get(name, '').split()
extras = {name: words(f'{name}_requirements') for name in ('train', 'dicom', 'archive', 'node', 'page', 'dev')}
extras['dev'] = sum(extras.values(), [])

setup(
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'],
    long_description=(here/'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author=cfg['author'], author_email=cfg['author_email'], url=cfg['git_url'],
    license='Apache-2.0', license_files=['LICENSE'], keywords=cfg['keywords'],
    classifiers=['Development Status :: 3 - Alpha', 'Intended Audience :: Healthcare Industry',
                 'Programming Language :: Python :: 3', 'Natural Language :: English'],
    packages=find_packages(include=['pneumo_nb', 'pneumo_nb.*']),
    package_data={'pneumo_nb': ['templates/*', 'templates/*/*', 'bundles/*.json', 'bundles/*/*']},
    include_package_data=True, zip_safe=False,
    python_requires=f">={cfg['min_python']}",
    install_requires=words('requirements'), extras_require=extras,
    entry_points={'console_scripts': words('console_scripts'),
                  'nbdev': [f"{cfg['lib_path']}={cfg['lib_path']}._modidx:d"]},
)
