"""List, viewer and monitor of `pneumo_page`, photographed in Chromium → results/pictures: python tools/page_pictures.py [ward] [months]

The films are drawn, and as the network knows films of children and no drawings, their scores are made up. So are three months for the
monitor, in which a machine comes whose films are refused more often."""
import hashlib
import io
import os
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
import numpy as np
from PIL import Image
from browser import chromium
from pneumo_nb.core import write_atomic
from pneumo_nb.data.phantom import phantom_film
from pneumo_nb.data.phantom_files import phantom_dicom
from pneumo_nb.evaluate.decision import DECISIONS
from pneumo_nb.page.reads import Reads
from pneumo_nb.page.worklist_feed import FactStore, Feed, read_worklist, reads_folder
from pneumo_nb.screen.scoring import FilmRow
from repo import ROOT
from test_page import opened, reader, served, until, write_list

OUT, LARGEST = ROOT/'results'/'pictures', 150_000        # bytes of one picture
SCORES = .987, .873, .702, None, .164                    # of the list; None: refused
BAND, BEGAN, DAYS, A_DAY, CHANGED = (.4, .75), datetime(2026, 1, 5, tzinfo=timezone.utc), 91, 24, 63
LIST, VIEWER, MONITOR = (1080, 905), (900, 690), (760, 985)   # width and height of what is photographed

def row(name, data, score, reason=''):
    "A film of a worklist; the score is made up"
    decision = 'refused' if reason else 'unsure' if BAND[0] < score < BAND[1] else 'pneumonia' if score > BAND[1] else 'normal'
    call = '' if reason else 'pneumonia' if score > .6 else 'normal'
    note = FilmRow(name, reason=reason).note
    return dict(priority=DECISIONS[decision], file=f'films/{name}', decision=decision, score='' if reason else f'{score:.6f}', call=call,
                reason=reason, note=note, flags='', sha256=hashlib.sha256(data).hexdigest(), model='made up',
                point='made up for this picture', ms=0, distance='')

def listed(folder, rows):
    "Rows as the worklist of a folder whose films are drawn"
    write_atomic(folder/'PHANTOM.json', '{}')
    write_list(folder/'worklist.csv', sorted(rows, key=lambda r: (r['priority'], -float(r['score'] or 0))))
    return folder

def a_ward(folder):
    "Drawn films, ill and healthy, and one of them inverted"
    (folder/'films').mkdir(parents=True)
    rows = []
    for i, score in enumerate(SCORES):
        label = 'PNEUMONIA' if score and score > BAND[1] else 'NORMAL'
        deep = phantom_film(20 + i, label=label, size=480).astype(np.uint16)*12 + 150
        tags = dict(PatientID=f'{i}', BitsStored=12, WindowCenter=1700, WindowWidth=2800)
        name, data = f'child-{i + 1}.dcm', phantom_dicom(deep if score else 3500 - deep, **tags)
        (folder/'films'/name).write_bytes(data)
        rows.append(row(name, data, score, '' if score else 'inverted'))
    return listed(folder, rows)

def three_months(folder):
    "Made-up films in the order of their arrival, and answers to a fifth of them; a third machine comes in the tenth week"
    (films := folder/'films').mkdir(parents=True)
    rng, rows, ill = np.random.default_rng(0), [], []
    for i in range(DAYS*A_DAY):
        day, name = i/A_DAY, f'{i:05}.dcm'
        new = day > CHANGED and rng.random() < .5
        sick = rng.random() < .25
        called = rng.random() > .06 if sick else rng.random() < .1
        refused = rng.random() < (.12 if new else .02)
        machine = 'ROOM 3' if new else rng.choice(['ROOM 1', 'ROOM 2'])
        tags = dict(PatientID=name, Manufacturer='', ManufacturerModelName='', StationName=machine, PatientSex=rng.choice(['F', 'M']))
        (films/name).write_bytes(data := phantom_dicom(np.zeros((8, 8), np.uint8), **tags))
        came = (BEGAN + timedelta(days=day)).timestamp()
        os.utime(films/name, (came, came))
        rows.append(row(name, data, rng.uniform(.6, 1) if called else rng.uniform(0, .6), 'unfamiliar' if refused else ''))
        ill.append((f'films/{name}', sick, rng.random() < .2))
    listed(folder, rows)
    reads, about = Reads(reads_folder(folder/'worklist.csv')), {r['file']: r for r in read_worklist(folder/'worklist.csv')}
    for name, sick, read in ill:
        if read and not about[name]['reason']: reads.add(about[name], 'Ada', 'pneumonia' if sick else 'no pneumonia')
    FactStore(reads.path.parent).fill(Feed(folder/'worklist.csv'))
    return folder

def kept(page, name, size):
    "The upper part of what is on the screen, as WebP"
    page.set_viewport_size(dict(zip(('width', 'height'), size, strict=True)))
    page.wait_for_timeout(500)
    shot, out = Image.open(io.BytesIO(page.screenshot())), io.BytesIO()
    shot.convert('RGB').save(out, 'WEBP', quality=82, method=6)
    if out.tell() > LARGEST: raise ValueError(f'{name}: {out.tell():,} bytes; {LARGEST:,} at most')
    print(write_atomic(OUT/f'{name}.webp', out.getvalue()).relative_to(ROOT), f'{out.tell()/1e3:.0f} kB')

def of_the_ward(browser, at):
    "List and viewer"
    with served(a_ward(at)) as (address, site), reader(browser, address, width=LIST[0], scale=1.25) as (page, *_):
        until(page, "[...document.images].every(i => i.complete)")
        kept(page, 'page_list', LIST)
        page.set_viewport_size(dict(width=VIEWER[0], height=VIEWER[1]))
        page.goto(f'{address}/film/{site.desk.feed.rows[0]["film"]}')
        opened(page)
        kept(page, 'page_viewer', VIEWER)

def of_the_months(browser, at):
    "The monitor"
    with served(three_months(at)) as (address, _), reader(browser, address, width=MONITOR[0], scale=1.4) as (page, *_):
        page.goto(f'{address}/monitor')
        kept(page, 'page_monitor', MONITOR)

def main():
    which = dict(ward=of_the_ward, months=of_the_months)
    with tempfile.TemporaryDirectory() as d, chromium() as browser:
        for name in sys.argv[1:] or which: which[name](browser, Path(d)/name)

if __name__ == '__main__': main()
