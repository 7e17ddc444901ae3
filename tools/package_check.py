"""What a user gets: wheel and sdist are built, what is in them, every command with each extra alone, and a phantom scored elsewhere

package_check.py           exit status 1 when anything is wrong; wants the package registry, as `make setup` does
"""
import json
import os
import re
import sys
import tarfile
import tempfile
import time
import zipfile
from fnmatch import fnmatch
from pathlib import Path
import commands_check
from repo import ROOT, installed, must

UV = installed('uv')               # `make setup` brings it
WANTED = [f'pneumo_nb/{p}' for p in ('bundles/held_out.json', 'templates/report.html', 'templates/worklist.html', 'templates/page/film.js',
                                     'templates/page/list.html', '_modidx.py',
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

LABELS = """python - <<'END'     # drawn films mean nothing to the network: labels by its own scores, every twentieth wrong
import pandas as pd
films = pd.read_csv('labelled.csv').dropna(subset='score').sort_values('score', ignore_index=True)
sick = (films.index >= len(films)/2) ^ (films.index % 20 == 0)
films.assign(label=pd.Series(sick).map({True: 'PNEUMONIA', False: 'NORMAL'})).to_csv('labelled.csv', index=False)
END
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
    must(UV, 'pip', 'install', '-q', '--compile-bytecode', '--python', programs/'python', '-c', ROOT/'constraints.txt', wheel, cwd=d)
    env = {k: v for k, v in os.environ.items() if k not in ('PYTHONPATH', 'PNEUMO_DATA')}
    print(must(programs/'python', '-c', SCORE, cwd=d, env=env).strip())
    for command in sorted(programs.glob('pneumo_*')): must(command, '--help', cwd=d, env=env)
    print(must(programs/'pneumo_screen', 'film.png', '--out', 'worklist.csv', cwd=d, env=env).strip())
    if (d/'worklist.csv').read_text().count('film.png') != 1: sys.exit('the worklist does not hold the film')
    copied(programs, d, env)

def blocks(text, language): return re.findall(rf'^```{language}\n(.*?)^```$', text, flags=re.M | re.S)

def ways_in():
    "What a stranger copies: from the index to a screened folder, to scores evaluated, and, by the tutorial, to a threshold in use"
    index = (ROOT/'README.md').read_text()
    cells = json.loads((ROOT/'nbs'/'tutorials'/'own_folder.ipynb').read_text())['cells']
    tutorial = '\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'markdown')
    step = dict(re.findall(r'^\| (\d): [^|]*\| `(pneumo_\w+ [^`]*)`', tutorial, flags=re.M))
    screened = re.search(r'^pneumo_screen [^#\n]*', index, flags=re.M)[0]
    python = "python - <<'END'\n" + blocks(index, 'python')[0] + 'END\n'
    return {'a folder screened': [screened], 'scores evaluated': [python],
            'a threshold in use': [step['4'], blocks(tutorial, 'bash')[-1], LABELS, step['6'], step['7']]}

def copied(programs, d, env):
    "Each way in an empty folder with films, by copying alone"
    for way, commands in ways_in().items():
        at, start = d/way.replace(' ', '-'), time.monotonic()
        must(programs/'pneumo_phantom', at/'films', '--n', '400', cwd=d, env=env)
        for name in ('hospital', 'inbox'): (at/name).symlink_to(at/'films', target_is_directory=True)
        for c in commands: must('bash', '-ec', c, cwd=at, env=env | dict(PATH=f'{programs}{os.pathsep}{env["PATH"]}'))
        wrote = sorted(p.name for p in at.rglob('*') if p.suffix in ('.csv', '.html', '.json') and 'films' not in p.parts)
        print(f'{way}: {len(commands)} commands, {time.monotonic() - start:.0f} s, drawing the films included; {", ".join(wrote)}')

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
