"""Every command of the installed wheel, in an empty folder and with each extra alone

commands_check.py WHEEL    exit status 1 when a command neither does its work nor says in one line what to install

An environment with one extra alone costs minutes and gigabytes, so it is made out of the one that has everything: the wheel is unpacked
and comes first on the path, the repository is not on it, and what neither the plain install nor that extra brings cannot be imported.
"""
import os, re, subprocess, sys, tempfile, zipfile
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path
from packaging.requirements import Requirement

EXTRAS = ('plain', 'train', 'dicom', 'archive', 'dev')
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
from pneumo_nb.data.dicom import phantom_dicom
from pneumo_nb.data.phantom import phantom_film, write_phantoms
at = Path(sys.argv[1])
write_phantoms(at/'films', n=240, size=64, progress=False)
Image.fromarray(phantom_film(1)).save(at/'film.png')
(at/'film.dcm').write_bytes(phantom_dicom(phantom_film(1, size=256)))
pd.DataFrame([dict(path=f'{i}.png', label=('NORMAL', 'PNEUMONIA')[i % 2], p=round((.3*(i % 2) + .01*(i*37 % 67)), 3)) for i in range(120)]).to_csv(at/'scores.csv', index=False)
pd.read_csv(at/'scores.csv').assign(width=[1000 + 5*(i*37 % 67) for i in range(120)]).to_csv(at/'audit.csv', index=False)
"""
COMMANDS = { # what: (arguments, with IN for the folder of inputs; the file that it must write; the extra that it needs)
    'pneumo_phantom': ('films --n 24 --size 96', 'films/PHANTOM.json', None),
    'pneumo_screen': ('IN/film.png --out worklist.csv', 'worklist.csv', None),
    'pneumo_screen --engine ray': ('IN/film.png --out worklist.csv', 'worklist.csv', 'archive'),
    'pneumo_report': ('IN/film.png --out report', 'report/report.pdf', None),
    'pneumo_report --dicom': ('IN/film.dcm --out report', 'report/result-sr.dcm', 'dicom'),
    'pneumo_site': ('IN/scores.csv --prevalence .1 --cost_fn 20 --cost_fp 1 --at_least 0', 'site/point.json', None),
    'pneumo_queue': ('--scores IN/scores.csv --threshold .5 --replications 2 --workers 1', 'results/triage.json', None),
    'pneumo_audit': ('IN/audit.csv --cue width --out audit', 'audit/audit.csv', None),
    'pneumo_gate': ('--data IN/films --per_kind 2', 'results/gate.json', 'train'),
    'pneumo_study': ('--data IN/films --preset smoke', 'study/report.html', 'train'),
    'pneumo_model': ('--data IN/films --preset smoke', 'model/bundle/bundle.json', 'train'),
    'pneumo_ablation': ('--data IN/films --recipes ordinary --leaders 0 --size 64 --epochs 1', 'results/ablation.csv', 'train'),
}

LEAVES_NOTHING = ('pneumo_phantom', 'pneumo_screen', 'pneumo_queue')
MAY_LEAVE = {'.cache/matplotlib', '.config/matplotlib', '.cache/pneumo_nb', '.ray/auth_token'}    # as the chapter on the bundle says

def canonical(name): return re.sub(r'[-_.]+', '-', name).lower()

def closure(requirements, extra=''):
    "Names of all packages that requirements bring, their own requirements included; what is not installed here is left out"
    found, todo = set(), [(r, extra) for r in requirements]
    while todo:
        text, of = todo.pop()
        r = Requirement(text)
        if r.marker and not r.marker.evaluate(dict(extra=of)): continue
        for e in ('', *r.extras):
            if (key := (canonical(r.name), e)) not in found:
                found.add(key)
                try: todo += [(t, e) for t in metadata.requires(r.name) or ()]
                except metadata.PackageNotFoundError: pass
    return {name for name, _ in found}

def blocked(requires, extra):
    "Modules that are installed here, but would not be with this extra alone"
    keep = closure(requires, '' if extra == 'plain' else extra)
    owners = {module: {canonical(d) for d in dists} - {'pneumo-nb'} for module, dists in metadata.packages_distributions().items()}
    return sorted(m for m, dists in owners.items() if dists and not dists & keep and m.isidentifier())

def not_installed(requires, extra):
    "Packages of an extra that this environment lacks"
    def there(name):
        try: return metadata.version(name)
        except metadata.PackageNotFoundError: return False
    of_extra = [Requirement(r) for r in requires if Requirement(r).marker and Requirement(r).marker.evaluate(dict(extra=extra))]
    return [r.name for r in of_extra if not there(r.name)]

def environment(library, home, names):
    "What a process sees: the wheel, a new home, and no more modules than these allow"
    keep = {k: v for k, v in os.environ.items() if not k.startswith(('PNEUMO', 'XDG', 'PYTHON', 'MPL', 'ORT'))}
    home.mkdir()
    return keep | dict(PYTHONPATH=f'{library}{os.pathsep}{library}/only', PYTHONSAFEPATH='1', HOME=str(home), PNEUMO_BLOCKED=' '.join(names), PNEUMO_OFFLINE='1', OMP_NUM_THREADS='2')

def ran(command, arguments, library, inputs, folder, names):
    "Start a command in an empty folder; its result, and what it left in a new home"
    (at := folder/'here').mkdir(parents=True)
    env = environment(library, folder/'home', names)
    done = subprocess.run([sys.executable, str(library/'bin'/command.split()[0]), *command.split()[1:], *arguments.replace('IN', str(inputs)).split()],
                          cwd=at, env=env, capture_output=True, text=True, timeout=1800)
    left = sorted({'/'.join(p.relative_to(folder/'home').parts[:2]) for p in (folder/'home').rglob('*') if not p.is_dir() or not any(p.iterdir())})
    return done, at, left

def verdict(done, at, writes, extra_needed, extra):
    "(what happened, whether that is right)"
    line = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''
    if done.returncode == 0: return 'works', (at/writes).is_file() and 'Traceback' not in done.stderr
    right = (done.returncode == 2 and extra_needed not in (None, extra) and extra != 'dev' and f"pneumo_nb[{extra_needed}]" in line
             and 'Traceback' not in done.stderr and not (at/writes).exists())
    return (f'asks for [{extra_needed}]', True) if right else (f'exit {done.returncode}: {(line or done.stdout[-200:])[:200]}', False)

def unpacked(wheel, library):
    "The wheel as it would be installed, its commands as programs, and the guard"
    zipfile.ZipFile(wheel).extractall(library)
    (library/'bin').mkdir(); (library/'only').mkdir()
    (library/'only'/'sitecustomize.py').write_text(ONLY)
    info = next(library.glob('*.dist-info'))
    points = ConfigParser(delimiters=['='])
    points.read(info/'entry_points.txt')
    scripts = [(name, *to.split(':')) for name, to in points['console_scripts'].items()]
    for name, module, f in scripts: (library/'bin'/name).write_text(f"import sys\nfrom {module} import {f}\nif __name__ == '__main__': sys.exit({f}())\n")
    return [name for name, *_ in scripts], [v.partition(': ')[2] for v in (info/'METADATA').read_text().splitlines() if v.startswith('Requires-Dist: ')]

def helps(commands, library, home):
    "Commands whose help does not print in ASCII, without a home, in a folder that cannot be written"
    bare = dict(PATH=os.environ['PATH'], PYTHONPATH=str(library), LANG='C', LC_ALL='C', PYTHONUTF8='0', PYTHONCOERCECLOCALE='0')
    for c in commands:
        done = subprocess.run([sys.executable, str(library/'bin'/c), '--help'], cwd='/proc' if os.path.isdir('/proc') else '/', env=bare, capture_output=True, text=True)
        if done.returncode or 'usage' not in done.stdout or done.stderr: yield f'{c} --help: {done.stderr[-300:]}'

def check(wheel, extras=EXTRAS, only=''):
    "Print what each command does with each extra; a list of faults"
    faults = []
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        commands, requires = unpacked(wheel, d/'library')
        if missing := {c.split()[0] for c in COMMANDS} ^ set(commands): faults.append(f'commands that are not tried, or are no more: {missing}')
        faults += helps(commands, d/'library', d)
        (d/'in').mkdir()
        subprocess.run([sys.executable, '-c', INPUTS, str(d/'in')], env=environment(d/'library', d/'home', []), check=True, cwd=d)
        for extra in extras:
            if extra != 'plain' and (lacks := not_installed(requires, extra)): faults.append(f'[{extra}] cannot be tried here: {", ".join(lacks)} is not installed'); continue
            names = blocked(requires, extra)
            for command, (arguments, writes, needs) in COMMANDS.items():
                if only not in command or extra == 'dev' and needs == 'train': continue      # as with [train]: a second training tells nothing new
                done, at, left = ran(command, arguments, d/'library', d/'in', d/extra/command.replace(' ', ''), names)
                said, right = verdict(done, at, writes, needs, extra)
                print(f'{extra:8} {command:28} {"" if right else "FAULT "}{said:22} {", ".join(left)}', flush=True)
                if more := set(left) - (set() if command in LEAVES_NOTHING else MAY_LEAVE): faults.append(f'{command} with {extra} leaves {", ".join(sorted(more))} in a home folder')
                if not right: faults.append(f'{command} with {extra}: {said}\n{done.stderr[-1500:]}')
    return faults

if __name__ == '__main__':
    if faults := check(Path(sys.argv[1]), sys.argv[2].split(',') if sys.argv[2:] else EXTRAS, (sys.argv[3:] or [''])[0]): sys.exit('\n'.join(faults))
    print('every command does its work, or says in one line what to install')
