"""What can be wrong with the processed notebooks and with the rendered pages, each fault named by page and element.

The pages come from Quarto, or from smalldocs, which stands in for it (tools/site.py). `tools/test_site.py` plants each fault in a page of
either.
"""
import json
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit
from bs4 import BeautifulSoup, Comment, NavigableString
import signatures  # tools/signatures.py
from browser import chromium, hard_to_read, light_up, opened, too_wide

# methods that torch and fastai name, call and describe
ASKED_BY_OTHERS = re.compile(r'forward|(before|after)_\w+|create_batches|shuffle_fn')
LOADS = dict.fromkeys(('img', 'script', 'iframe', 'source', 'video', 'audio', 'embed', 'input'), 'src') | dict(object='data')
SLIDES = 15
DECKS = ('slides', '404')           # whose first cells are front matter
BROWSERS = 2                        # at once
MACROS = {*"""frac tfrac text mathrm operatorname bar hat alpha beta gamma delta lambda mu pi sigma Phi sum prod max min log ln exp sqrt
    partial left right lfloor rfloor cdot times le ge ne approx in pm qquad quad""".split(), *',;! \\{}'}   # read by Quarto's texmath

# --- the processed notebooks: what Quarto is given ---

def texts(cell):
    "What a cell gives to markdown: its own text, or its outputs"
    if cell['cell_type'] == 'markdown': yield ''.join(cell['source'])
    for o in cell.get('outputs', []): yield ''.join(o.get('data', {}).get('text/markdown', []))

def without_code(text): return re.sub(r'^(`{3,}).*?^\1`*$|`[^`\n]*`', '', text, flags=re.M | re.S)

def in_lines(cell):
    "A string where a list of lines is asked for: Quarto joins its characters' lines without their ends"
    if not isinstance(cell['source'], list): yield 'its source is a string; Quarto wants a list of lines'
    for kind, v in (kv for o in cell.get('outputs', []) for kv in {'text': o.get('text', []), **o.get('data', {})}.items()):
        if kind == 'text/html': yield 'an output is text/html, for which Quarto loads jquery and require.js from a network'
        elif kind.startswith('text') and not isinstance(v, list): yield f'its output {kind} is a string; Quarto wants a list of lines'

LISTS = r'^ *(?:[-*+]|\d+[.)]) .*(?:\n(?!\S).*)*'
LINK_IN_LINK = r'(?<!!)\[[^][]*\[[^][]*\]\([^)]*\)[^][]*\]\('
FORMULA = r'\$\$.+?\$\$|\$[^$\s](?:[^$\n]*[^$\s])?\$(?!\d)'

def unnamed_fences(text):
    "Does a code block begin without a language?"
    fences = re.findall(r'^ *(`{3,}|~{3,})(.*)$', text, flags=re.M)
    return any(not language.strip() for _, language in fences[::2])

def markdown(text):
    "Markdown that one of the renderers cannot read"
    prose = without_code(text)
    if unnamed_fences(text): yield 'a code block without a language (```bash, ```text)'
    if re.search(r'\n\n(?: {4}|\t)\S', re.sub(LISTS, '', prose, flags=re.M)): yield 'an indented code block; fence it and name its language'
    if re.search(LINK_IN_LINK, text): yield 'a link within a link'
    for picture in re.findall(r'^!\[[^\]]*\]\([^)]*\)$', prose, flags=re.M):
        yield f'{picture[:50]}…: Quarto makes a caption of it, and no alt text without {{fig-alt="…"}}'
    for tex in re.findall(FORMULA, prose, flags=re.S):
        for macro in sorted(set(re.findall(r'\\([A-Za-z]+|.)', tex)) - MACROS):
            yield f'the formula {tex[:40]}… holds \\{macro}, which is not known to be read by Quarto'

def signature(text):
    "A signature that runs out of the page, or leaves a parameter undescribed"
    code = re.search(r'^```python\n(.*?)^```', text, flags=re.M | re.S)
    rows = code[1].splitlines() if code else []
    if wide := [r for r in rows if len(r) > signatures.WIDTH + 8]: yield f'its signature is cut: {wide[0].strip()[:60]}…'
    for row, below in zip(rows, [*rows[1:], ''], strict=True):
        if re.match(r'    \S', row) and '#' not in row and not re.match(r' {8}', below): yield f'nothing says what `{row.strip()}` is'

