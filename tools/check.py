"""What `make test` runs: the library agrees with the notebooks, the pages agree with each other, every notebook runs.

check.py           check; exit status 1 when anything fails
check.py --write   export the library, clean the notebooks and renew the README instead
"""
import filecmp, json, os, re, shutil, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NBS, LIB = ROOT/'nbs', ROOT/'pneumo_nb'
PHANTOM_CHAPTERS = ('data/14_phantom', 'study/63_model', 'study/62_study')  # the only ones whose saved outputs may show phantoms
FROM_FILMS = re.compile(r'data/16_cohort|(explore|train|evaluate)/(?!44_decision)\w+')   # whose saved outputs must name the committed cohort; the rule of decision needs no film

def notebooks(): return sorted(p for p in NBS.rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts)

def room(nb): return nb.relative_to(NBS).with_suffix('').as_posix()

def installed(command): return str(Path(sys.executable).with_name(command))

def nbdev(command): return subprocess.run([installed(command)], cwd=ROOT, capture_output=True, text=True, check=True)

def unchanged(folder, pattern, command):
    "Names of files below `folder` that `command` changes"
    with tempfile.TemporaryDirectory() as d:
        before = Path(shutil.copytree(folder, Path(d)/'before', ignore=shutil.ignore_patterns('__pycache__', '.ipynb_checkpoints')))
        nbdev(command)
        names = {p.relative_to(r) for r in (before, folder) for p in r.rglob(pattern) if '.ipynb_checkpoints' not in p.parts}
        return [str(n) for n in sorted(names) if not (before/n).exists() or not (folder/n).exists() or not filecmp.cmp(before/n, folder/n, False)]

def readme():
    "README.md as nbs/index.ipynb gives it: hidden cells left out, `echo: false` cells by their output alone, links from the top level"
    import nbformat
    from nbconvert import MarkdownExporter
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
    done = subprocess.run([sys.executable, str(ROOT/'tools'/'site.py'), '--check', '--no-browser'], cwd=ROOT, capture_output=True, text=True)
    return [f'the site:\n{done.stdout or done.stderr[-2000:]}'] if done.returncode else []

def outputs(nb):
    "All text that a notebook's saved outputs hold, and whether one is an error"
    cells = [o for c in json.loads(nb.read_text())['cells'] for o in c.get('outputs', [])]
    text = json.dumps([o.get('text') or o.get('data', {}) for o in cells], ensure_ascii=False)
    return re.sub(r'"image/png": "[^"]*"', '', text), any(o['output_type'] == 'error' for o in cells)

def undefined_names():
    "Names that a module uses and does not have: a cell can borrow them from its notebook, an import cannot"
    done = subprocess.run([sys.executable, '-m', 'pyflakes', *map(str, sorted(LIB.rglob('*.py')))], cwd=ROOT, capture_output=True, text=True)
    return [os.path.relpath(line, ROOT) for line in done.stdout.splitlines() if '_modidx' not in line]

def saved_outputs():
    "Faults of the saved outputs: errors, phantoms, another cohort, a path of somebody's machine"
    cohort = json.loads((ROOT/'results'/'study'/'certificate.json').read_text())['cohort']
    for nb in notebooks():
        text, error = outputs(nb)
        if error: yield f'{room(nb)}: an error is saved in it'
        if re.search(r'PHANTOM films, not patients · [\d,]+ films', text) and room(nb) not in PHANTOM_CHAPTERS: yield f'{room(nb)}: its outputs show phantoms; execute it on the real films (make chapters)'
        if FROM_FILMS.fullmatch(room(nb)) and cohort not in text: yield f'{room(nb)}: its outputs do not name the committed cohort {cohort}'
        if re.search(r'/(home|root|tmp|work|Users)/\w', text): yield f'{room(nb)}: a path of this machine is in its outputs'

def run_notebook(nb):
    "Run one notebook as nbdev_test does; None when it passes, else the end of what it printed"
    start, threads = time.time(), str(max(1, (os.cpu_count() or 2)//WORKERS))
    env = os.environ | dict(PNEUMO_OFFLINE='1', OMP_NUM_THREADS=threads, OMP_WAIT_POLICY='passive', MPLBACKEND='agg')
    done = subprocess.run([installed('nbdev_test'), '--path', str(nb), '--n_workers', '0'], cwd=ROOT, env=env, capture_output=True, text=True)
    print(f'{"PASS" if done.returncode == 0 else "FAIL"} {room(nb)} {time.time() - start:.0f} s', flush=True)
    return None if done.returncode == 0 else f'{room(nb)}:\n{(done.stdout + done.stderr)[-4000:]}'

WORKERS = 2

def check():
    "Every check; a list of faults"
    faults = [f'pneumo_nb/{n}: differs from its notebook; edit the notebook and run `make export`' for n in unchanged(LIB, '*.py', 'nbdev_export')]
    faults += [f'nbs/{n}: not clean; run `make export`' for n in unchanged(NBS, '*.ipynb', 'nbdev_clean')]
    if readme() != (ROOT/'README.md').read_text(): faults.append('README.md: differs from nbs/index.ipynb; run `make export`')
    faults += [*undefined_names(), *site(), *saved_outputs()]
    print(f'{"FAIL" if faults else "PASS"} library, notebooks, site, README and saved outputs agree', flush=True)
    with ThreadPoolExecutor(WORKERS) as pool: runs = list(pool.map(run_notebook, notebooks()))
    failed = [r for r in runs if r]
    for f in faults + failed: print(f'\n{f}')
    print(f'\n{len(runs) + 1 - len(failed) - bool(faults)} passed, {len(failed) + bool(faults)} failed')
    return faults + failed

def write():
    nbdev('nbdev_export'); nbdev('nbdev_clean')
    (ROOT/'README.md').write_text(readme())

if __name__ == '__main__':
    if os.environ.get('PNEUMO_DATA'): os.environ['PNEUMO_DATA'] = os.path.abspath(os.environ['PNEUMO_DATA'])  # notebooks run in nbs/
    if '--write' in sys.argv[1:]: write()
    else: sys.exit(bool(check()))
