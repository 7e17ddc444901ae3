"Pages in the system's Chromium, driven by Playwright: how wide they are on a phone, what axe finds in them, and pictures of them"
import shutil
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

NAMES = 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'
MISSING = 'There is no Chromium on the PATH to look at the pages with: `sudo apt-get install -y chromium`'
FLAGS = '--no-sandbox --disable-gpu --disable-background-networking'.split()
HERE = 'file:', 'data:', 'blob:'
# Quarto's and smalldocs' code blocks scroll without taking the focus
RULES = dict(
    rules={'scrollable-region-focusable': dict(enabled=False)},
    runOnly=dict(type='tag', values=['wcag2a', 'wcag2aa']), resultTypes=['violations'])
DARK = """dark => {
  const is_dark = () => document.body.classList.contains('quarto-dark')
  if (window.quartoToggleColorScheme && dark != is_dark()) quartoToggleColorScheme()
}"""
WIDEST = """width => {
  const up = e => e.parentElement, cuts = e => getComputedStyle(e).overflowX != 'visible'
  const held = e => up(e) && up(e) != document.body && (cuts(up(e)) || held(up(e)))
  const reaches = e => e.getBoundingClientRect().right > width + 1 && e.checkVisibility() && !held(e)
  const e = [...document.body.querySelectorAll('*')].filter(reaches).pop()
  const said = e && `<${e.tagName.toLowerCase()} class="${e.className}"> ${(e.textContent || '').trim().slice(0, 50)}`
  return [document.scrollingElement.scrollWidth, said || '?']
}"""
SHOW_ALL = """async () => {
  for (const i of document.images) i.loading = 'eager'
  await Promise.all([...document.images].map(i => i.decode().catch(() => 0)))
}"""

@contextmanager
def chromium():
    "The browser; pages are opened with `opened`"
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if not program: raise FileNotFoundError(MISSING)
    with sync_playwright() as p: yield p.chromium.launch(executable_path=program, args=FLAGS)

@contextmanager
def opened(browser, path, width=1280, height=844, dark=False):
    "A page, without a network"
    context = browser.new_context(viewport=dict(width=width, height=height))
    page = context.new_page()
    page.route('**/*', lambda r: r.continue_() if r.request.url.startswith(HERE) else r.abort())
    page.goto(Path(path).resolve().as_uri())
    light_up(page, dark)
    try: yield page
    finally: context.close()

def light_up(page, dark):
    "Show a page by night, or by day"
    page.emulate_media(color_scheme='dark' if dark else 'light')
    page.evaluate(DARK, dark)
    page.wait_for_timeout(200)

def too_wide(page, width=390):
    "How wide an opened page is on a phone, and the innermost element that makes it wider than that"
    page.set_viewport_size(dict(width=width, height=844))
    return page.evaluate(WIDEST, width)

def hard_to_read(page):
    "What axe finds against WCAG 2 AA in an opened page's main part: the rule, the element, and what is wrong with it"
    part = 'main' if page.query_selector('main') else 'body'
    where = dict(include=[[part]], exclude=[['pre']])       # code is coloured by whoever renders it
    found = Axe().run(page, context=where, options=RULES).response['violations']
    return [(v['id'], n['html'][:80], n['failureSummary'].splitlines()[1].strip()) for v in found for n in v['nodes']]

def shots(browser, docs, folder, widths=(1280, 390)):
    "Every page of a folder as a picture, by day and by night"
    folder.mkdir(parents=True, exist_ok=True)
    for path, width, dark in product(sorted(docs.rglob('*.html')), widths, (False, True)):
        name = '-'.join(path.relative_to(docs).with_suffix('').parts) + f'-{width}{"-dark" if dark else ""}.png'
        with opened(browser, path, width, dark=dark) as page:
            page.evaluate(SHOW_ALL)
            page.screenshot(path=folder/name, full_page=True)
