"""What can be wrong with the processed notebooks and with the rendered pages, each fault named by page and element.

The pages come from Quarto, or from smalldocs, which stands in for it (tools/site.py): `tools/test_site.py` plants each fault in a page of either.
"""
import json, re
from pathlib import Path
from urllib.parse import unquote, urlsplit
from bs4 import BeautifulSoup, Comment, NavigableString
import signatures               # tools/signatures.py

ASKED_BY_OTHERS = re.compile(r'forward|(before|after)_\w+|create_batches|shuffle_fn')   # methods that torch and fastai name, call and describe
LOADS = dict(img='src', script='src', iframe='src', source='src', video='src', audio='src', embed='src', object='data', input='src')
SLIDES = 15
MACROS = set("""frac tfrac text mathrm operatorname bar hat alpha beta gamma delta lambda mu pi sigma Phi sum prod max min log ln exp sqrt partial
    left right lfloor rfloor cdot times le ge ne approx in pm qquad quad""".split()) | set(',;! \\{}')    # read by Quarto's texmath, by MathML here

# --- the processed notebooks: what Quarto is given ---

def texts(cell):
    "What a cell gives to markdown: its own text, or its outputs"
    if cell['cell_type'] == 'markdown': yield ''.join(cell['source'])
    for o in cell.get('outputs', []): yield ''.join(o.get('data', {}).get('text/markdown', []))

def without_code(text): return re.sub(r'^(`{3,}).*?^\1`*$|`[^`\n]*`', '', text, flags=re.M | re.S)

def in_lines(cell):
    "A string where a list of lines is asked for: Quarto joins its characters' lines without their ends"
    if not isinstance(cell['source'], list): yield 'its source is a string; Quarto wants a list of lines'
    for o in cell.get('outputs', []):
        for kind, v in {'text': o.get('text', []), **o.get('data', {})}.items():
            if kind == 'text/html': yield 'an output is text/html, for which Quarto loads jquery and require.js from a network'
            elif kind.startswith('text') and not isinstance(v, list): yield f'its output {kind} is a string; Quarto wants a list of lines'

def markdown(text):
    "Markdown that one of the renderers cannot read"
    prose, is_open = without_code(text), False
    for fence in re.findall(r'^ *(`{3,}|~{3,})(.*)$', text, flags=re.M):
        is_open = not is_open
        if is_open and not fence[1].strip(): yield 'a code block without a language (```bash, ```text)'
    if re.search(r'\n\n(?: {4}|\t)\S', re.sub(r'^ *(?:[-*+]|\d+[.)]) .*(?:\n(?!\S).*)*', '', prose, flags=re.M)): yield 'an indented code block; fence it and name its language'
    if re.search(r'(?<!!)\[[^][]*\[[^][]*\]\([^)]*\)[^][]*\]\(', text): yield 'a link within a link'
    for picture in re.findall(r'^!\[[^\]]*\]\([^)]*\)$', prose, flags=re.M): yield f'{picture[:50]}…: Quarto makes a caption of it, and no alt text without {{fig-alt="…"}}'
    for tex in re.findall(r'\$\$.+?\$\$|\$[^$\s](?:[^$\n]*[^$\s])?\$(?!\d)', prose, flags=re.S):
        for macro in re.findall(r'\\([A-Za-z]+|.)', tex):
            if macro not in MACROS: yield f'the formula {tex[:40]}… holds \\{macro}, which is not known to be read by Quarto'

def signature(text):
    "A signature that runs out of the page, or leaves a parameter undescribed"
    code = re.search(r'^```python\n(.*?)^```', text, flags=re.M | re.S)
    rows = code[1].splitlines() if code else []
    if wide := [r for r in rows if len(r) > signatures.WIDTH + 8]: yield f'its signature is cut: {wide[0].strip()[:60]}…'
    for row, below in zip(rows, [*rows[1:], '']):
        if re.match(r'    \S', row) and '#' not in row and not re.match(r' {8}', below): yield f'nothing says what `{row.strip()}` is'

