"""Chromium without a window, driven by the DevTools protocol: how wide a page is on a phone, how its text stands out, and pictures of it"""
import base64, itertools, json, shutil, subprocess, tempfile, time
from pathlib import Path

NAMES = 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'
FLAGS = ('--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update '
         '--disable-sync --hide-scrollbars --remote-allow-origins=* --remote-debugging-port=0').split()
IS_WIDE, SHOW_ALL = """(() => {
  const up = e => e.parentElement, held = e => up(e) && up(e) != document.body && (getComputedStyle(up(e)).overflowX != 'visible' || held(up(e)))
  const wide = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > WIDTH + 1 && e.checkVisibility() && !held(e))
  const e = wide[wide.length - 1], name = a => e.getAttribute(a) ? ` ${a}="${e.getAttribute(a)}"` : ''
  return [document.scrollingElement.scrollWidth, e ? `<${e.tagName.toLowerCase()}${name('id')}${name('class')}> ${(e.textContent || '').trim().slice(0, 50)}` : '?']
})()""", """(async () => {
  for (const i of document.images) i.loading = 'eager'
  await Promise.all([...document.images].map(i => i.decode().catch(() => 0)))
  return document.scrollingElement.scrollHeight
})()"""
# Contrast as WCAG 2 defines it; large text may have 3 : 1, all else 4.5 : 1
FAINT = """(async () => {
  const dark = DARK
  if (window.quartoToggleColorScheme && dark != document.body.classList.contains('quarto-dark')) quartoToggleColorScheme()
  await new Promise(done => setTimeout(done, 200))
  const rgba = c => { const [r, g, b, a] = c.match(/[\\d.]+/g).map(Number); return [r, g, b, a ?? 1] }
  const over = (f, g) => [0, 1, 2].map(i => f[i]*f[3] + g[i]*(1 - f[3]))
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v/12.92 : ((v + .055)/1.055)**2.4); return .2126*r + .7152*g + .0722*b }
  const up = e => e ? [e, ...up(e.parentElement)] : []
  const ground = e => up(e).reverse().reduce((g, p) => over(rgba(getComputedStyle(p).backgroundColor), g), dark ? [0, 0, 0] : [255, 255, 255])
  const found = new Map()
  for (const e of document.querySelectorAll('main :is(p, li, td, th, h1, h2, h3, h4, a, strong, em, code, figcaption, caption)')) {
    if (e.closest('pre, svg, nav, .toc-actions, .quarto-title-breadcrumbs') || !e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue
    const style = getComputedStyle(e), g = ground(e), c = rgba(style.color), size = parseFloat(style.fontSize)
    c[3] *= up(e).reduce((a, p) => a*getComputedStyle(p).opacity, 1)
    if (!c[3]) continue                                     // shown when the pointer is there
    const [a, b] = [light(over(c, g)), light(g)].sort((x, y) => y - x), ratio = (a + .05)/(b + .05)
    const key = `${e.tagName} ${style.color} ${g}`
    if (ratio < (size >= 24 || size >= 18.6 && style.fontWeight >= 700 ? 3 : 4.5) && !found.has(key))
      found.set(key, [ratio, `<${e.tagName.toLowerCase()}> ${style.color} on rgb(${g.map(Math.round)}): ${e.textContent.trim().slice(0, 50)}`])
  }
  return [...found.values()]
})()"""

class Browser:
    "One window: `go` to a page, then `run` a script in it or take its `picture`"
    def __enter__(self):
        import websocket
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if not program: raise FileNotFoundError('There is no Chromium on the PATH to look at the pages with: `sudo apt-get install -y chromium`')
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.process = subprocess.Popen([program, *FLAGS, f'--user-data-dir={self.profile.name}', 'about:blank'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            port = self.wait(Path(self.profile.name)/'DevToolsActivePort')
            self.ids, self.socket = itertools.count(1), websocket.create_connection(f'ws://127.0.0.1:{port[0]}{port[1]}', timeout=60)
            page = next(t for t in self.send('Target.getTargets')['targetInfos'] if t['type'] == 'page')
            self.session = self.send('Target.attachToTarget', targetId=page['targetId'], flatten=True)['sessionId']
            self.send('Page.enable')
        except BaseException: self.__exit__(); raise
        return self

    def __exit__(self, *_):
        self.process.terminate(); self.process.wait(20); self.profile.cleanup()

    def wait(self, file, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            if file.exists() and len(lines := file.read_text().splitlines()) == 2: return lines
            if self.process.poll() is not None:
                raise RuntimeError(f'Chromium ended at once with status {self.process.returncode}; `chromium --headless --no-sandbox about:blank` says why')
            time.sleep(.05)
        raise TimeoutError(f'Chromium did not open its port within {seconds} s')

    session = None
    def send(self, method, until=None, **params):
        "Call a method; with `until`, also wait for that event"
        number, result = next(self.ids), None
        self.socket.send(json.dumps(dict(id=number, method=method, params=params, **(dict(sessionId=self.session) if self.session else {}))))
        while result is None or until:
            m = json.loads(self.socket.recv())
            if m.get('id') == number:
                if 'error' in m: raise RuntimeError(f"{method}: {m['error']['message']}")
                result = m['result']
            elif until and m.get('method') == until: until = None
        return result

    def go(self, path, width, height=844, dark=False):
        self.send('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        self.send('Emulation.setEmulatedMedia', features=[dict(name='prefers-color-scheme', value='dark' if dark else 'light')])
        self.send('Page.navigate', until='Page.loadEventFired', url=Path(path).resolve().as_uri())
        return self

    def run(self, script): return self.send('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)['result']['value']

    def too_wide(self, path, width=390):
        "How wide a page is on a phone, and the innermost element that makes it wider than that"
        return self.go(path, width).run(IS_WIDE.replace('WIDTH', str(width)))

    def faint(self, path, dark=False):
        "Text with too little contrast: its ratio, and which"
        return self.go(path, 1280, 720, dark).run(FAINT.replace('DARK', 'true' if dark else 'false'))

    def picture(self, top, width, height):
        clip = dict(x=0, y=top, width=width, height=height, scale=1)
        return base64.b64decode(self.send('Page.captureScreenshot', clip=clip, captureBeyondViewport=True)['data'])

    def shots(self, docs, folder, widths=(1280, 390), piece=3000):
        "Every page of a folder as pictures of at most `piece` px height, by day and by night"
        folder.mkdir(parents=True, exist_ok=True)
        for path, width, dark in itertools.product(sorted(docs.rglob('*.html')), widths, (False, True)):
            self.go(path, width, dark=dark)
            height = self.run(SHOW_ALL)
            for n, top in enumerate(range(0, height, piece)):
                name = '-'.join(path.relative_to(docs).with_suffix('').parts)
                (folder/f'{name}-{width}{"-dark" if dark else ""}-{n + 1}.png').write_bytes(self.picture(top, width, min(piece, height - top)))
