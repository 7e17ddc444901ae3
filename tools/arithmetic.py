"""The notebooks that train, under other arithmetics and with other phantoms: do their assertions hold there too?

arithmetic.py                  every notebook that trains; exit status 1 when one fails
arithmetic.py train/40_explanation …     only these: to go on with those that failed
"""
import ast
import os
import re
import subprocess
import sys
from itertools import product
from repo import LIB, ROOT, chapter, code_cells, notebooks

ONE, TWO = dict(OMP_NUM_THREADS='1'), dict(OMP_NUM_THREADS='2')
SETTINGS = { # how the same sums are added up: other threads, other instructions
    'one thread': ONE, 'two threads': TWO,
    'ATen default': ONE | dict(ATEN_CPU_CAPABILITY='default'), 'ATen avx2': TWO | dict(ATEN_CPU_CAPABILITY='avx2'),
    'oneDNN SSE41': ONE | dict(ONEDNN_MAX_CPU_ISA='SSE41')}
PHANTOMS = ('0', '1')   # seeds: each setting with each
UNSET = 'PNEUMO_DATA', 'ATEN_CPU_CAPABILITY', 'ONEDNN_MAX_CPU_ISA'

def of_kind(tree, kind): return [n for n in ast.walk(tree) if isinstance(n, kind)]

def names(function):
    "What a function takes from outside: names that it neither is given nor sets"
    used, own = ({n.id for n in of_kind(function, ast.Name) if isinstance(n.ctx, ast.Load) == load} for load in (True, False))
    return used - own - {n.arg for n in of_kind(function, ast.arg)}

def trains(function):
    "Does a function call `learn.fit` itself?"
    return any(ast.unparse(c.func) == 'learn.fit' for c in of_kind(function, ast.Call))

def training_functions():
    "The library's functions that train: those that call `learn.fit`, and those that name one of them"
    functions = [f for p in sorted(LIB.rglob('*.py')) for f in ast.parse(p.read_text()).body if isinstance(f, ast.FunctionDef)]
    takes, found, before = [(f.name, names(f)) for f in functions], {f.name for f in functions if trains(f)}, None
    while found != before: found, before = found | {name for name, taken in takes if taken & found}, found
    return found

def code(nb):
    "The code of a notebook as a tree, lines for the shell left out"
    return ast.parse('\n'.join(re.sub(r'^[!%].*', '', c, flags=re.M) for c in code_cells(nb)))

def own(tree):
    "The library's names that a notebook imports, and the functions that it defines"
    imports = (n for n in of_kind(tree, ast.ImportFrom) if (n.module or '').startswith('pneumo_nb'))
    return {a.name for n in imports for a in n.names} | {n.name for n in of_kind(tree, ast.FunctionDef)}

def training_notebooks():
    "Notebooks that define or import a function that trains"
    found = training_functions()
    return [nb for nb in notebooks() if own(code(nb)) & found]

def tried(chosen, setting, seed):
    "Notebooks as `make test` runs them, on phantoms: notebook → PASS or FAIL with its seconds; what is printed is shown as it comes"
    env = {k: v for k, v in os.environ.items() if k not in UNSET} | dict(PNEUMO_PHANTOM_SEED=seed) | SETTINGS[setting]
    command, found = [sys.executable, 'tools/check.py', '--notebooks', *chosen], {}
    print(f'{setting}, phantoms {seed}', flush=True)
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            print(line, end='', flush=True)
            if m := re.fullmatch(r'(PASS|FAIL) (\S+) (\d+) s\n', line): found[m[2]] = f'{m[1]} {m[3]}'
    return found

def table(columns, results):
    "PASS or FAIL and seconds: a row per setting and phantoms, a column per notebook"
    width = {c: max(10, len(c)) + 1 for c in columns}
    lines = [' '*26 + ''.join(f'{c:{w}}' for c, w in width.items())]
    for (setting, seed), row in results.items():
        lines.append(f'{setting + ", phantoms " + seed:26}' + ''.join(f'{row.get(c, "FAIL"):{w}}' for c, w in width.items()))
    return '\n'.join(lines)

def main(only):
    every = [chapter(nb) for nb in training_notebooks()]
    if unknown := sorted(set(only) - set(every)): sys.exit(f'{", ".join(unknown)}: no notebook that trains; there are {", ".join(every)}')
    chosen = only or every
    results = {(setting, seed): tried(chosen, setting, seed) for setting, seed in product(SETTINGS, PHANTOMS)}
    passed = sum(row.get(c, '').startswith('PASS') for row in results.values() for c in chosen)
    print(f'{table(chosen, results)}\n\n{passed} passed, {len(results)*len(chosen) - passed} failed')
    return passed < len(results)*len(chosen)

if __name__ == '__main__': sys.exit(main([n.removesuffix('.ipynb') for n in sys.argv[1:]]))