def prepared(proc):
    "Faults of the processed notebooks"
    for path in sorted(p for p in proc.rglob('*.ipynb') if not any(part[0] in '._' for part in p.relative_to(proc).parts)):   # Quarto works in such folders
        cells, name = json.loads(path.read_text())['cells'], f'{proc.name}/{path.relative_to(proc)}'
        front = ''.join(cells[0]['source'])
        if 'revealjs' in front and not re.search(r'html-math-method: mathml', front): yield f'{name}: revealjs without `html-math-method: mathml` loads MathJax from a network'
        if 'revealjs' in front and not re.match(r'\[\w+\]: \S+\n\n## ', ''.join(cells[1]['source'])): yield f'{name}: what stands before the first heading becomes a slide without one'
        if 'revealjs' in front and re.search(r'^title:', front, flags=re.M): yield f'{name}: a title makes Quarto begin with a slide that holds nothing else'
        for i, cell in enumerate(cells):
            source = ''.join(cell['source'])
            found = [*in_lines(cell), *(f for t in texts(cell) for f in markdown(t))]
            if re.search(r'^show_doc\(', source, flags=re.M): found += [f for t in texts(cell) for f in signature(t)]
            if any(k.startswith('image/') for o in cell.get('outputs', []) for k in o.get('data', {})) and 'fig-alt' not in source: found.append('a picture without #| fig-alt: …')
            for f in found: yield f'{name}, cell {i} ({(source.strip().splitlines() or [""])[-1][:40]}): {f}'

# --- the rendered pages ---

def pages(docs):
    found = {p.relative_to(docs).as_posix(): BeautifulSoup(p.read_text(), 'html.parser') for p in sorted(docs.rglob('*.html')) if 'site_libs' not in p.parts}
    for soup in found.values():
        maker = soup.find('meta', attrs=dict(name='generator'))
        soup.is_deck, soup.is_preview = bool(soup.select_one('.reveal .slides')), bool(maker) and maker['content'].startswith('smalldocs')
    return found

def plain(element): return ' '.join(element.get_text(' ').translate(str.maketrans('’‘“”', "''\"\"")).split())      # quotes may be typographic

def title(soup):
    "A page's one name; that of the slides is in the head, where the site's may stand beside it"
    at = None if soup.is_deck else (soup.find('main') or soup).find('h1')
    if at: return plain(at)
    return plain(soup.title).split(' – ')[0] if soup.title else ''

def within(docs, name, href, base=''):
    "The page of the site that a link leads to, its name there and the place on it; None for links elsewhere"
    url = urlsplit(href)
    if url.scheme or url.netloc: return None
    path = unquote(url.path)
    if base and path.startswith(base + '/'): path = docs/path.removeprefix(base + '/')     # Quarto's 404 page, which is shown at any address
    else: path = (docs/name).parent/path if path else docs/name
    if path.is_dir(): path = path/'index.html'
    return path, path.resolve().relative_to(docs.resolve()).as_posix() if path.resolve().is_relative_to(docs.resolve()) else None, unquote(url.fragment)

def links(docs, soups, repository, root, base=''):
    "Links within the site whose page or anchor is missing, and links into the repository whose file or line is missing"
    ids = {name: {e.get('id') or e.get('name') for e in soup.find_all(lambda e: e.get('id') or e.get('name'))} for name, soup in soups.items()}
    for name, soup in soups.items():
        for a in soup.find_all('a', href=True):
            href, says = a['href'], f'{name}: the link “{a.get_text(" ", strip=True)[:40]}” → {a["href"]}'
            if href.startswith(repository):
                file, _, line = unquote(href.removeprefix(repository)).partition('#L')
                if not (root/file).exists(): yield f'{says}: no such file in the repository'
                elif line and int(line) > len((root/file).read_text().splitlines()): yield f'{says}: the file has fewer lines'
                continue
            if a.find_parent('a'): yield f'{says}: a link within a link'
            if href.startswith('#/') or not (to := within(docs, name, href, base)): continue
            path, page, place = to
            if page is None: yield f'{says}: leads out of the site'
            elif not path.exists(): yield f'{says}: no such page'
            elif place and page in ids and place not in ids[page]: yield f'{says}: no such place on that page'

def pictures(docs, soups):
    "Pictures that are missing, or that say nothing to whoever cannot see them"
    for name, soup in soups.items():
        for img in soup.find_all('img'):
            src, alt = img.get('src', ''), (img.get('alt') or '').strip()
            file, says = (within(docs, name, src) or [None])[0], f'{name}: the picture {src[:60]}'
            after = img.find_previous(['h1', 'h2', 'h3']); says += f' under “{after.get_text(" ", strip=True).rstrip("# ")}”' if after else ''
            if file and not file.exists(): yield f'{says}: no such file'
            if not alt: yield f'{says}: no alt text (#| fig-alt: …)'
            elif re.fullmatch(r'\S+\.(png|svg|jpe?g|gif|webp)', alt, re.I) or alt == Path(src).stem: yield f'{says}: its alt text is a file name'
        for svg in (e for e in soup.find_all('svg') if not e.find_parent('svg')):
            if not (svg.get('aria-label') or svg.find('title') or svg.get('aria-hidden')): yield f'{name}: an inline SVG without <title> or aria-label'

