"""The page for readers in Chromium: list, viewer, reading by keyboard, two readers, films that arrive, ten thousand rows, a phone, axe

test_page.py [--shots FOLDER]    exit status 1 when something is found
"""
import argparse
import contextlib
import csv
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
import numpy as np
import uvicorn
from PIL import Image
from playwright.sync_api import Error
from browser import chromium, hard_to_read, too_wide
from pneumo_nb.core import write_atomic
from pneumo_nb.data.phantom import phantom_film
from pneumo_nb.data.phantom_files import phantom_dicom
from pneumo_nb.page.app import bound, made_site, page_app
from pneumo_nb.page.reading_desk import Desk
from pneumo_nb.screen.worklist import LIST_COLUMNS, Run, run_once

SHOWN = "document.getElementById('main')?.dataset.shown"
STAGE = "({...document.getElementById('now').dataset})"
SCROLLS = """async () => {
  const frames = []; let last = performance.now()
  for (let i = 0; i < 40; i++) {
    scrollBy(0, 250); await new Promise(requestAnimationFrame)
    const now = performance.now(); frames.push(now - last); last = now
  }
  scrollTo(0, 0); return frames.sort((a, b) => a - b)[20]
}"""

def drawn(folder):
    "A worklist of drawn films: deep DICOM of two patients, PNG, and what must be refused"
    (films := folder/'films').mkdir(parents=True)
    write_atomic(films/'PHANTOM.json', '{}')
    rng = np.random.default_rng(0)
    for i in range(4):
        deep = phantom_film(i, size=480).astype(np.uint16)*12 + 150 + rng.integers(0, 8, (480, 480)).astype(np.uint16)
        whose = dict(PatientID=str(i//2), PatientName='Doe^Jane', StudyDate=f'2026010{i + 1}')
        tags = whose | dict(BitsStored=12, WindowCenter=1700, WindowWidth=2800)
        (films/f'room-{i}.dcm').write_bytes(phantom_dicom(deep, **tags))
    for i in range(5): Image.fromarray(phantom_film(10 + i, size=320)).save(films/f'a rather long name <b> & "x" {i}.png')
    Image.fromarray(np.zeros((300, 400), np.uint8)).save(films/'blank.png')
    screen(folder)
    return folder

def screen(folder):
    run = Run(folder/'worklist.csv', workers=1)
    try: run_once(run, [folder/'films'])
    finally: run.journal.close()

@contextlib.contextmanager
def served(folder, **how):
    "The page of a folder, in this process; its address and its site"
    site = made_site(Desk(folder, **how))
    sock = bound('127.0.0.1', 0)
    server = uvicorn.Server(uvicorn.Config(page_app(site), log_level='error', access_log=False))
    thread = threading.Thread(target=server.run, kwargs=dict(sockets=[sock]))
    thread.start()
    while not server.started: time.sleep(.02)
    try: yield f'http://127.0.0.1:{sock.getsockname()[1]}', site
    finally:
        server.should_exit = True
        thread.join()

@contextlib.contextmanager
def reader(browser, address, name='Ada', blind=False, width=1280, dark=False, touch=False, scale=1):
    "A browser in which somebody has said who reads; what went wrong in it, and what it asked of whom"
    how = dict(color_scheme='dark' if dark else 'light', has_touch=touch, device_scale_factor=scale)
    context = browser.new_context(viewport=dict(width=width, height=844), **how)
    page, wrong, asked = context.new_page(), [], []
    page.on('pageerror', lambda e: wrong.append(f'{name}: {e}'))
    page.on('console', lambda m: wrong.append(f'{name}: {m.text}') if m.type == 'error' else None)
    page.on('request', lambda r: asked.append(r.url))
    page.goto(f'{address}/login')
    page.fill('[name=name]', name)
    if blind: page.check('[name=blind]')
    page.keyboard.press('Enter')
    page.wait_for_selector('tbody tr')
    try: yield page, wrong, asked
    finally: context.close()

def until(page, true, seconds=20):
    "Wait until an expression is true; Playwright's own wait would need the `eval` that the page forbids"
    end = time.monotonic() + seconds
    def now():
        try: return page.evaluate(true)
        except Error: return False                         # another page is just coming
    while not now():
        if time.monotonic() > end: raise TimeoutError(f'not within {seconds} s: {true}')
        page.wait_for_timeout(30)

def opened(page):
    "Wait until a film is on the screen; which"
    until(page, f'{SHOWN} && {SHOWN} == document.getElementById("main").dataset.film')
    page.wait_for_timeout(60)
    return page.evaluate(SHOWN)

def pressed(page, key, then):
    "Press a key; what a value is when it has changed, or after two seconds"
    before = page.evaluate(then)
    page.keyboard.press(key)
    with contextlib.suppress(TimeoutError): until(page, f'{then} != {json.dumps(before)}', 2)
    return before, page.evaluate(then)

def faults_of_list(browser, address, site):
    "Order, filter, search, keys"
    with reader(browser, address) as (page, wrong, asked):
        films = "[...document.querySelectorAll('tbody tr')].map(r => r.dataset.film)"
        everything = page.evaluate(films)
        if everything != [r['film'] for r in site.desk.feed.rows]: yield 'the list is not in the order of the worklist'
        page.uncheck('input[value=refused]')
        until(page, f'({films}).length < {len(everything)}')
        page.reload()
        if page.is_checked('input[value=refused]'): yield 'a filter is forgotten when the page is loaded again'
        page.check('input[value=refused]')
        page.keyboard.press('Tab')
        page.evaluate('document.activeElement.blur()')
        page.keyboard.press('/')
        page.keyboard.type('blank')
        until(page, f'({films}).length == 1')
        page.fill('[name=q]', '')
        until(page, f'({films}).length == {len(everything)}')
        page.evaluate('document.activeElement.blur()')
        for key in 'jjk': page.keyboard.press(key)
        page.keyboard.press('Enter')
        if opened(page) != everything[0]: yield 'j, j, k and Enter do not open the first film'
        if page.locator('b >> text=Jane').count() or 'Jane' in page.content(): yield 'a patient is named'
        if away := [u for u in asked if not u.startswith((address, 'data:', 'blob:'))]: yield f'other hosts are asked: {away}'
        yield from wrong

def faults_of_viewer(browser, address, site):
    "Window by keys and by mouse over the full depth, zoom, pan, invert, rotate, the film before, the outline"
    deep = next(r['film'] for r in site.desk.feed.rows if r['name'] == 'room-1.dcm')
    with reader(browser, address) as (page, wrong, _):
        page.goto(f'{address}/film/{deep}')
        opened(page)
        stage = page.evaluate(STAGE)
        if stage['depth'] != '16': yield f'a film of 12 bits is shown in {stage["depth"]}'
        if page.evaluate('new Set(viewer.words).size') < 200: yield 'the screened window has few greys'
        for key, what in dict(i='inverted', r='turned', **{'+': 'zoom', ']': 'high', '.': 'low', '3': 'high'}).items():
            before, after = pressed(page, key, f"document.getElementById('now').dataset.{what}")
            if before == after: yield f'the key {key} does nothing'
        page.keyboard.press('0')
        page.keyboard.press('2')
        page.wait_for_timeout(200)
        box = page.locator('#now canvas').bounding_box()
        middle = box['x'] + box['width']/2, box['y'] + box['height']/2
        before = page.evaluate(STAGE)
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] - 150, middle[1] + 60, steps=6)
        page.mouse.up()
        page.wait_for_timeout(200)
        after = page.evaluate(STAGE)
        width = lambda stage: float(stage['high']) - float(stage['low'])
        if width(after) >= width(before): yield 'dragging to the left does not narrow the window'
        if page.evaluate('new Set(viewer.words).size') < 200: yield 'a narrow window shows steps: the depth is lost'
        page.mouse.wheel(0, -300)
        page.mouse.down(button='right')
        page.mouse.move(middle[0] + 50, middle[1], steps=4)
        page.mouse.up(button='right')
        page.wait_for_timeout(100)
        moved = page.evaluate(STAGE)
        if not float(moved['zoom']) > 1.2 or moved['x'] == after['x']: yield f'wheel and right button do not zoom and move: {moved}'
        until(page, "fetch(`/film/${film}/about`).then(r => r.json()).then(a => a.before.length)", 8)
        page.reload()
        opened(page)
        page.keyboard.press('h')
        until(page, "!document.getElementById('before').hidden && document.getElementById('before').dataset.depth == '16'")
        if 'room-0' not in page.inner_text('#before .label'): yield 'the film before is not the one before'
        page.keyboard.press('o')
        until(page, "document.getElementById('now').dataset.outlined == 'true'", 60)
        said = page.inner_text('#outline')
        if not page.evaluate('viewer.lines.length') and 'No place' not in said: yield 'there is no outline and no word of it'
        page.keyboard.press('o')
        until(page, "document.getElementById('now').dataset.outlined == 'false'")
        yield from wrong