def deck(cells):
    "What makes Quarto's slides other than they were written"
    front, first = (''.join(c['source']) for c in cells[:2])
    if not re.search(r'html-math-method: mathml', front): yield 'revealjs without `html-math-method: mathml` loads MathJax from a network'
    if not re.match(r'\[\w+\]: \S+\n\n## ', first): yield 'what stands before the first heading becomes a slide without one'
    if re.search(r'^title:', front, flags=re.M): yield 'a title makes Quarto begin with a slide that holds nothing else'

def in_cell(cell):
    "Faults of one cell"
    source = ''.join(cell['source'])
    pictures = any(k.startswith('image/') for o in cell.get('outputs', []) for k in o.get('data', {}))
    yield from in_lines(cell)
    for t in texts(cell): yield from markdown(t)
    if re.search(r'^show_doc\(', source, flags=re.M):
        for t in texts(cell): yield from signature(t)
    if pictures and 'fig-alt' not in source: yield 'a picture without #| fig-alt: …'

def prepared(proc):
    "Faults of the processed notebooks"
    for path in sorted(proc.rglob('*.ipynb')):
        inside = path.relative_to(proc)
        if any(part[0] in '._' for part in inside.parts): continue        # Quarto works in such folders
        cells, name = json.loads(path.read_text())['cells'], f'{proc.name}/{inside}'
        if 'revealjs' in ''.join(cells[0]['source']): yield from (f'{name}: {f}' for f in deck(cells))
        for i, cell in enumerate(cells):
            last = (''.join(cell['source']).strip().splitlines() or [''])[-1][:40]
            yield from (f'{name}, cell {i} ({last}): {f}' for f in in_cell(cell))

def plain_words(text):
    "The words of markdown, without links' targets and HTML"
    return ' '.join(re.findall(r'\w+', re.sub(r'\]\([^)]*\)|<[^>]*>|\xa0', ' ', text)))

def written(cells):
    "The paragraphs that a notebook's reader sees, but for its title, description and settings, which go elsewhere"
    for i, cell in enumerate(c for c in cells if c['cell_type'] == 'markdown'):
        text = ''.join(cell['source'])
        if re.match(r'#\|\s*hide', text): continue
        if not i: text = re.sub(r'^(# |> |- \S+:).*$', '', text, flags=re.M)
        yield from (p for p in re.split(r'\n\s*\n', without_code(text)) if plain_words(p))

def lost(nbs, proc):
    "Paragraphs of the notebooks that the processed ones do not have: nbdev keeps of a first cell no more than title and description"
    for path in sorted(nbs.rglob('*.ipynb')):
        inside = path.relative_to(nbs)
        if any(part[0] in '._' for part in inside.parts) or path.stem in DECKS or not (proc/inside).exists(): continue
        shown = [c for c in json.loads((proc/inside).read_text())['cells'] if c['cell_type'] == 'markdown']
        all_words = ' '.join(plain_words(without_code(''.join(c['source']))) for c in shown)
        for p in written(json.loads(path.read_text())['cells']):
            if plain_words(p) not in all_words: yield f'{nbs.name}/{inside}: not on its page: “{p.strip()[:60]}…”'

# --- the rendered pages ---

def read_page(path):
    "A page, and who made it"
    soup = BeautifulSoup(path.read_text(), 'html.parser')
    maker = soup.find('meta', attrs=dict(name='generator'))
    soup.is_deck = bool(soup.select_one('.reveal .slides'))
    soup.is_preview = bool(maker) and maker['content'].startswith('smalldocs')
    return soup

def pages(docs):
    "All pages of a folder, under their names; those in pages/ are what commands wrote, and have tests of their own"
    found = (p for p in sorted(docs.rglob('*.html')) if not {'site_libs', 'pages'} & set(p.parts))
    return {p.relative_to(docs).as_posix(): read_page(p) for p in found}

def main_part(soup): return soup.find('main') or soup

STRAIGHT = str.maketrans('’‘“”', "''\"\"")        # quotes may be typographic
def plain(element): return ' '.join(element.get_text(' ').translate(STRAIGHT).split())

def heard(heading): return heading.get_text(' ', strip=True).rstrip('# ')

def title(soup):
    "A page's one name; that of the slides is in the head, where the site's may stand beside it"
    at = None if soup.is_deck else main_part(soup).find('h1')
    if at: return plain(at)
    return plain(soup.title).split(' – ')[0] if soup.title else ''

