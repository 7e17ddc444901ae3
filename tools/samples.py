"""A worklist and a film's report as people get them → results/samples: worklist.html, films/ with a report.

samples.py [BUNDLE]   of a network that learned from drawn films; without one it is trained first, half an hour on two cores

All films are drawn, and so are those that the network learned from: the shipped one, which has never seen a drawn film, calls every one of
them pneumonia. Four films of each decision are shown, whatever their share.
"""
import csv
import os
import shutil
import sys
import tempfile
from pathlib import Path
import numpy as np
from PIL import Image
from repo import ROOT, installed, must

OUT = ROOT/'results'/'samples'
SHOWN = 'normal', 'pneumonia', 'unsure'
FILMS = 4    # of each decision, the first of the phantoms' test films

def decided(films, bundle, folder):
    "What the network says of each film"
    must(installed('pneumo_screen'), films, '--out', folder/'all.csv', '--bundle', bundle, '--patients', 'children', cwd=folder)
    with open(folder/'all.csv') as f: rows = list(csv.DictReader(f))
    return [[folder/r['file'] for r in sorted(rows, key=lambda r: r['file']) if r['decision'] == name][:FILMS] for name in SHOWN]

def draw(bundle, folder, to):
    "Films of each decision, and one picture that is no film"
    must(installed('pneumo_phantom'), folder/'drawn', '--n', '600', '--size', '256')
    films = zip(*decided(folder/'drawn'/'test', bundle, folder), strict=True)
    for i, film in enumerate(f for row in films for f in row): shutil.copy(film, to/f'child-{i + 1}.jpeg')
    Image.fromarray(np.full((256, 256), 128, np.uint8)).save(to/'empty.png')

def trained(folder):
    "A bundle that learned from phantoms"
    env = {k: v for k, v in os.environ.items() if k != 'PNEUMO_DATA'}
    must(installed('pneumo_model'), '--out', folder/'model', '--preset', 'quick', '--no_download', env=env)
    return folder/'model'/'bundle'

def main():
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT/'films').mkdir(parents=True)
    with tempfile.TemporaryDirectory() as d:
        bundle = Path(sys.argv[1]).resolve() if sys.argv[1:] else trained(Path(d))
        draw(bundle, Path(d), OUT/'films')
        known = '--bundle', bundle, '--patients', 'children'
        must(installed('pneumo_report'), 'films/child-2.jpeg', '--out', 'films/child-2.jpeg.report', *known, cwd=OUT)
        must(installed('pneumo_screen'), 'films', '--out', 'worklist.html', *known, cwd=OUT)
    (OUT/'films'/'child-2.jpeg.report'/'report.pdf').unlink()
    for left in OUT.iterdir():
        if left.name not in ('films', 'worklist.html'): left.unlink()      # the journal
    print(OUT.relative_to(ROOT), f'{sum(p.stat().st_size for p in OUT.rglob("*.*") if p.is_file())/1e3:.0f} kB', file=sys.stderr)

if __name__ == '__main__': main()