def faults_of_reading(browser, address, site):
    "By keyboard alone: answers, a comment, undo, reload; and two readers at once"
    with reader(browser, address, 'Ben', blind=True) as (ben, wrong, _), reader(browser, address, 'Cy') as (cy, wrong_cy, _):
        if ben.locator('td.d').count() or ben.locator('.bar').count(): yield 'blind mode shows results in the list'
        for page in (ben, cy):
            page.keyboard.press('j')
            page.keyboard.press('Enter')
        first = opened(ben)
        opened(cy)
        if ben.locator('#result b').count() or 'score' in ben.inner_text('#result'): yield 'blind mode shows the result of a film'
        ben.keyboard.press('c')
        ben.keyboard.type('pnux in words')
        ben.keyboard.press('Escape')
        before = site.desk.reads.at()
        ben.keyboard.press('p')
        cy.keyboard.press('n')
        for page in (ben, cy): until(page, "document.getElementById('told').textContent.startsWith('Kept')")
        if opened(ben) == first: yield 'an answer does not lead to the next film'
        said = site.desk.reads.table().iloc[before:]
        said = said.set_index('reader')
        if said.blind.to_dict() != dict(Ben=1, Cy=0): yield f'two readers at once: {said}'
        if said.comment['Ben'] != 'pnux in words': yield 'the comment is lost'
        ben.keyboard.press('ArrowLeft' if ben.evaluate('about.previous') == first else 'z')
        until(ben, f'{SHOWN} == {json.dumps(first)}')
        ben.keyboard.press('z')
        ben.wait_for_timeout(300)
        if first in site.desk.reads.mine('Ben'): yield 'undo does not take back'
        ben.keyboard.press('x')
        until(ben, "document.getElementById('told').textContent.startsWith('Kept')")
        ben.goto(f'{address}/film/{first}')
        opened(ben)
        if ben.locator('[data-answer="not assessable"][aria-pressed=true]').count() != 1: yield 'loading again loses the answer'
        if not ben.locator('#result b').count(): yield 'the result is still hidden after the answer'
        yield from wrong + wrong_cy

