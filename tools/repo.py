"Where things are in this repository, and how a tool runs the others"
import json
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NBS, LIB = ROOT/'nbs', ROOT/'pneumo_nb'

def notebooks(folder=NBS): return sorted(p for p in folder.rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts)

def chapter(nb): return nb.relative_to(NBS).with_suffix('').as_posix()

def code_cells(nb):
    "The source of each of a notebook's code cells"
    return [''.join(c['source']) for c in json.loads(nb.read_text())['cells'] if c['cell_type'] == 'code']

def installed(command): return str(Path(sys.executable).with_name(command))

def run(*command, **kw):
    "A command's end, with what it printed as text; in the root, unless told otherwise"
    return subprocess.run([str(c) for c in command], **dict(cwd=ROOT, capture_output=True, text=True) | kw)

def must(*command, **kw):
    "What a command printed; when it fails, this ends with all that it said"
    done = run(*command, **kw)
    if done.returncode: sys.exit(f'{" ".join(map(str, command))[:200]} failed:\n{(done.stdout + done.stderr)[-3000:]}')
    return done.stdout

def settings():
    parser = ConfigParser(delimiters=['='])
    parser.read(ROOT/'settings.ini', encoding='utf-8')
    return parser['DEFAULT']
