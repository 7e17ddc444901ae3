"""What `make test` runs: the library agrees with the notebooks, the pages agree with each other, every notebook runs.

check.py           check; exit status 1 when anything fails
check.py --write   export the library, clean the notebooks and renew the README instead
"""
import filecmp
import json
import os
import re
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import nbformat
from nbconvert import MarkdownExporter
from repo import LIB, NBS, ROOT, chapter, installed, must, notebooks, run

WORKERS = 2
PHANTOM_CHAPTERS = ('data/19_phantom', 'study/71_model', 'study/64_study')  # the only ones whose saved outputs may show phantoms

def unchanged(folder, pattern, command):
    "Names of files below `folder` that `command` changes"
    aside = '__pycache__', '.ipynb_checkpoints'
    with tempfile.TemporaryDirectory() as d:
        before = Path(shutil.copytree(folder, Path(d)/'before', ignore=shutil.ignore_patterns(*aside)))
        must(installed(command))
        names = {p.relative_to(r) for r in (before, folder) for p in r.rglob(pattern) if not set(aside) & set(p.parts)}
        same = lambda a, b: a.exists() and b.exists() and filecmp.cmp(a, b, False)
        return [str(n) for n in sorted(names) if not same(before/n, folder/n)]

def readme():
    "README.md as nbs/index.ipynb gives it: hidden cells left out, `echo: false` cells by their output alone, links from the top level"
    nb = nbformat.read(NBS/'index.ipynb', 4)
    nb.cells = [c for c in nb.cells if not re.match(r'#\|\s*hide', c.source)]
    text, _ = MarkdownExporter().from_notebook_node(nb)
    text = re.sub(r'```(?:python)?\n#\| echo: false.*?\n```\n', '', text, flags=re.S)
    text = re.sub(r'^```$(?=\nfrom )', '```python', text, flags=re.M)
    text = re.sub(r'<style scoped>.*?</style>\n', '', text, flags=re.S)
    text = re.sub(r'\]\(\.\./', '](', text)
    text = re.sub(r'\]\((?=[\w/]+\.ipynb)', '](nbs/', text)
    return re.sub(r'\n{3,}', '\n\n', text).strip() + '\n'

def site():
    "Faults of the site: processed and rendered by tools/site.py; how wide its pages are on a phone, `make site` tells, with Chromium"
    done = run(sys.executable, ROOT/'tools'/'site.py', '--check', '--no-browser')
    return [f'the site:\n{done.stdout or done.stderr[-2000:]}'] if done.returncode else []

def lint():
    "What ruff.toml asks of the code: above all no name that a cell borrows from its notebook and an import cannot"
    done = run(installed('ruff'), 'check', '--quiet', '--output-format', 'concise')
    return (done.stdout or done.stderr).splitlines() if done.returncode else []

def outputs(nb):
    "All text that a notebook's saved outputs hold, whether one is an error, and whether its code says whose films it shows"
    cells = json.loads(nb.read_text())['cells']
    shown = [o for c in cells for o in c.get('outputs', [])]
    text = json.dumps([o.get('text') or o.get('data', {}) for o in shown], ensure_ascii=False)
    stamps = any(re.search(r'^(?!#\| export)[^#]*\bsource_line\(', ''.join(c['source'])) for c in cells if c['cell_type'] == 'code')
    return re.sub(r'"image/png": "[^"]*"', '', text), any(o['output_type'] == 'error' for o in shown), stamps

def wrong_outputs(name, text, error, stamps, cohort):
    "Faults of one chapter's saved outputs"
    phantoms = re.search(r'PHANTOM films, not patients · [\d,]+ films', text)
    if error: yield 'an error is saved in it'
    if phantoms and name not in PHANTOM_CHAPTERS: yield 'its outputs show phantoms; execute it on the real films (make chapters)'
    if stamps and name not in PHANTOM_CHAPTERS and cohort not in text: yield f'its outputs do not name the committed cohort {cohort}'
    if re.search(r'/(home|root|tmp|work|Users)/\w', text): yield 'a path of this machine is in its outputs'

def saved_outputs():
    "Faults of the saved outputs: errors, phantoms, another cohort, a path of somebody's machine"
    cohort = json.loads((ROOT/'results'/'study'/'certificate.json').read_text())['cohort']
    return [f'{chapter(nb)}: {fault}' for nb in notebooks() for fault in wrong_outputs(chapter(nb), *outputs(nb), cohort)]

def tested(nb, env):
    "Run one notebook as nbdev_test does, offline: whether it passes, its seconds, and the end of what it printed"
    start, always = time.time(), dict(PNEUMO_OFFLINE='1', OMP_WAIT_POLICY='passive', MPLBACKEND='agg')
    done = run(installed('nbdev_test'), '--path', nb, '--n_workers', 0, env=env | always)
    return done.returncode == 0, time.time() - start, (done.stdout + done.stderr)[-4000:]

def run_notebook(nb):
    "None when a notebook passes, else the end of what it printed"
    passed, seconds, said = tested(nb, os.environ | dict(OMP_NUM_THREADS=str(max(1, (os.cpu_count() or 2)//WORKERS))))
    print(f'{"PASS" if passed else "FAIL"} {chapter(nb)} {seconds:.0f} s', flush=True)
    return None if passed else f'{chapter(nb)}:\n{said}'

def disagreements():
    "Faults of everything but the notebooks' own tests"
    exported, cleaned = unchanged(LIB, '*.py', 'nbdev_export'), unchanged(NBS, '*.ipynb', 'nbdev_clean')
    faults = [f'pneumo_nb/{n}: differs from its notebook; edit the notebook and run `make export`' for n in exported]
    faults += [f'nbs/{n}: not clean; run `make export`' for n in cleaned]
    if readme() != (ROOT/'README.md').read_text(): faults.append('README.md: differs from nbs/index.ipynb; run `make export`')
    return faults + lint() + site() + saved_outputs()

def check():
    "Every check; a list of faults"
    faults = disagreements()
    print(f'{"FAIL" if faults else "PASS"} library, notebooks, site, README and saved outputs agree', flush=True)
    with ThreadPoolExecutor(WORKERS) as pool: runs = list(pool.map(run_notebook, notebooks()))
    failed = [r for r in runs if r]
    for f in faults + failed: print(f'\n{f}')
    print(f'\n{len(runs) + 1 - len(failed) - bool(faults)} passed, {len(failed) + bool(faults)} failed')
    return faults + failed

def write():
    for command in ('nbdev_export', 'nbdev_clean'): must(installed(command))
    (ROOT/'README.md').write_text(readme())

if __name__ == '__main__':
    if data := os.environ.get('PNEUMO_DATA'): os.environ['PNEUMO_DATA'] = os.path.abspath(data)  # notebooks run in nbs/
    if '--write' in sys.argv[1:]: write()
    else: sys.exit(bool(check()))