def faults_when_away(browser, folder):
    "The page goes away while somebody reads: nothing is shown as kept, and the answer can be given again"
    with served(folder) as (address, site), reader(browser, address, 'Dan') as (page, _, _):
        page.keyboard.press('j')
        page.keyboard.press('Enter')
        opened(page)
        page.context.set_offline(True)
        before = site.desk.reads.at()
        page.keyboard.press('p')
        page.wait_for_selector('#fault:not([hidden])')
        if 'Not kept' not in page.inner_text('#fault') or site.desk.reads.at() != before: yield 'an answer is lost in silence'
        page.context.set_offline(False)
        page.keyboard.press('p')
        until(page, "document.getElementById('told').textContent.startsWith('Kept')")
        if site.desk.reads.at() != before + 1: yield 'the answer is not kept when the page is back'

def faults_of_arrival(browser, address, folder):
    "A film arrives while the list is open, and focus stays where it was"
    with reader(browser, address) as (page, wrong, _):
        n = page.locator('tbody tr').count()
        page.keyboard.press('j')
        at = page.evaluate("document.activeElement.closest('tr').dataset.film")
        Image.fromarray(phantom_film(500, size=320)).save(folder/'films'/'arrived.png')
        screen(folder)
        until(page, f"document.querySelectorAll('tbody tr').length == {n + 1}", 8)
        if page.evaluate("document.activeElement.closest('tr').dataset.film") != at: yield 'the focus is lost when a film arrives'
        yield from wrong