def within(docs, name, href, base=''):
    "The page of the site that a link leads to, its name there and the place on it; None for links elsewhere"
    url = urlsplit(href)
    if url.scheme or url.netloc: return None
    path, base = unquote(url.path), base and base + '/'
    if base and path.startswith(base): path = docs/path.removeprefix(base)     # Quarto's 404 page, which is shown at any address
    else: path = (docs/name).parent/path if path else docs/name
    if path.is_dir(): path = path/'index.html'
    inside = path.resolve().is_relative_to(docs.resolve())
    return path, path.resolve().relative_to(docs.resolve()).as_posix() if inside else None, unquote(url.fragment)

def in_repository(root, target):
    "What is wrong with a link into the repository"
    file, _, line = unquote(target).partition('#L')
    if not (root/file).exists(): return 'no such file in the repository'
    if line and int(line) > len((root/file).read_text().splitlines()): return 'the file has fewer lines'

def in_site(to, ids):
    "What is wrong with a link to a page of the site, or to a place on it"
    path, page, place = to
    if page is None: return 'leads out of the site'
    if not path.exists(): return 'no such page'
    if place and page in ids and place not in ids[page]: return 'no such place on that page'

def link_faults(docs, name, a, repository, root, base, ids):
    "Faults of one link"
    href = a['href']
    if href.startswith(repository): return [in_repository(root, href.removeprefix(repository))]
    to = None if href.startswith('#/') else within(docs, name, href, base)
    return ['a link within a link' if a.find_parent('a') else None, in_site(to, ids) if to else None]

def links(docs, soups, repository, root, base=''):
    "Links within the site whose page or anchor is missing, and links into the repository whose file or line is missing"
    anchors = lambda soup: {e.get('id') or e.get('name') for e in soup.find_all(lambda e: e.get('id') or e.get('name'))}
    ids = {name: anchors(soup) for name, soup in soups.items()}
    for name, a in ((n, a) for n, soup in soups.items() for a in soup.find_all('a', href=True)):
        says = f'{name}: the link “{a.get_text(" ", strip=True)[:40]}” → {a["href"]}'
        yield from (f'{says}: {fault}' for fault in link_faults(docs, name, a, repository, root, base, ids) if fault)

def picture_faults(docs, name, img):
    "Faults of one picture"
    src, alt = img.get('src', ''), (img.get('alt') or '').strip()
    file = (within(docs, name, src) or [None])[0]
    if file and not file.exists(): yield 'no such file'
    if not alt: yield 'no alt text (#| fig-alt: …)'
    elif re.fullmatch(r'\S+\.(png|svg|jpe?g|gif|webp)', alt, re.I) or alt == Path(src).stem: yield 'its alt text is a file name'

def pictures(docs, soups):
    "Pictures that are missing, or that say nothing to whoever cannot see them"
    for name, soup in soups.items():
        for img in soup.find_all('img'):
            above = img.find_previous(['h1', 'h2', 'h3'])
            says = f'{name}: the picture {img.get("src", "")[:60]}' + (f' under “{heard(above)}”' if above else '')
            yield from (f'{says}: {fault}' for fault in picture_faults(docs, name, img))
        for svg in (e for e in soup.find_all('svg') if not e.find_parent('svg')):
            told = svg.get('aria-label') or svg.find('title') or svg.get('aria-hidden')
            if not told: yield f'{name}: an inline SVG without <title> or aria-label'

def headings(soups):
    "Titles beside the page's own, and levels that are skipped"
    for name, soup in ((n, main_part(s)) for n, s in soups.items() if not s.is_deck):
        for h in soup.find_all('h1')[1:]: yield f'{name}: “{heard(h)}” is a second title; begin it with ##'
        last = 1
        for h in soup.find_all(['h2', 'h3', 'h4', 'h5']):
            level, text = int(h.name[1]), h.get_text()
            if len(text) > 120: yield f'{name}: a heading of {len(text)} characters has swallowed what follows: “{text[:40]}…”'
            if level > last + 1: yield f'{name}: “{heard(h)}” skips a level'
            last = level

ELSEWHERE, BY_A_STYLE = re.compile(r'^(https?:)?//'), re.compile(r'(?:url\(\s*|@import\s+)["\']?((?:https?:)?//[^"\')\s]+)')

def loaded(soup):
    "What one page loads from elsewhere"
    for e in soup.find_all(list(LOADS)):
        if ELSEWHERE.match(e.get(LOADS[e.name], '')): yield f'<{e.name}> loads {e[LOADS[e.name]]}'
    for e in soup.find_all('link', href=ELSEWHERE):
        if not {'canonical', 'alternate'} & set(e.get('rel', [])): yield f'<link> loads {e["href"]}'
    styles = [e.string or '' for e in soup.find_all('style')] + [e['style'] for e in soup.find_all(style=True)]
    yield from (f'a style loads {m[1]}' for css in styles for m in BY_A_STYLE.finditer(css))

