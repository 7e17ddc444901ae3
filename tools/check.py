"""What `make test` runs: the library agrees with the notebooks, the pages agree with each other, every notebook runs.

check.py              check; exit status 1 when anything fails
check.py --notebooks [train/40_explanation …]  run the notebooks alone, all or some
check.py --films [S]  run those that read films, whichever PNEUMO_DATA names; begin none after S seconds, and name those left
check.py --write      export the library, clean the notebooks and renew the README instead
"""
import atexit
import filecmp
import json
import os
import re
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
import nbformat
from nbconvert import MarkdownExporter
from nbdev.config import get_config
from nbdev.test import test_nb
import said  # tools/said.py
from repo import LIB, NBS, ROOT, chapter, code_cells, installed, must, notebooks, run

WORKERS = 2
ALWAYS = dict(PNEUMO_OFFLINE='1', OMP_WAIT_POLICY='passive', MPLBACKEND='agg')
READ_ONCE = ['fastai.vision.all', 'seaborn', 'nbdev.test']     # by the process that each notebook's is forked from
LONGEST = ('study/72_model', 'screen/54_worklist', 'screen/60_queue_results', 'screen/57_film_report', 'study/71_trials',
           'study/69_gate_fit', 'study/64_study', 'screen/53_scoring')     # begun first, lest one of them ends alone
PHANTOM_CHAPTERS = ('data/19_phantom', 'study/72_model', 'study/64_study')  # the only ones whose saved outputs may show phantoms

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

def types():
    "What pyright says of the exported library, as pyrightconfig.json asks it"
    done = run(installed('pyright'), '--pythonpath', sys.executable)
    return [line.strip() for line in done.stdout.splitlines() if ' - error: ' in line] if done.returncode else []

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

def in_fork(nb, log):
    "Run one notebook as nbdev_test does, in a process that has read the large packages already; what it prints goes to a file"
    with open(log, 'w') as f:
        for stream in (1, 2): os.dup2(f.fileno(), stream)
    if chapter(nb) in said.FROM_RESULTS:
        sys.path.insert(0, str(ROOT))
        faults = said.stale(nb)                            # runs it, too
        print(*faults, sep='\n')
        passed = not faults
    else: passed, _ = test_nb(nb, skip_flags=get_config().tst_flags.split(), basepath=ROOT)
    atexit._run_exitfuncs()                                # multiprocessing leaves them out, and temporary folders with them
    sys.exit(not passed)

def run_notebook(nb, forks, folder):
    "None when a notebook passes, else the end of what it printed"
    start, log = time.time(), folder/f'{"-".join(chapter(nb).split("/"))}.txt'
    process = forks.Process(target=in_fork, args=(nb, log))
    process.start()
    process.join()
    print(f'{"FAIL" if process.exitcode else "PASS"} {chapter(nb)} {time.time() - start:.0f} s', flush=True)
    return f'{chapter(nb)}:\n{log.read_text()[-4000:]}' if process.exitcode else None

def reads_films(nb):
    "Whether a notebook's code asks for films, itself or by a command"
    asks = re.compile(r'\bfind_films\b|PNEUMO_DATA|\bpneumo_(study|model|ablation|gate)\b|benchmarks')
    return any(map(asks.search, code_cells(nb)))

def run_notebooks(names=(), begin_within=None):
    "What failed, of all notebooks or of some: the longest first, then those that train; where time is short, the longest last"
    os.environ.update(ALWAYS | dict(OMP_NUM_THREADS=os.environ.get('OMP_NUM_THREADS', str(max(1, (os.cpu_count() or 2)//WORKERS)))))
    forks = get_context('forkserver')
    forks.set_forkserver_preload(READ_ONCE)
    chosen = [nb for nb in notebooks() if not names or chapter(nb) in names]
    first = {name: i for i, name in enumerate(LONGEST)}
    chosen.sort(key=lambda nb: (first.get(chapter(nb), len(first)), nb.parent.name not in ('study', 'train', 'screen')))
    if begin_within: chosen.sort(key=lambda nb: (chapter(nb) in first, nb.parent.name == 'train'))
    ends, left = time.time() + (begin_within or float('inf')), []
    def one(nb, folder): return run_notebook(nb, forks, folder) if time.time() < ends else left.append(chapter(nb))
    with tempfile.TemporaryDirectory() as d, ThreadPoolExecutor(WORKERS) as pool:
        runs = list(pool.map(lambda nb: one(nb, Path(d)), chosen))
    failed = [r for r in runs if r]
    print(f'{len(runs) - len(failed) - len(left)} notebooks passed, {len(failed)} failed', flush=True)
    if left: print(f'{len(left)} not begun within {begin_within} s: {", ".join(left)}', flush=True)
    return failed

def not_exported():
    "Faults of notebooks and library that differ; export and clean write, so nothing else may run beside them"
    exported, cleaned = unchanged(LIB, '*.py', 'nbdev_export'), unchanged(NBS, '*.ipynb', 'nbdev_clean')
    faults = [f'pneumo_nb/{n}: differs from its notebook; edit the notebook and run `make export`' for n in exported]
    faults += [f'nbs/{n}: not clean; run `make export`' for n in cleaned]
    if readme() != (ROOT/'README.md').read_text(): faults.append('README.md: differs from nbs/index.ipynb; run `make export`')
    return faults

def disagreements():
    "Faults of everything but the notebooks' own tests"
    faults = lint() + types() + site() + saved_outputs() + said.disagreements()
    print(f'{"FAIL" if faults else "PASS"} library, site and saved outputs agree', flush=True)
    return faults

def check():
    "Every check; a list of faults"
    faults = not_exported()
    print(f'{"FAIL" if faults else "PASS"} notebooks, library and README agree', flush=True)
    with ThreadPoolExecutor(1) as beside:
        rest = beside.submit(disagreements)               # mostly one core's work, beside the notebooks
        return faults + run_notebooks() + rest.result()

def write():
    for command in ('nbdev_export', 'nbdev_clean'): must(installed(command))
    (ROOT/'README.md').write_text(readme())

def main(how='', *names):
    if data := os.environ.get('PNEUMO_DATA'): os.environ['PNEUMO_DATA'] = os.path.abspath(data)  # notebooks run in nbs/
    if how == '--write': return write()
    if how == '--films': faults = run_notebooks([chapter(nb) for nb in notebooks() if reads_films(nb)], *map(int, names))
    else: faults = run_notebooks(names) if how == '--notebooks' else check()
    for f in faults: print(f'\n{f}')
    sys.exit(bool(faults))

if __name__ == '__main__': main(*sys.argv[1:])
