"""The notebooks that train, under other arithmetics and with other phantoms: do their assertions hold there too?

arithmetic.py                  every notebook that trains; exit status 1 when one fails
arithmetic.py train/39_explanation …     only these: to go on with those that failed
"""
import ast, json, os, re, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from check import LIB, ROOT, WORKERS, installed, notebooks, room

ONE, TWO = dict(OMP_NUM_THREADS='1'), dict(OMP_NUM_THREADS='2')
SETTINGS = { # how the same sums are added up: other threads, other instructions
    'one thread': ONE, 'two threads': TWO,
    'ATen default': ONE | dict(ATEN_CPU_CAPABILITY='default'), 'ATen avx2': TWO | dict(ATEN_CPU_CAPABILITY='avx2'),
    'oneDNN SSE41': ONE | dict(ONEDNN_MAX_CPU_ISA='SSE41')}
PHANTOMS = ('0', '1')   # seeds: each setting with each

def names(function):
    "What a function takes from outside: names that it neither is given nor sets"
    used, own = set(), {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}
    for n in (n for n in ast.walk(function) if isinstance(n, ast.Name)): (used if isinstance(n.ctx, ast.Load) else own).add(n.id)
    return used - own

def trains(function):
    "Does a function call `learn.fit` itself?"
    calls = (n.func for n in ast.walk(function) if isinstance(n, ast.Call))
    return any(isinstance(f, ast.Attribute) and ast.unparse(f) == 'learn.fit' for f in calls)

def training_functions():
    "The library's functions that train: those that call `learn.fit`, and those that name one of them"
    functions = [f for p in sorted(LIB.rglob('*.py')) for f in ast.parse(p.read_text()).body if isinstance(f, ast.FunctionDef)]
    found, before = {f.name for f in functions if trains(f)}, None
    while found != before: found, before = found | {f.name for f in functions if names(f) & found}, found
    return found

def code(nb):
    "The code of a notebook as a tree, lines for the shell left out"
    cells = [''.join(c['source']) for c in json.loads(nb.read_text())['cells'] if c['cell_type'] == 'code']
    return ast.parse('\n'.join(re.sub(r'^[!%].*', '', c, flags=re.M) for c in cells))

def training_notebooks():
    "Notebooks that define or import one of them"
    found = training_functions()
    def own(tree):
        imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and (n.module or '').startswith('pneumo_nb') for a in n.names}
        return imported | {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    return [nb for nb in notebooks() if own(code(nb)) & found]

def run(nb, setting, seed):
    "One notebook as `make test` runs it, on phantoms: PASS or FAIL with its seconds, and what it printed when it failed"
    unset = {k: v for k, v in os.environ.items() if k not in ('PNEUMO_DATA', 'ATEN_CPU_CAPABILITY', 'ONEDNN_MAX_CPU_ISA')}
    env = unset | dict(PNEUMO_OFFLINE='1', PNEUMO_PHANTOM_SEED=seed, OMP_WAIT_POLICY='passive', MPLBACKEND='agg') | SETTINGS[setting]
    start = time.time()
    done = subprocess.run([installed('nbdev_test'), '--path', str(nb), '--n_workers', '0'], cwd=ROOT, env=env, capture_output=True, text=True)
    said = f'{"FAIL" if done.returncode else "PASS"} {time.time() - start:.0f}'
    print(f'{said:10}{room(nb)}, {setting}, phantoms {seed}', flush=True)
    return said, f'{room(nb)}, {setting}, phantoms {seed}:\n{(done.stdout + done.stderr)[-3000:]}' if done.returncode else None

def table(columns, results):
    "PASS or FAIL and seconds: a row per setting and phantoms, a column per notebook"
    width = [max(10, len(c)) + 1 for c in columns]
    lines = [' '*26 + ''.join(f'{c:{w}}' for c, w in zip(columns, width))]
    for setting, seed in product(SETTINGS, PHANTOMS):
        lines.append(f'{setting + ", phantoms " + seed:26}' + ''.join(f'{results[c, setting, seed][0]:{w}}' for c, w in zip(columns, width)))
    return '\n'.join(lines)

def main(only):
    every = {room(nb): nb for nb in training_notebooks()}
    if unknown := sorted(set(only) - set(every)): sys.exit(f'{", ".join(unknown)}: no notebook that trains; there are {", ".join(every)}')
    chosen = only or list(every)
    jobs = list(product(chosen, SETTINGS, PHANTOMS))
    with ThreadPoolExecutor(WORKERS) as pool: results = dict(zip(jobs, pool.map(lambda job: run(every[job[0]], *job[1:]), jobs)))
    failed = [fault for _, fault in results.values() if fault]
    for fault in failed: print(f'\n{fault}')
    print(f'\n{table(chosen, results)}\n\n{len(jobs) - len(failed)} passed, {len(failed)} failed')
    return failed

if __name__ == '__main__': sys.exit(bool(main([n.removesuffix('.ipynb') for n in sys.argv[1:]])))