def outside(docs, soups):
    "Whatever a page loads from elsewhere: the site works without a network"
    soups = {n: s for n, s in soups.items() if not s.is_preview}
    sheets = [within(docs, n, e['href']) for n, s in soups.items() for e in s.find_all('link', href=True, rel='stylesheet')]
    for name, soup in soups.items(): yield from (f'{name}: {f}' for f in loaded(soup))
    for sheet in sorted({to[0] for to in sheets if to}):
        if not sheet.exists(): yield f'{sheet}: no such stylesheet'; continue
        name = sheet.relative_to(docs.resolve() if sheet.is_absolute() else docs)
        for m in BY_A_STYLE.finditer(sheet.read_text()): yield f'{name}: loads {m[1]}'

def unread(element): return 'math' in element.get('class', []) and not element.find('math')    # another check's matter

UNSAID = 'pre', 'code', 'script', 'style', 'math', 'svg'
def said(element):
    "The text of an element without code, formulas, scripts and pictures"
    if isinstance(element, NavigableString): return str(element)
    return '' if element.name in UNSAID or unread(element) else ''.join(said(e) for e in element.children if not isinstance(e, Comment))

NOT_READ = {'a heading': r'^\s*#{1,5} \w', 'a table': r'\|\s*:?-{3,}', 'a division': r'(^|\n):{3,}', 'a code block': '```',
            'a link': r'\]\([^)\s]+\)', 'a formula': r'\$\$|\\[A-Za-z]{2,}[{(\\ ]'}
READ = 'p', 'li', 'td', 'th', 'h1', 'h2', 'h3', 'h4', 'figcaption'

def per_cent(text): return [f'“{m[0]}”: a space stands before % everywhere else' for m in re.finditer(r'.{0,20}\d%', text)]

def shown(text):
    "Markdown that stands in a page's text"
    for what, pattern in NOT_READ.items():
        if m := re.search(pattern, text): yield f'{what} was not read: “{text[max(0, m.start() - 20):m.end() + 40].strip()}”'

def reading(soups):
    "Markdown that a page shows instead of reading it, and numbers in two styles"
    for name, soup in soups.items():
        for e in main_part(soup).find_all(READ):
            text = said(e)
            yield from (f'{name}: {f}' for f in [*shown(text), *([] if e.find(['p', 'li']) else per_cent(text))])
        for e in [] if soup.is_preview else soup.select('.math:not(:has(math))'):
            yield f'{name}: the formula {e.get_text()[:50]} needs scripts to be read; html-math-method: mathml'

def repository_pages(root):
    "What the repository's own pages say of per cent: the notebooks' texts are mended on their way to the site, these are not"
    return [f'{file.name}: {f}' for file in sorted(root.glob('*.md')) for f in per_cent(without_code(file.read_text()))]

def misnamed(docs, name, soup, soups, called, base):
    "Links of a page that call another by a name that it does not have: (what they say, that page)"
    menus = {id(a) for a in soup.select('nav a[href], header a[href], aside a[href]')}
    for a in soup.find_all('a', href=True):
        to, says = within(docs, name, a['href'], base), plain(a).strip('←→ ')
        if not to or to[1] not in called or to[2] or a['href'].startswith('#'): continue
        if not says or a.find('code') or a.find_parent(class_='breadcrumb-item'): continue
        same = says in called[to[1]] if soups[to[1]].is_deck else says == called[to[1]]
        if not same and (says[0].isupper() or id(a) in menus): yield says, to[1]

def names(docs, soups, base=''):
    "A page has one name: its title, in every menu, and wherever a link begins with a capital"
    called = {name: title(soup) for name, soup in soups.items()}
    for name, soup in soups.items():
        if not called[name]: yield f'{name}: has no title'
        for says, page in misnamed(docs, name, soup, soups, called, base):
            yield f'{name}: “{says}” leads to “{called[page]}” ({page}); a page has one name'
        for menu in soup.select('.dropdown-menu, header details > ul'):
            n = len(menu.find_all('li'))
            if n > 12: yield f'{name}: a menu of {n} entries; its last are out of reach on a laptop'

def on_site(docs, url, host): return url.startswith(host + '/') and (docs/url.removeprefix(host + '/')).exists()

