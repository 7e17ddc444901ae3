"""Every command of the installed wheel, in an empty folder and with each extra alone

commands_check.py WHEEL    exit status 1 when a command neither does its work nor says in one line what to install

An environment with one extra alone costs minutes and gigabytes, so it is made out of the one that has everything: the wheel is unpacked
and comes first on the path, the repository is not on it, and what neither the plain install nor that extra brings cannot be imported.
"""
import os
import re
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path
from packaging.requirements import Requirement
from repo import must, run

EXTRAS = ('plain', 'train', 'dicom', 'archive', 'node', 'page', 'dev')
ONLY = """
import os, sys, sysconfig
from importlib.machinery import PathFinder
class Only(PathFinder):
    "Finds nothing of what an environment does not bring, unless a package carries it in a folder of its own, as Ray does"
    names = frozenset(os.environ['PNEUMO_BLOCKED'].split())
    site = {sysconfig.get_path(p) for p in ('purelib', 'platlib')}
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is None and name in cls.names: path = [p for p in sys.path if p not in cls.site]
        return PathFinder.find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Only
"""
INPUTS = """
import sys
from pathlib import Path
import pandas as pd
from PIL import Image
from pneumo_nb.data.phantom_files import phantom_dicom
from pneumo_nb.data.phantom import phantom_film
from pneumo_nb.data.phantom_files import write_phantoms
from pneumo_nb.cli import pneumo_screen
at = Path(sys.argv[1])
write_phantoms(at/'films', n=240, size=64, progress=False)
Image.fromarray(phantom_film(1)).save(at/'film.png')
(at/'film.dcm').write_bytes(phantom_dicom(phantom_film(1, size=256)))
pneumo_screen([str(at/'film.png')], out=str(at/'worklist.csv'))
rows = [dict(path=f'{i}.png', label=('NORMAL', 'PNEUMONIA')[i % 2], p=round((.3*(i % 2) + .01*(i*37 % 67)), 3)) for i in range(120)]
pd.DataFrame(rows).to_csv(at/'scores.csv', index=False)
pd.read_csv(at/'scores.csv').assign(width=[1000 + 5*(i*37 % 67) for i in range(120)]).to_csv(at/'audit.csv', index=False)
"""
COMMANDS = { # what: (arguments, with IN for the folder of inputs; the file that it must write; the extra that it needs)
    'pneumo_phantom': ('new/films --n 24 --size 96', 'new/films/PHANTOM.json', None),
    'pneumo_screen': ('IN/film.png --out new/worklist.csv --also new/a.html --also new/a.jsonl', 'new/a.jsonl', None),
    'pneumo_screen --engine ray': ('IN/film.png --out worklist.csv', 'worklist.csv', 'archive'),
    'pneumo_report': ('IN/film.png --out new/report', 'new/report/report.pdf', None),
    'pneumo_report --dicom': ('IN/film.dcm --out report', 'report/result-sr.dcm', 'dicom'),
    'pneumo_node --test': ('--folder new/node', 'new/node/trial/node.db', 'node'),
    'pneumo_site': (
        'IN/scores.csv --prevalence .1 --cost_fn 20 --cost_fp 1 --at_least 0 --bundle children --out new/s', 'new/s/point.json', None),
    'pneumo_page --every': ('IN/worklist.csv --scores new/scores.csv', 'new/scores.csv', None),
    'pneumo_page --add Ada': ('IN/worklist.csv --reads new/reads', 'new/reads/accounts.sqlite', 'page'),
    'pneumo_monitor': ('IN/worklist.csv --out new/monitor.html', 'new/monitor.html', None),
    'pneumo_queue': ('--scores IN/scores.csv --threshold .5 --replications 2 --workers 1 --out new/q.json', 'new/q.json', None),
    'pneumo_audit': ('IN/audit.csv --cue width --out new/audit', 'new/audit/audit.csv', None),
    'pneumo_gate': ('--data IN/films --per_kind 2 --out new/gate.json', 'new/gate.json', 'train'),
    'pneumo_study': ('--data IN/films --preset smoke --out new/study', 'new/study/report.html', 'train'),
    'pneumo_model': ('--data IN/films --preset smoke --out new/model', 'new/model/bundle/bundle.json', 'train'),
    'pneumo_ablation': ('--data IN/films --recipes ordinary --leaders 0 --size 64 --epochs 1 --out new/a.csv', 'new/a.csv', 'train'),
}
LEAVES_NOTHING = ('pneumo_phantom', 'pneumo_screen')
MAY_LEAVE = {'.cache/matplotlib', '.config/matplotlib', '.cache/pneumo_nb', '.ray/auth_token'}    # as the chapter on the bundle says

