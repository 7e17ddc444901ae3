"""The slides as `jupyter nbconvert --to slides --no-input` renders them: at most 15, every picture with a text for whoever cannot see it

slides_check.py                          render into a temporary folder and check; exit status 1 when anything fails
slides_check.py --shots FOLDER           also a picture of every slide, by Chromium; reveal.js comes from the npm registry (npm pack)
slides_check.py --shots FOLDER --reveal package   the same, with an unpacked reveal.js that is there already
"""
import argparse, re, subprocess, sys, tarfile, tempfile
from pathlib import Path
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parent.parent
MOST, REVEAL = 15, 'reveal.js@4'
NO_TEXT = 'No description has been provided for this image'     # what nbconvert writes

def render(notebook, folder):
    "The deck as HTML"
    command = [sys.executable, '-m', 'nbconvert', '--to', 'slides', '--no-input', '--output-dir', str(folder), '--output', 'deck', str(notebook)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode: raise RuntimeError(f'{notebook.name}: nbconvert cannot render it:\n{done.stderr[-2000:]}')
    return (folder/'deck.slides.html').read_text()

def slides(page):
    "One element per slide: the innermost sections"
    return [s for s in BeautifulSoup(page, 'html.parser').select('div.slides section') if not s.find('section')]

def faults(page):
    "What is wrong with the deck"
    deck = slides(page)
    if not 2 <= len(deck) <= MOST: yield f'there are {len(deck)} slides; 2 to {MOST} are allowed'
    for i, s in enumerate(deck, 1):
        name = f'slide {i} “{s.find(["h1", "h2"]).get_text().rstrip("¶") if s.find(["h1", "h2"]) else "without a heading"}”'
        if not s.find(['h1', 'h2']): yield f'{name}: give it a heading'
        pictures = [p for p in s.find_all(['img', 'svg']) if not p.find_parent('svg')]
        if not pictures: yield f'{name}: it has no picture; execute the notebook (tools/chapters.py)'
        for p in pictures:
            alt = (p.get('alt') or p.get('aria-label') or '').strip()
            if not alt or alt == NO_TEXT: yield f'{name}: a picture has no text; #| fig-alt does not reach nbconvert, aria-label of an SVG does'
        if s.select('.jp-InputArea .highlight'): yield f'{name}: its code is shown'

def reveal_js(folder):
    "reveal.js, unpacked from the npm registry"
    done = subprocess.run(['npm', 'pack', REVEAL], cwd=folder, capture_output=True, text=True)
    if done.returncode: raise RuntimeError(f'npm pack {REVEAL} failed; name an unpacked one with --reveal:\n{done.stderr[-1000:]}')
    with tarfile.open(next(Path(folder).glob('reveal.js-*.tgz'))) as t: t.extractall(folder, filter='data')
    return Path(folder)/'package'

def local(page, reveal):
    "The deck with scripts and styles from a folder, and nothing from a network"
    page = re.sub(r'<script src="https?://[^>]*></script>|<script type="module">.*?</script>', '', page, flags=re.S)
    page = re.sub(r'https://unpkg.com/reveal.js@[\d.]+', reveal.resolve().as_uri(), page)
    start = f'<script src="{reveal.resolve().as_uri()}/dist/reveal.js"></script><script>Reveal.initialize({{transition: "none", width: 960, height: 700}})</script>'
    return re.sub(r'<script>\s*require\(.*?</script>', lambda _: start, page, flags=re.S)

def shots(page, folder, reveal):
    "slide-01.png … in a folder"
    sys.path.append(str(ROOT/'tools'))
    from browser import Browser
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as d, Browser() as b:
        deck = Path(d)/'deck.html'
        deck.write_text(local(page, reveal or reveal_js(d)))
        b.go(deck, 1280, 800)
        for i in range(n := len(slides(page))):
            b.run(f'Reveal.slide({(i + 1) % n}); Reveal.slide({i}); new Promise(done => setTimeout(done, 300, true))')
            (folder/f'slide-{i + 1:02}.png').write_bytes(b.picture(0, 1280, 800))

def main():
    arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arg.add_argument('notebook', nargs='?', type=Path, default=ROOT/'nbs'/'slides.ipynb')
    arg.add_argument('--shots', type=Path)
    arg.add_argument('--reveal', type=Path)
    arg = arg.parse_args()
    with tempfile.TemporaryDirectory() as d: page = render(arg.notebook, Path(d))
    found = list(faults(page))
    for f in found: print(f)
    print(f'{len(slides(page))} slides, {len(found)} faults')
    if arg.shots: shots(page, arg.shots, arg.reveal)
    sys.exit(bool(found))

if __name__ == '__main__': main()