def furniture(docs, soups, repository, host):
    "What every page brings: a picture for whoever shares it, a link to its notebook; and a page for addresses that are wrong"
    if '404.html' not in soups: yield '404.html: there is no page for wrong addresses'
    notebook = re.compile(re.escape(repository) + r'nbs/.*\.ipynb$')
    for name, soup in ((n, s) for n, s in soups.items() if not s.is_deck and n != '404.html'):
        image = soup.find('meta', property='og:image')
        if not image and not soup.is_preview: yield f'{name}: no og:image'
        if image and not on_site(docs, image['content'], host): yield f'{name}: og:image {image["content"]}: no such file on the site'
        if not soup.find('a', href=notebook): yield f'{name}: no link to its notebook'

def slide_faults(s):
    "Faults of one slide"
    heading, drawn = s.find(['h1', 'h2']), [e for e in s.find_all(['img', 'svg']) if not e.find_parent('svg')]
    if not heading: yield 'has no heading'
    if not drawn: yield f'“{heading.get_text(strip=True) if heading else ""}” is bare: no picture'
    if s.select('.sourceCode, .code'): yield 'shows its code'

def slides(soups):
    "At most 15, each with a heading and a picture that says what it shows"
    for name, soup in ((n, s) for n, s in soups.items() if s.is_deck):
        deck = [s for s in soup.select('.reveal .slides section') if not s.find('section')]
        if not 2 <= len(deck) <= SLIDES: yield f'{name}: {len(deck)} slides; 2 to {SLIDES} are allowed'
        for i, s in enumerate(deck, 1): yield from (f'{name}: slide {i} {f}' for f in slide_faults(s))

def looks_of(browser, docs, name, is_deck, width):
    "Faults of one page that only a browser sees"
    with opened(browser, docs/name) as page:
        for dark, when in ((False, 'by day'), (True, 'by night')):
            light_up(page, dark)
            for rule, element, why in hard_to_read(page): yield f'{name}: {rule} {when}: {element}: {why}'
        wide, element = too_wide(page, width)
        if wide > width and not is_deck: yield f'{name}: {wide} px wide on a screen of {width} px, because of {element}'

def looks_at(docs, decks, width):
    "The same for some pages, in a browser of their own; `decks`: name → is it slides?"
    with chromium() as browser: return [f for name, is_deck in decks.items() for f in looks_of(browser, docs, name, is_deck, width)]

def looks(docs, soups, width=390):
    "Pages that are wider than a phone, and what axe finds against WCAG 2 AA, by day and by night"
    decks = {name: soup.is_deck for name, soup in soups.items()}
    parts = [dict(list(decks.items())[i::BROWSERS]) for i in range(min(BROWSERS, len(decks)))]
    try:
        with ProcessPoolExecutor(BROWSERS) as pool: found = list(pool.map(looks_at, [docs]*len(parts), parts, [width]*len(parts)))
    except FileNotFoundError as e: return [str(e)]
    return [f for faults in found for f in faults]

# --- the library ---

def by_others(method, owner):
    "Is it a method that a base class of torch or fastai describes?"
    return bool(owner and owner.bases and ASKED_BY_OTHERS.fullmatch(method))

def undocumented(file):
    "Public names of a module without a docstring, and their parameters and fields without a comment"
    public = re.search(r"^__all__ = \[(.*?)\]", file.read_text(), flags=re.M | re.S)
    public = re.findall(r"'(\w+)'", public[1]) if public else []
    found = signatures.read(file)
    for name, s in found.items():
        owner, _, method = name.rpartition('.')
        if (owner or method) not in public or method.startswith('_') or by_others(method, found.get(owner)): continue
        if not s.docstring: yield f'{file.name}: {name} has no docstring'
        yield from (f'{file.name}: {name}: no comment says what `{what}` is' for what, comment in s.rows if not comment)

def library(folder):
    for file in sorted(folder.rglob('*.py')):
        if not file.name.startswith('_'): yield from undocumented(file)

def every_fault(proc, docs, repository, host, root, browser=True):
    soups, base = pages(docs), urlsplit(host).path
    return [*prepared(proc), *lost(root/'nbs', proc), *links(docs, soups, repository, root, base), *pictures(docs, soups),
            *headings(soups), *outside(docs, soups), *reading(soups), *repository_pages(root), *names(docs, soups, base),
            *furniture(docs, soups, repository, host), *slides(soups), *(looks(docs, soups) if browser else []), *library(root/'pneumo_nb')]
