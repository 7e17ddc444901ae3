"""What can be wrong with the rendered pages, each fault named by page and element"""
import ast, io, re, tokenize
from pathlib import Path
from urllib.parse import unquote, urlsplit
from bs4 import BeautifulSoup

ASKED_BY_OTHERS = re.compile(r'forward|(before|after)_\w+|create_batches|shuffle_fn')   # methods that torch and fastai name, call and describe
LOADS = dict(img='src', script='src', iframe='src', source='src', video='src', audio='src', embed='src', object='data', input='src')

def pages(docs): return {p.relative_to(docs).as_posix(): BeautifulSoup(p.read_text(), 'html.parser') for p in sorted(docs.rglob('*.html'))}

def links(docs, soups, repository, root):
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
            url = urlsplit(href)
            if url.scheme or url.netloc: continue
            path = (docs/name).parent/unquote(url.path) if url.path else docs/name
            page = path.resolve().relative_to(docs.resolve()).as_posix() if path.resolve().is_relative_to(docs.resolve()) else None
            if page is None: yield f'{says}: leads out of the site'
            elif not path.exists(): yield f'{says}: no such page'
            elif url.fragment and page in ids and unquote(url.fragment) not in ids[page]: yield f'{says}: no such place on that page'

def pictures(docs, soups):
    "Pictures that are missing, or that say nothing to whoever cannot see them"
    for name, soup in soups.items():
        for img in soup.find_all('img'):
            src, alt = img.get('src', ''), (img.get('alt') or '').strip()
            file, says = (docs/name).parent/unquote(src), f'{name}: the picture {src[:60]}'
            after = img.find_previous(['h1', 'h2', 'h3']); says += f' under “{after.get_text(" ", strip=True).rstrip("# ")}”' if after else ''
            if not src.startswith('data:') and not file.exists(): yield f'{says}: no such file'
            if not alt: yield f'{says}: no alt text (#| fig-alt: …)'
            elif re.fullmatch(r'\S+\.(png|svg|jpe?g|gif|webp)', alt, re.I) or alt == Path(src).stem: yield f'{says}: its alt text is a file name'
        for svg in soup.find_all('svg'):
            if not (svg.get('aria-label') or svg.find('title') or svg.get('aria-hidden')): yield f'{name}: an inline SVG without <title> or aria-label'

def headings(soups):
    "Titles beside the page's own, and levels that are skipped"
    for name, soup in soups.items():
        titles, last = soup.find_all('h1'), 1
        for h in titles[1:]: yield f'{name}: “{h.get_text(" ", strip=True).rstrip("# ")}” is a second title; begin it with ##'
        for h in soup.find_all(['h2', 'h3', 'h4', 'h5']):
            level = int(h.name[1])
            if level > last + 1: yield f'{name}: “{h.get_text(" ", strip=True).rstrip("# ")}” skips a level'
            last = level

def outside(docs, soups):
    "Whatever a page loads from elsewhere: the site works without a network"
    style = re.compile(r'(?:url\(\s*|@import\s+)["\']?((?:https?:)?//[^"\')\s]+)')
    for name, soup in soups.items():
        for e in soup.find_all(list(LOADS)):
            if re.match(r'(https?:)?//', e.get(LOADS[e.name], '')): yield f'{name}: <{e.name}> loads {e[LOADS[e.name]]}'
        for e in soup.find_all('link', href=re.compile(r'^(https?:)?//')):
            if not {'canonical', 'alternate'} & set(e.get('rel', [])): yield f'{name}: <link> loads {e["href"]}'
        for css in [e.string or '' for e in soup.find_all('style')] + [e['style'] for e in soup.find_all(style=True)]:
            for m in style.finditer(css): yield f'{name}: a style loads {m[1]}'
    for sheet in sorted(docs.rglob('*.css')):
        for m in style.finditer(sheet.read_text()): yield f'{sheet.relative_to(docs)}: loads {m[1]}'

def widths(docs, soups, width=390):
    "Pages that are wider than a phone"
    from browser import Browser
    try:
        with Browser() as browser:
            for name in soups:
                wide, element = browser.too_wide(docs/name, width)
                if wide > width: yield f'{name}: {wide} px wide on a screen of {width} px, because of {element}'
    except FileNotFoundError as e: yield str(e)

# --- the library ---

def commented(source):
    "Line numbers that hold a comment"
    return {t.start[0] for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT}

def undocumented(file):
    "Public names of a module without a docstring, and their parameters without a comment"
    source = file.read_text(); tree, notes = ast.parse(source), commented(source)
    lists = [ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign) and getattr(n.targets[0], 'id', '') == '__all__']
    public = lists[0] if lists else []
    def function(f, name, docstring=True):
        if docstring and not ast.get_docstring(f): yield f'{file.name}: {name} has no docstring'
        a = f.args
        for p in [*a.posonlyargs, *a.args, *a.kwonlyargs]:
            told = {p.lineno, p.end_lineno} & notes or isinstance(p.annotation, ast.Call)     # Param('what it is') of a command line
            if p.arg not in ('self', 'cls') and not told: yield f'{file.name}: {name}: no comment says what `{p.arg}` is'
    for n in tree.body:
        if isinstance(n, ast.FunctionDef) and n.name in public: yield from function(n, n.name)
        if isinstance(n, ast.ClassDef) and n.name in public:
            if not ast.get_docstring(n): yield f'{file.name}: {n.name} has no docstring'
            for m in (m for m in n.body if isinstance(m, ast.FunctionDef)):
                if m.name == '__init__': yield from function(m, n.name, False)
                elif not m.name.startswith('_') and not (n.bases and ASKED_BY_OTHERS.fullmatch(m.name)): yield from function(m, f'{n.name}.{m.name}')

def library(folder):
    for file in sorted(folder.glob('*.py')):
        if not file.name.startswith('_'): yield from undocumented(file)

def every_fault(docs, repository, root, browser=True):
    soups = pages(docs)
    return [*links(docs, soups, repository, root), *pictures(docs, soups), *headings(soups), *outside(docs, soups), *(widths(docs, soups) if browser else []), *library(root/'pneumo_nb')]