def headings(soups):
    "Titles beside the page's own, and levels that are skipped"
    for name, soup in ((n, s) for n, s in soups.items() if not s.is_deck):
        titles, last = (soup.find('main') or soup).find_all('h1'), 1
        for h in titles[1:]: yield f'{name}: “{h.get_text(" ", strip=True).rstrip("# ")}” is a second title; begin it with ##'
        for h in (soup.find('main') or soup).find_all(['h2', 'h3', 'h4', 'h5']):
            level = int(h.name[1])
            if len(h.get_text()) > 120: yield f'{name}: a heading of {len(h.get_text())} characters has swallowed what follows: “{h.get_text()[:40]}…”'
            if level > last + 1: yield f'{name}: “{h.get_text(" ", strip=True).rstrip("# ")}” skips a level'
            last = level

def outside(docs, soups):
    "Whatever a page loads from elsewhere: the site works without a network"
    style = re.compile(r'(?:url\(\s*|@import\s+)["\']?((?:https?:)?//[^"\')\s]+)')
    soups = {n: s for n, s in soups.items() if not s.is_preview}
    for name, soup in soups.items():
        for e in soup.find_all(list(LOADS)):
            if re.match(r'(https?:)?//', e.get(LOADS[e.name], '')): yield f'{name}: <{e.name}> loads {e[LOADS[e.name]]}'
        for e in soup.find_all('link', href=re.compile(r'^(https?:)?//')):
            if not {'canonical', 'alternate'} & set(e.get('rel', [])): yield f'{name}: <link> loads {e["href"]}'
        for css in [e.string or '' for e in soup.find_all('style')] + [e['style'] for e in soup.find_all(style=True)]:
            for m in style.finditer(css): yield f'{name}: a style loads {m[1]}'
    for sheet in sorted({to[0] for name, soup in soups.items() for e in soup.find_all('link', href=True, rel='stylesheet') if (to := within(docs, name, e['href']))}):
        if not sheet.exists(): yield f'{sheet}: no such stylesheet'; continue
        for m in style.finditer(sheet.read_text()): yield f'{sheet.relative_to(docs.resolve() if sheet.is_absolute() else docs)}: loads {m[1]}'

def unread(element): return 'math' in element.get('class', []) and not element.find('math')    # another check's matter

def said(element):
    "The text of an element without code, formulas, scripts and pictures"
    return ''.join(str(e) if isinstance(e, NavigableString) else '' if e.name in ('pre', 'code', 'script', 'style', 'math', 'svg') or unread(e) else said(e)
                   for e in element.children if not isinstance(e, Comment))

NOT_READ = {'a heading': r'^\s*#{1,5} \w', 'a table': r'\|\s*:?-{3,}', 'a division': r'(^|\n):{3,}', 'a code block': '```', 'a link': r'\]\([^)\s]+\)',
            'a formula': r'\$\$|\\[A-Za-z]{2,}[{(\\ ]'}
def reading(soups):
    "Markdown that a page shows instead of reading it, and numbers in two styles"
    for name, soup in soups.items():
        for e in (soup.find('main') or soup).find_all(['p', 'li', 'td', 'th', 'h1', 'h2', 'h3', 'h4', 'figcaption']):
            text = said(e)
            for what, pattern in NOT_READ.items():
                if m := re.search(pattern, text): yield f'{name}: {what} was not read: “{text[max(0, m.start() - 20):m.end() + 40].strip()}”'
            if e.find(['p', 'li']): continue
            for m in re.finditer(r'.{0,20}\d%', text): yield f'{name}: “{m[0]}”: a space stands before % everywhere else'
        for e in [] if soup.is_preview else soup.select('.math:not(:has(math))'): yield f'{name}: the formula {e.get_text()[:50]} needs scripts to be read; html-math-method: mathml'

def repository_pages(root):
    "What the repository's own pages say of per cent: the notebooks' texts are mended on their way to the site, these are not"
    for file in sorted(root.glob('*.md')):
        for m in re.finditer(r'.{0,20}\d%', without_code(file.read_text())): yield f'{file.name}: “{m[0]}”: a space stands before % everywhere else'

