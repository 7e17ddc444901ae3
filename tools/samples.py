"""A worklist and a film's report as people get them, of drawn films → results/samples: worklist.html, films/ with a report"""
import shutil
import sys
import tempfile
from pathlib import Path
import numpy as np
from PIL import Image
from repo import ROOT, installed, must

OUT = ROOT/'results'/'samples'
FILMS = 8     # of the phantoms' test films, from either class

def films(folder):
    "Eight phantoms, and one picture that is no film"
    with tempfile.TemporaryDirectory() as d:
        must(installed('pneumo_phantom'), d, '--n', '120', '--size', '256')
        by_class = [sorted(Path(d).glob(f'**/test/{label}/*'))[:FILMS//2] for label in ('NORMAL', 'PNEUMONIA')]
        for i, film in enumerate(f for pair in zip(*by_class, strict=True) for f in pair): shutil.copy(film, folder/f'child-{i + 1}.jpeg')
    Image.fromarray(np.full((256, 256), 128, np.uint8)).save(folder/'empty.png')

def main():
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT/'films').mkdir(parents=True)
    films(OUT/'films')
    must(installed('pneumo_report'), 'films/child-2.jpeg', '--out', 'films/child-2.jpeg.report', '--patients', 'children', cwd=OUT)
    (OUT/'films'/'child-2.jpeg.report'/'report.pdf').unlink()
    must(installed('pneumo_screen'), 'films', '--out', 'worklist.html', '--patients', 'children', cwd=OUT)
    for left in OUT.iterdir():
        if left.name not in ('films', 'worklist.html'): left.unlink()      # the journal
    print(OUT.relative_to(ROOT), f'{sum(p.stat().st_size for p in OUT.rglob("*.*") if p.is_file())/1e3:.0f} kB', file=sys.stderr)

if __name__ == '__main__': main()