def canonical(name): return re.sub(r'[-_.]+', '-', name).lower()

def version(name):
    "The version that is installed here, or None"
    try: return metadata.version(name)
    except metadata.PackageNotFoundError: return None

def asked(requirement, extra): return not requirement.marker or requirement.marker.evaluate(dict(extra=extra))

def closure(requirements, extra=''):
    "Names of all packages that requirements bring, their own requirements included; what is not installed here is left out"
    found, todo = set(), [(r, extra) for r in requirements]
    while todo:
        text, of = todo.pop()
        if not asked(r := Requirement(text), of): continue
        for e in ('', *r.extras):
            if (key := (canonical(r.name), e)) not in found:
                found.add(key)
                if version(r.name): todo += [(t, e) for t in metadata.requires(r.name) or ()]
    return {name for name, _ in found}

def blocked(requires, extra):
    "Modules that are installed here, but would not be with this extra alone"
    keep = closure(requires, '' if extra == 'plain' else extra)
    owners = {m: {canonical(d) for d in dists} - {'pneumo-nb'} for m, dists in metadata.packages_distributions().items()}
    return sorted(m for m, dists in owners.items() if dists and not dists & keep and m.isidentifier())

def not_installed(requires, extra):
    "Packages of an extra that this environment lacks"
    return [r.name for r in map(Requirement, requires) if r.marker and asked(r, extra) and not version(r.name)]

def environment(library, home, names):
    "What a process sees: the wheel, a new home, and no more modules than these allow"
    keep = {k: v for k, v in os.environ.items() if not k.startswith(('PNEUMO', 'XDG', 'PYTHON', 'MPL', 'ORT'))}
    home.mkdir()
    python = dict(PYTHONPATH=f'{library}{os.pathsep}{library}/only', PYTHONSAFEPATH='1', HOME=str(home), OMP_NUM_THREADS='1')
    return keep | python | dict(PNEUMO_BLOCKED=' '.join(names), PNEUMO_OFFLINE='1')

def ran(command, arguments, library, inputs, folder, names):
    "Start a command in an empty folder; its result, and what it left in a new home"
    (at := folder/'here').mkdir(parents=True)
    home, (program, *flags) = folder/'home', command.split()
    arguments = [*flags, *arguments.replace('IN', str(inputs)).split()]
    done = run(sys.executable, library/'bin'/program, *arguments, cwd=at, env=environment(library, home, names), timeout=1800,
               input='a password of several words\n')
    found = (p for p in home.rglob('*') if not p.is_dir() or not any(p.iterdir()))
    return done, at, {'/'.join(p.relative_to(home).parts[:2]) for p in found}

def verdict(done, at, writes, extra_needed, extra):
    "(what happened, whether that is right)"
    line = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''
    if done.returncode == 0: return 'works', (at/writes).is_file() and 'Traceback' not in done.stderr
    missing = extra_needed not in (None, extra) and extra != 'dev'
    plain = 'Traceback' not in done.stderr and not (at/writes).exists()
    if missing and plain and done.returncode == 2 and f'pneumo_nb[{extra_needed}]' in line: return f'asks for [{extra_needed}]', True
    return f'exit {done.returncode}: {(line or done.stdout[-200:])[:200]}', False