def names(docs, soups, base=''):
    "A page has one name: its title, in every menu, and wherever a link begins with a capital"
    called = {name: title(soup) for name, soup in soups.items()}
    for name, soup in soups.items():
        if not called[name]: yield f'{name}: has no title'
        menus = soup.select('nav a[href], header a[href], aside a[href]')
        for a in soup.find_all('a', href=True):
            to, says = within(docs, name, a['href'], base), plain(a).strip('←→ ')
            if not to or to[1] not in called or to[2] or a['href'].startswith('#') or not says or a.find('code') or a.find_parent(class_='breadcrumb-item'): continue
            same = says in called[to[1]] if soups[to[1]].is_deck else says == called[to[1]]
            if not same and (says[0].isupper() or any(a is m for m in menus)): yield f'{name}: “{says}” leads to “{called[to[1]]}” ({to[1]}); a page has one name'
        for menu in soup.select('.dropdown-menu, header details > ul'):
            if len(menu.find_all('li')) > 12: yield f'{name}: a menu of {len(menu.find_all("li"))} entries; its last are out of reach on a laptop'

def furniture(docs, soups, repository, host):
    "What every page brings: a picture for whoever shares it, a link to its notebook; and a page for addresses that are wrong"
    if '404.html' not in soups: yield '404.html: there is no page for wrong addresses'
    for name, soup in ((n, s) for n, s in soups.items() if not s.is_deck and n != '404.html'):
        image = soup.find('meta', property='og:image')
        if not image and not soup.is_preview: yield f'{name}: no og:image'
        elif image and not (image['content'].startswith(host + '/') and (docs/image['content'].removeprefix(host + '/')).exists()): yield f'{name}: og:image {image["content"]}: no such file on the site'
        if not soup.find('a', href=re.compile(re.escape(repository) + r'nbs/.*\.ipynb$')): yield f'{name}: no link to its notebook'

def slides(soups):
    "At most 15, each with a heading and a picture that says what it shows"
    for name, soup in ((n, s) for n, s in soups.items() if s.is_deck):
        deck = [s for s in soup.select('.reveal .slides section') if not s.find('section')]
        if not 2 <= len(deck) <= SLIDES: yield f'{name}: {len(deck)} slides; 2 to {SLIDES} are allowed'
        for i, s in enumerate(deck, 1):
            heading, drawn = s.find(['h1', 'h2']), [e for e in s.find_all(['img', 'svg']) if not e.find_parent('svg')]
            if not heading: yield f'{name}: slide {i} has no heading'
            if not drawn: yield f'{name}: slide {i} “{heading.get_text(strip=True) if heading else ""}” is bare: no picture'
            if s.select('.sourceCode, .code'): yield f'{name}: slide {i} shows its code'

def looks(docs, soups, width=390):
    "Pages that are wider than a phone, and what axe finds against WCAG 2 AA, by day and by night"
    from browser import chromium, hard_to_read, too_wide
    try:
        with chromium() as browser:
            for name, soup in soups.items():
                wide, element = too_wide(browser, docs/name, width)
                if wide > width and not soup.is_deck: yield f'{name}: {wide} px wide on a screen of {width} px, because of {element}'
                for dark in (False, True):
                    for rule, element, why in hard_to_read(browser, docs/name, dark): yield f'{name}: {rule} {"by night" if dark else "by day"}: {element}: {why}'
    except FileNotFoundError as e: yield str(e)

# --- the library ---

def undocumented(file):
    "Public names of a module without a docstring, and their parameters and fields without a comment"
    public = re.search(r"^__all__ = \[(.*?)\]", file.read_text(), flags=re.M | re.S)
    public = re.findall(r"'(\w+)'", public[1]) if public else []
    found = signatures.read(file)
    for name, s in found.items():
        owner, _, method = name.rpartition('.')
        if (owner or method) not in public or method.startswith('_') or owner in found and found[owner].bases and ASKED_BY_OTHERS.fullmatch(method): continue
        if not s.docstring: yield f'{file.name}: {name} has no docstring'
        for what, comment in s.rows:
            if not comment: yield f'{file.name}: {name}: no comment says what `{what}` is'

def library(folder):
    for file in sorted(folder.rglob('*.py')):
        if not file.name.startswith('_'): yield from undocumented(file)

def every_fault(proc, docs, repository, host, root, browser=True):
    soups, base = pages(docs), urlsplit(host).path
    return [*prepared(proc), *links(docs, soups, repository, root, base), *pictures(docs, soups), *headings(soups), *outside(docs, soups), *reading(soups), *repository_pages(root), *names(docs, soups, base),
            *furniture(docs, soups, repository, host), *slides(soups), *(looks(docs, soups) if browser else []), *library(root/'pneumo_nb')]
