"""Ten thousand rows and a film in Chromium, timed by the browser itself, as ratios to a bare page and a bare image → results/page.json

page.py [--rows 10000] [--side 2400] [--times 5] [--out results/page.json]
"""
import argparse
import http.server
import io
import json
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path
import numpy as np
from PIL import Image
from pneumo_nb.core import save_json
from pneumo_nb.data.phantom import phantom_film
from pneumo_nb.data.phantom_files import phantom_dicom

sys.path.insert(0, str(Path(__file__).resolve().parents[1]/'tools'))
chromium, tried = import_module('browser').chromium, import_module('test_page')
SCROLLS, many, opened, reader, screen, served = tried.SCROLLS, tried.many, tried.opened, tried.reader, tried.screen, tried.served

PAINT = """async () => {
  for (;;) {
    const seen = performance.getEntriesByName('first-contentful-paint')
    if (seen.length) return seen[0].startTime
    await new Promise(done => setTimeout(done, 20))
  }
}"""
IMAGE = """async url => {
  const start = performance.now(), i = new Image(), frame = () => new Promise(requestAnimationFrame)
  i.src = url; await i.decode(); await frame(); await frame()
  return performance.now() - start
}"""

class Bare(http.server.BaseHTTPRequestHandler):
    "A page with one word, and an image: the least that a browser can show"
    png = b''
    def do_GET(self):
        body, kind = (self.png, 'image/png') if self.path.endswith('.png') else (b'<!doctype html><title>bare</title><p>bare', 'text/html')
        self.send_response(200)
        for k, v in (('Content-Type', kind), ('Content-Length', str(len(body))), ('Cache-Control', 'no-store')): self.send_header(k, v)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass

def bare_server(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, 'PNG')
    Bare.png = out.getvalue()
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Bare)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f'http://127.0.0.1:{server.server_port}'

def median(times): return round(float(np.median(times)), 1)

def list_times(browser, folder, bare, times):
    "First paint of the long list and of a bare page, ms; half of the frames while scrolling, ms"
    with served(folder) as (address, _), reader(browser, address) as (page, *_):
        paints = {}
        for name, url in (('bare', f'{bare}/'), ('list', f'{address}/'), ('last_page', f'{address}/?page=99')):
            each = []
            for _ in range(times):
                page.goto(url)
                each.append(page.evaluate(PAINT))
            paints[name] = median(each)
        page.goto(f'{address}/')
        return paints, median([page.evaluate(SCROLLS) for _ in range(3)])

def film_times(browser, folder, bare, times):
    "A film from the click to the screen, with and without the film before it having been looked at, and a bare image of its size, ms"
    with served(folder) as (address, site), reader(browser, address) as (page, *_):
        films = [r['film'] for r in site.desk.feed.rows if r['score'] is not None]
        cold, ahead = [], []
        for k in range(times):
            page.goto(f'{address}/film/{films[k % len(films)]}')
            opened(page)
            cold.append(page.evaluate('+main.dataset.ms'))
            page.wait_for_timeout(1500)                    # the reader looks; the next film is fetched meanwhile
            page.keyboard.press('ArrowRight')
            opened(page)
            ahead.append(page.evaluate('+main.dataset.ms'))
        page.goto(f'{bare}/')
        image = [page.evaluate(IMAGE, f'{bare}/{k}.png') for k in range(times)]
    return dict(image=median(image), opened=median(cold), next_film=median(ahead))

def large(folder, side, n=4):
    "Films of a detector's size, 12 bits"
    (films := folder/'films').mkdir(parents=True)
    for i in range(n):
        small = phantom_film(i, size=480).astype(np.float32)*12 + 150
        deep = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)).clip(0, 4095).astype(np.uint16)
        (films/f'{i}.dcm').write_bytes(phantom_dicom(deep, BitsStored=12, WindowCenter=1700, WindowWidth=2800))
    screen(folder)
    return folder

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in dict(rows=10_000, side=2400, times=5).items(): parser.add_argument(f'--{name}', type=int, default=value)
    parser.add_argument('--out', type=Path, default=Path('results/page.json'))
    args = parser.parse_args()
    grey = np.asarray(Image.fromarray(phantom_film(0, size=480)).resize((args.side, args.side)))
    server, bare = bare_server(grey)
    with tempfile.TemporaryDirectory() as d, chromium() as browser:
        paints, frame = list_times(browser, many(Path(d)/'many', args.rows), bare, args.times)
        film = film_times(browser, large(Path(d)/'large', args.side), bare, args.times)
    server.shutdown()
    told = dict(rows=args.rows, times=args.times, first_paint_ms=paints, frame_ms=frame, side=args.side, film_ms=film,
                list_over_bare=round(paints['list']/paints['bare'], 1), film_over_image=round(film['opened']/film['image'], 1),
                next_film_over_image=round(film['next_film']/film['image'], 1))
    print(json.dumps(told, indent=1), save_json(args.out, told), sep='\n')

if __name__ == '__main__': main()