def write_list(path, rows):
    "A worklist of made-up rows"
    with open(path, 'w', newline='', encoding='utf-8') as f:
        out = csv.DictWriter(f, LIST_COLUMNS)
        out.writeheader()
        out.writerows(rows)

def many(folder, n=10_000):
    "A worklist of n films, all of them made up but one"
    films = folder/'films'
    films.mkdir(parents=True)
    Image.fromarray(phantom_film(1, size=320)).save(films/'one.png')
    screen(folder)
    row = next(csv.DictReader(open(folder/'worklist.csv', newline='', encoding='utf-8')))
    write_list(folder/'worklist.csv', (
        row | dict(sha256=f'{i:016x}' + row['sha256'][16:], score=f'{1 - i/n:.6f}', file=f'films/{i}.png' if i else row['file'])
        for i in range(n)))
    return folder

def faults_of_many(browser, folder):
    "Ten thousand rows: a page of a hundred at a time, soon there, scrolled smoothly, the last page reached"
    with served(many(folder)) as (address, _), reader(browser, address, 'Eve') as (page, wrong, _):
        if page.locator('tbody tr').count() != 100: yield 'a page of the list does not hold a hundred films'
        if '10,000 of 10,000' not in page.inner_text('#told'): yield page.inner_text('#told')
        frame = page.evaluate(SCROLLS)
        if frame > 100: yield f'scrolling: half of the frames take more than {frame:.0f} ms'
        page.goto(f'{address}/?page=99')
        page.click('[rel=prev]')
        until(page, "document.querySelector('.pages span').textContent.includes('99 of 100')")
        yield from (w for w in wrong if '404' not in w)         # the other films are nowhere

def faults_of_look(browser, address, site, shots):
    "By day and night, at a desk and on a phone: axe, widths, pictures"
    film = next(r['film'] for r in site.desk.feed.rows if r['name'] == 'room-1.dcm')
    places = {'list': '/', 'film': f'/film/{film}', 'reads': '/reads', 'monitor': '/monitor', 'blind': f'/film/{film}', 'login': '/login'}
    for dark in (False, True):
        for width in (1280, 800, 390):
            for what, path in places.items():
                with reader(browser, address, 'Fay' if what == 'blind' else 'Ada', what == 'blind', width, dark) as (page, wrong, _):
                    page.goto(address + path)
                    if what in ('film', 'blind'): opened(page)
                    name = f'{what} {width}{" dark" if dark else ""}'
                    yield from (f'{name}: {fault}' for fault in hard_to_read(page))
                    if width < 1280:
                        wide, widest = too_wide(page)
                        if wide > width: yield f'{name}: {wide} px wide: {widest}'
                    if shots: page.screenshot(path=shots/f'page-{name.replace(" ", "-")}.png', full_page=what != 'film')
                    yield from wrong

def faults(browser, at, shots):
    folder = drawn(at/'ward')
    with served(folder) as (address, site):
        for part in (faults_of_list, faults_of_viewer, faults_of_reading):
            start = time.monotonic()
            yield from (f'{part.__name__[10:]}: {f}' for f in part(browser, address, site))
            print(f'{part.__name__} {time.monotonic() - start:.0f} s', flush=True)
        yield from faults_of_arrival(browser, address, folder)
        yield from faults_of_look(browser, address, site, shots)
    yield from faults_when_away(browser, folder)
    yield from faults_of_many(browser, at/'many')

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--shots', type=Path, help='a folder for pictures of the page')
    shots = parser.parse_args().shots
    if shots: shots.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as d, chromium() as browser: found = [*faults(browser, Path(d), shots)]
    print(f'{time.monotonic() - start:.0f} s', flush=True)
    if found: sys.exit('\n'.join(map(str, found)))
    print('the page lists, shows, keeps and blinds as it should; axe finds nothing, and nobody else is asked')

if __name__ == '__main__': main()
