"""The worklist's page in Chromium: by day and by night, on a phone, filtered, without a network

test_worklist_page.py [--shots FOLDER]    exit status 1 when something is found
"""
import argparse
import sys
import tempfile
from pathlib import Path
import numpy as np
from PIL import Image
from browser import chromium, hard_to_read, opened, too_wide
from pneumo_nb.core import write_atomic
from pneumo_nb.data.phantom import phantom_film
from pneumo_nb.screen.worklist import Run

MADE = (('pneumonia', .97, 'pneumonia'), ('unsure', .5, 'normal'), ('normal', .02, 'normal'))
ORDER = ['pneumonia']*2 + ['unsure']*2 + ['refused']*2 + ['normal']*2
SHOWN = "[...document.querySelectorAll('tbody tr')].filter(r => r.checkVisibility()).map(r => r.dataset.d)"
SMALL = "[...document.querySelectorAll('tbody td')].filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).length"
FILE = 'a => decodeURIComponent(new URL(a.href).pathname)'
LOADED = """async () => {
  for (const i of document.images) i.loading = 'eager'
  await Promise.all([...document.images].map(i => i.decode().catch(() => 0)))
  return [...document.images].filter(i => i.naturalWidth).length
}"""

def written(folder):
    "A page of phantoms, drawings and what cannot be read, one of its films with a report; nothing of it was scored by a network"
    names = [f'ward/{k:02} a rather long name of a film, as scanners give them, {"x"*30}.png' for k in range(6)]
    for k, name in enumerate(names):
        (folder/name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(phantom_film(k, size=256)).save(folder/name)
    Image.fromarray(np.zeros((300, 400), np.uint8)).save(folder/'blank & black.png')
    write_atomic(folder/'letter.txt', 'Dear colleague')
    write_atomic(folder/f'{names[0]}.report'/'report.html', '<!doctype html><title>Report</title>A report')
    run = Run([folder/'lists'/'page.html'])
    try:
        files = run.films([folder/'ward', folder/'blank & black.png', folder/'letter.txt'])
        run.score(files)
        rows = [run.journal.row(f) for f in files]
        for row, made in zip(rows, MADE*2, strict=False):       # every decision is shown, whatever a network says of phantoms
            row.decision, row.score, row.call, row.reason = *made, ''
        run.journal.add(rows)
        run.write(files, {files[-1]})
    finally: run.journal.close()
    return run.out[0]

def faults_of_look(browser, page, dark, shots):
    "Contrasts, widths and pictures"
    name = 'by night' if dark else 'by day'
    with opened(browser, page, dark=dark) as at:
        yield from (f'{name}: {fault}' for fault in hard_to_read(at))
        if (n := at.evaluate(LOADED)) != 7: yield f'{name}: {n} pictures are shown, not 7'
        if shots: at.screenshot(path=shots/f'worklist-{name[3:]}.png', full_page=True)
        width, widest = too_wide(at)
        if width > 390: yield f'{name}: {width} px wide on a phone: {widest}'
        if small := at.evaluate(SMALL): yield f'{name}: {small} cells are smaller than 12 px on a phone'
        yield from (f'{name}, on a phone: {fault}' for fault in hard_to_read(at))
        if shots: at.screenshot(path=shots/f'worklist-{name[3:]}-390.png', full_page=True)

def faults_of_use(browser, page):
    "The filter, the links, and that nothing is asked of anybody"
    with opened(browser, page) as at:
        asked, errors = [], []
        at.on('request', lambda r: asked.append(r.url))
        at.on('pageerror', lambda e: errors.append(str(e)))
        at.on('console', lambda m: errors.append(m.text) if m.type == 'error' else None)
        at.reload()
        everything = at.evaluate(SHOWN)
        if everything != ORDER: yield f'the order is {everything}'
        at.uncheck('input[value=refused]')
        if 'refused' in (left := at.evaluate(SHOWN)) or len(left) != 6: yield f'without the refused there is {left}'
        if '6 of 8 shown' not in at.inner_text('output'): yield f'the page says {at.inner_text("output")}'
        at.check('input[value=refused]')
        at.fill('input[type=search]', 'BLANK few')
        if at.evaluate(SHOWN) != ['refused']: yield f'two words find {at.evaluate(SHOWN)}'
        at.keyboard.press('Enter')
        at.fill('input[type=search]', '')
        if len(at.evaluate(SHOWN)) != len(everything): yield 'without words not all rows come back'
        if away := [url for url in asked if not url.startswith(('file:', 'data:'))]: yield f'it asks for {away}'
        yield from errors
        for link in at.query_selector_all('tbody a'):
            if not Path(at.evaluate(FILE, link)).is_file(): yield f'a link leads nowhere: {link.get_attribute("href")}'
        if (n := at.locator('tbody a', has_text='Report').count()) != 1: yield f'{n} links to a report, not 1'
        at.click('tbody a:text-is("Report")')
        if at.title() != 'Report': yield 'the link to the report opens something else'

def faults_of_words(page):
    "What the page must say"
    text = page.read_text(encoding='utf-8')
    told = 'Operating point', 'sha256 of the model', 'Written', 'UTC', 'highest score stands first', 'was stopped before 1 of the files'
    for words in told:
        if words not in text: yield f'the page does not say: {words}'

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--shots', type=Path, help='a folder for pictures of the page')
    shots = parser.parse_args().shots
    if shots: shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as d, chromium() as browser:
        page = written(Path(d))
        looks = [fault for dark in (False, True) for fault in faults_of_look(browser, page, dark, shots)]
        faults = [*faults_of_words(page), *looks, *faults_of_use(browser, page)]
    if faults: sys.exit('\n'.join(map(str, faults)))
    print('the worklist\'s page can be read by day, by night and on a phone, filters, and asks nothing of anybody')

if __name__ == '__main__': main()
