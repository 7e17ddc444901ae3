"""What a user gets: build wheel and sdist, look inside, try every command with each extra alone, install the wheel into a fresh environment, score a phantom there

package_check.py           exit status 1 when anything is wrong; wants the package registry, as `make setup` does
"""
import os, re, subprocess, sys, tarfile, tempfile, zipfile
from pathlib import Path
import commands_check

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name('uv')                  # `make setup` brings it
WANTED = ('pneumo_nb/bundles/held_out.json', 'pneumo_nb/templates/report.html', 'pneumo_nb/templates/worklist.html', 'pneumo_nb/bundles/*/model.onnx', 'pneumo_nb/bundles/*/gate.safetensors', 'pneumo_nb/bundles/*/MODEL_CARD.md', 'pneumo_nb/_modidx.py')
UNWANTED = re.compile(r'\.ipynb_checkpoints|__pycache__|\.(jpe?g|dcm|npy|npz)$|(^|/)(nbs|results|tools|benchmarks|chest_xray|study|_proc|_docs)/')
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

def run(*command, **kw):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **kw)
    if done.returncode: sys.exit(f"{' '.join(map(str, command))[:200]} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout

def inside(names):
    "What is missing in a wheel, and what does not belong there"
    from fnmatch import fnmatch
    yield from (f'{w} is missing' for w in WANTED if not any(fnmatch(n, w) for n in names))
    yield from (f'{n} does not belong there' for n in names if UNWANTED.search(n))

if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        source = d/'source'                                # a checkout of what git knows, so that no stray file is packed and none is left
        names = run('git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard', cwd=ROOT).split('\0')
        for n in filter(None, names):
            if (ROOT/n).is_file(): (source/n).parent.mkdir(parents=True, exist_ok=True); (source/n).write_bytes((ROOT/n).read_bytes())
        run(UV, 'build', '-q', '--python', sys.executable, '--out-dir', d/'dist', source, cwd=d)     # the wheel is built from the sdist
        wheel, sdist = next((d/'dist').glob('*.whl')), next((d/'dist').glob('*.tar.gz'))
        faults = [f'{wheel.name}: {f}' for f in inside(zipfile.ZipFile(wheel).namelist())]
        packed = [n.partition('/')[2] for n in tarfile.open(sdist).getnames()]
        faults += [f'{sdist.name}: {f}' for f in inside(packed)]
        for f in (wheel, sdist): print(f'{f.name}: {f.stat().st_size/1e6:.1f} MB')
        if faults: sys.exit('\n'.join(faults))
        if faults := commands_check.check(wheel): sys.exit('\n'.join(faults))
        run(UV, 'venv', '-q', '--python', sys.executable, d/'fresh', cwd=d)
        python = d/'fresh'/'bin'/'python'
        run(UV, 'pip', 'install', '-q', '--python', python, '-c', ROOT/'constraints.txt', wheel, cwd=d)
        env = {k: v for k, v in os.environ.items() if k not in ('PYTHONPATH', 'PNEUMO_DATA')}
        print(run(python, '-c', SCORE, cwd=d, env=env).strip())
        for command in sorted((d/'fresh'/'bin').glob('pneumo_*')): run(command, '--help', cwd=d, env=env)
        print(run(d/'fresh'/'bin'/'pneumo_screen', 'film.png', '--out', 'worklist.csv', cwd=d, env=env).strip())
        if (d/'worklist.csv').read_text().count('film.png') != 1: sys.exit('the worklist does not hold the film')
        print('the wheel holds what it should, installs elsewhere, scores and screens without torch')
