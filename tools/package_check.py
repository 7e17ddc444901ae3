"""What a user gets: wheel and sdist are built, what is in them, every command with each extra alone, and a phantom scored elsewhere

package_check.py           exit status 1 when anything is wrong; wants the package registry, as `make setup` does
"""
import os
import re
import sys
import tarfile
import tempfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path
import commands_check
from repo import ROOT, installed, must

UV = installed('uv')               # `make setup` brings it
WANTED = [f'pneumo_nb/{p}' for p in ('bundles/held_out.json', 'templates/report.html', 'templates/worklist.html', '_modidx.py',
                                     'bundles/*/model.onnx', 'bundles/*/gate.safetensors', 'bundles/*/MODEL_CARD.md')]
UNWANTED = re.compile(r'\.ipynb_checkpoints|__pycache__|\.(jpe?g|dcm|npy|npz)$'
                      r'|^(nbs|results|tools|benchmarks|chest_xray|study|_proc|_docs)/')
SCORE = """
import json, sys
from pathlib import Path
from PIL import Image
import pneumo_nb
from pneumo_nb.screen.bundle import load_bundle
from pneumo_nb.data.phantom import phantom_film
assert 'site-packages' in pneumo_nb.__file__, pneumo_nb.__file__
Image.fromarray(phantom_film(1)).save('film.png')
row = load_bundle().score('film.png')
assert not {'torch', 'fastai'} & set(sys.modules)
print('phantom scored:', row)
"""

def inside(file, names):
    "What is missing in a wheel or sdist, and what does not belong there"
    faults = [f'{w} is missing' for w in WANTED if not any(fnmatch(n, w) for n in names)]
    return [f'{file.name}: {f}' for f in faults + [f'{n} does not belong there' for n in names if UNWANTED.search(n)]]

def built(d):
    "Wheel and sdist of what git knows, so that no stray file is packed and none is left; the wheel is built from the sdist"
    for n in must('git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0'):
        if not n or not (ROOT/n).is_file(): continue
        (to := d/'source'/n).parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes((ROOT/n).read_bytes())
    must(UV, 'build', '-q', '--python', sys.executable, '--out-dir', d/'dist', d/'source', cwd=d)
    return next((d/'dist').glob('*.whl')), next((d/'dist').glob('*.tar.gz'))

def elsewhere(wheel, d):
    "Install the wheel into a fresh environment, and score and screen a phantom there"
    must(UV, 'venv', '-q', '--python', sys.executable, d/'fresh', cwd=d)
    programs = d/'fresh'/'bin'
    must(UV, 'pip', 'install', '-q', '--python', programs/'python', '-c', ROOT/'constraints.txt', wheel, cwd=d)
    env = {k: v for k, v in os.environ.items() if k not in ('PYTHONPATH', 'PNEUMO_DATA')}
    print(must(programs/'python', '-c', SCORE, cwd=d, env=env).strip())
    for command in sorted(programs.glob('pneumo_*')): must(command, '--help', cwd=d, env=env)
    print(must(programs/'pneumo_screen', 'film.png', '--out', 'worklist.csv', cwd=d, env=env).strip())
    if (d/'worklist.csv').read_text().count('film.png') != 1: sys.exit('the worklist does not hold the film')

def main():
    with tempfile.TemporaryDirectory() as d:
        wheel, sdist = built(Path(d))
        faults = inside(wheel, zipfile.ZipFile(wheel).namelist())
        faults += inside(sdist, [n.partition('/')[2] for n in tarfile.open(sdist).getnames()])
        for f in (wheel, sdist): print(f'{f.name}: {f.stat().st_size/1e6:.1f} MB')
        if faults := faults or commands_check.check(wheel): sys.exit('\n'.join(faults))
        elsewhere(wheel, Path(d))
        print('the wheel holds what it should, installs elsewhere, scores and screens without torch')

if __name__ == '__main__': main()