PROGRAM = "import sys\nfrom {module} import {f}\nif __name__ == '__main__': sys.exit({f}())\n"
def unpacked(wheel, library):
    "The wheel as it would be installed, its commands as programs, and the guard; names of the commands, and requirements"
    zipfile.ZipFile(wheel).extractall(library)
    for folder in ('bin', 'only'): (library/folder).mkdir()
    (library/'only'/'sitecustomize.py').write_text(ONLY)
    info, points = next(library.glob('*.dist-info')), ConfigParser(delimiters=['='])
    points.read(info/'entry_points.txt')
    for name, to in points['console_scripts'].items():
        module, f = to.split(':')
        (library/'bin'/name).write_text(PROGRAM.format(module=module, f=f))
    return list(points['console_scripts']), re.findall(r'^Requires-Dist: (.*)', (info/'METADATA').read_text(), flags=re.M)

def helps(commands, library):
    "Commands whose help does not print in ASCII, without a home, in a folder that cannot be written"
    bare = dict(PATH=os.environ['PATH'], PYTHONPATH=str(library), LANG='C', LC_ALL='C', PYTHONUTF8='0', PYTHONCOERCECLOCALE='0')
    for c in commands:
        done = run(sys.executable, library/'bin'/c, '--help', cwd='/proc' if os.path.isdir('/proc') else '/', env=bare)
        if done.returncode or 'usage' not in done.stdout or done.stderr: yield f'{c} --help: {done.stderr[-300:]}'

def tried(command, extra, names, d):
    "Print what a command does with an extra; faults"
    arguments, writes, needs = COMMANDS[command]
    done, at, left = ran(command, arguments, d/'library', d/'in', d/extra/command.replace(' ', ''), names)
    said, right = verdict(done, at, writes, needs, extra)
    print(f'{extra:8} {command:28} {"" if right else "FAULT "}{said:22} {", ".join(sorted(left))}', flush=True)
    if more := left - (set() if command in LEAVES_NOTHING else MAY_LEAVE):
        yield f'{command} with {extra} leaves {", ".join(sorted(more))} in a home folder'
    if not right: yield f'{command} with {extra}: {said}\n{done.stderr[-1500:]}'

def with_extra(extra, requires, d, only, pool):
    "Faults of all commands with one extra, some side by side"
    if extra != 'plain' and (lacks := not_installed(requires, extra)):
        return [f'[{extra}] cannot be tried here: {", ".join(lacks)} is not installed']
    twice = {c for c, (*_, needs) in COMMANDS.items() if extra == 'dev' and needs == 'train'}   # as with [train]: it would tell nothing new
    names, chosen = blocked(requires, extra), [c for c in COMMANDS if only in c and c not in twice]
    return [fault for faults in pool.map(lambda c: [*tried(c, extra, names, d)], chosen) for fault in faults]

def check(wheel, extras=EXTRAS, only=''):
    "Print what each command does with each extra; a list of faults"
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        commands, requires = unpacked(wheel, d/'library')
        missing = {c.split()[0] for c in COMMANDS} ^ set(commands)
        faults = [f'commands that are not tried, or are no more: {missing}'] if missing else []
        faults += helps(commands, d/'library')
        (d/'in').mkdir()
        must(sys.executable, '-c', INPUTS, d/'in', env=environment(d/'library', d/'home', []), cwd=d)
        with ThreadPoolExecutor(2) as pool:
            return faults + [fault for extra in extras for fault in with_extra(extra, requires, d, only, pool)]

def main(wheel, extras='', only=''):
    if faults := check(Path(wheel), extras.split(',') if extras else EXTRAS, only): sys.exit('\n'.join(faults))
    print('every command does its work, or says in one line what to install')

if __name__ == '__main__': main(*sys.argv[1:])
