"""The site without Quarto: the notebooks as nbdev processes them for Quarto (_proc/), rendered to HTML pages (_docs/).

site.py                  process and render
site.py --prepare        process only; `quarto render _proc` is what publishes
site.py --check          process, render and list what is wrong; exit status 1 when anything is
site.py --faults FOLDER  list what is wrong with _proc/ and with pages that are there already: _docs, or _proc/_docs as Quarto renders them
site.py --shots FOLDER   process, render and take pictures of every page, 1280 and 390 px wide, light and dark

It reads navbar and sidebar from _quarto.yml. Quarto is on no package registry, and this needs nothing beyond the extra `dev`;
`--check`, `--faults` and `--shots` want Chromium too.
"""
import html, json, os, re, shutil, sys
from argparse import ArgumentParser
from base64 import b64decode
from contextlib import redirect_stdout
from pathlib import Path
import signatures               # tools/signatures.py

ROOT = Path(__file__).resolve().parent.parent
NBS, TOOLS = ROOT/'nbs', ROOT/'tools'
PROC, DOCS = ROOT/'_proc', ROOT/'_docs'

# --- what Quarto and this renderer both get ---

def settings():
    from configparser import ConfigParser
    parser = ConfigParser(delimiters=['=']); parser.read(ROOT/'settings.ini', encoding='utf-8')
    return parser['DEFAULT']

def repository(kind='blob'): return f"{settings()['git_url']}/{kind}/{settings()['branch']}/"

def host(): return settings()['doc_host'] + settings()['doc_baseurl']

def process():
    "Notebooks as nbdev hands them to Quarto; only imports, exported cells and show_doc are executed. Links out of the site lead to the repository"
    from nbdev.quarto import refresh_quarto_yml
    from nbdev.serve import proc_nbs
    os.chdir(ROOT)
    shutil.rmtree(PROC, ignore_errors=True)
    with redirect_stdout(sys.stderr):                       # what exported cells print is no fault
        refresh_quarto_yml()
        proc_nbs(n_workers=0)
    known = {name: signatures.show(s) for file in (ROOT/'pneumo_nb').rglob('*.py') for name, s in signatures.read(file).items()}
    for path in notebooks(PROC): stand_alone(path, known)

def notebooks(folder): return sorted(p for p in folder.rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts)

def lines(text): return re.findall(r'[^\n]*\n|[^\n]+', text)

SKIPPED = r'```.*?```|`[^`]*`|<(?P<tag>style|script|pre|code)\b.*?</(?P=tag)>|<[^>]*>|\]\([^)\s]*\)|\$\$.*?\$\$|\$[^$\n]+\$|https?:\S+'   # no prose
def per_cent(text):
    "`93.6%` as it is written everywhere else: 93.6 %, held together"
    return re.sub(rf'(\d) ?%|({SKIPPED})', lambda m: m[2] or f'{m[1]}\N{NO-BREAK SPACE}%', text, flags=re.S)

def as_markdown(data):
    "An output without `text/html`, for which Quarto loads jquery and require.js from a network: a block of HTML in markdown does the same"
    data = {kind: ''.join(v) if isinstance(v, list) else v for kind, v in data.items()}
    if 'text/html' in data:
        block = re.sub(r'<style scoped>.*?</style>\s*', '', data.pop('text/html'), flags=re.S)     # pandas' own
        data = {'text/markdown': f'```{{=html}}\n{per_cent(block)}\n```\n', **{k: v for k, v in data.items() if k == 'text/plain'}}
    return data

def stand_alone(path, known, proc=PROC):
    "Rewrite a processed notebook for either renderer: sources in lines, no HTML outputs, links and pictures that work from the site"
    nb = json.loads(path.read_text())
    nb['metadata'].pop('widgets', None)                     # with it Quarto loads scripts from a network
    def away(m):
        picture, target = m[1], m[2]                        # '![alt text', or nothing for a link
        source = (NBS/path.relative_to(proc)).parent/target
        if source.resolve().is_relative_to(NBS): return m[0]
        inside = source.resolve().relative_to(ROOT).as_posix()
        if not picture: return f']({repository()}{inside}'
        copy = proc/'pictures'/inside.replace('/', '-'); copy.parent.mkdir(exist_ok=True)
        if source.exists(): shutil.copy(source, copy)
        return f'{picture}]({os.path.relpath(copy, path.parent)}'
    def unlinked(m): return re.sub(r'\[(`[^`]+`)\]\([^)]*\)', r'\1', m[0])
    def described(m): return m[0] + '{fig-alt="' + m[1].replace('`', '').replace('"', '”') + '"}'
    def rewrite(text):                                      # nbdev links names of the library: a noise in code,
        text = re.sub(r'^```python$.*?^```$', unlinked, text, flags=re.M | re.S)
        text = re.sub(r'\[`[\w.]*\b_\w+`\]\([^)]*\)', unlinked, text)          # no page describes private ones,
        text = re.sub(r'\[[^][]*(?:\[`[^`]+`\]\([^)]*\)[^][]*)+\](?=\()', unlinked, text)    # and no link holds another
        text = re.sub(r'(!\[[^\]]*|)\]\((\.\./[^)\s]+)', away, text)
        text = re.sub(r'^!\[([^\]]+)\]\([^)\s]+\)$', described, text, flags=re.M)           # Quarto takes the text for a caption alone
        return per_cent(text)
    for c in nb['cells']:
        source = ''.join(c['source'])
        shown = re.match(r'(?:#\|.*\n)*show_doc\(([\w.]+)', source)
        c['source'] = lines(rewrite(source) if c['cell_type'] == 'markdown' else source)
        for o in c.get('outputs', []):
            if 'text' in o: o['text'] = lines(''.join(o['text']))
            if 'data' not in o: continue
            data = as_markdown(o['data'])
            if 'text/markdown' in data:
                text = data['text/markdown']
                if shown and shown[1] in known: text = re.sub(r'^```python\n.*?^```$', lambda m: f'```python\n{known[shown[1]]}\n```', text, count=1, flags=re.M | re.S)
                data['text/markdown'] = text if text.startswith('```{=html}') else rewrite(text)
            o['data'] = {k: lines(v) if k.startswith('text/') or k.endswith('xml') else v for k, v in data.items()}
    if 'revealjs' in ''.join(nb['cells'][0]['source']): deck(nb['cells'])
    path.write_text(json.dumps(nb, ensure_ascii=False))

def deck(cells):
    """Slides begin with the first one that was written. With a title Quarto puts a bare one before it; it takes the first heading for
    the title when nothing stands before that; and what stands there is a slide of its own, nbdev's comment too, but for a definition"""
    import yaml
    front = yaml.safe_load(''.join(cells[0]['source']).strip().strip('-'))
    front['pagetitle'] = front.pop('title')
    name = front['pagetitle'].split(': ')[-1]
    cells[0]['source'] = lines(f'---\n{yaml.safe_dump(front, allow_unicode=True)}---\n')
    cells[1]['source'] = lines(f"[deck]: slides.html\n\n## {name[0].upper()}{name[1:]}\n\n> {front['description']}\n")

# --- markdown as Quarto understands it ---

def slug(text):
    "The anchor that pandoc gives a heading"
    text = re.sub(r'[^\w\s.-]', '', html.unescape(re.sub(r'<[^>]+>', '', text))).strip().lower()
    return re.sub(r'^[^a-z]+', '', re.sub(r'\s+', '-', text)) or 'section'

def mathml(tex, block=False):
    from latex2mathml.converter import convert
    return convert(tex.strip(), display='block' if block else 'inline')

def fences(text):
    "Quarto's fenced divisions, callouts among them, as HTML that markdown passes on"
    def opened(m):
        classes = ' '.join(re.findall(r'\.([\w-]+)', re.sub(r'"[^"]*"', '', m[1]))) or m[1].strip()
        kind, title = re.search(r'callout-(\w+)', classes), re.search(r'title="([^"]*)"', m[1])
        head = f'<div class="callout-title">{title[1] if title else kind[1].title()}</div>\n\n' if kind else ''
        return f'\n<div class="{"callout " if kind else ""}{html.escape(classes)}">\n\n{head}'
    return re.sub(r'^:{3,}\s*$', '\n</div>\n', re.sub(r'^:{3,}\s*(\{[^}]*\}|[\w.-]+)\s*$', opened, text, flags=re.M), flags=re.M)

class Page:
    "One notebook on its way to HTML: where it goes, its headings, its figures"
    def __init__(self, path, proc=PROC, docs=DOCS):
        import yaml
        self.source, self.docs = path.relative_to(proc), docs
        self.cells = json.loads(path.read_text())['cells']
        first = ''.join(self.cells[0]['source']) if self.cells and self.cells[0]['cell_type'] == 'raw' else ''
        self.front = yaml.safe_load(first.strip().strip('-')) or {}
        self.url = self.source.with_name(self.front.get('output-file', f'{path.stem}.html')).as_posix()
        self.root = '../'*(len(self.source.parts) - 1)
        self.is_deck = 'revealjs' in str(self.front.get('format', ''))
        self.title, self.description = str(self.front.get('title') or self.front.get('pagetitle', path.stem)), self.front.get('description', '')
        self.notebook = repository() + 'nbs/' + self.source.as_posix()
        self.ids, self.toc, self.figures, self.faults = {}, [], 0, []

    def anchor(self, text):
        base = slug(text); n = self.ids[base] = self.ids.get(base, -1) + 1
        return f'{base}-{n}' if n else base

    def markdown(self):
        "A mistune parser that writes headings with anchors, links to pages, scrolling tables, highlighted code and MathML"
        import mistune
        page = self
        class Renderer(mistune.HTMLRenderer):
            def heading(self, text, level, **attrs):
                own = re.search(r'\s*\{([^}]*)\}\s*$', text)
                if own: text = text[:own.start()]
                name = re.search(r'#([\w.-]+)', own[1])[1] if own and '#' in own[1] else page.anchor(text)
                plain = re.sub(r'<[^>]+>', '', text)
                if level in (2, 3) and not (own and '.unlisted' in own[1]): page.toc.append((level, name, plain))
                says = html.escape(f'Link to {html.unescape(plain)}')
                return f'<h{level} id="{name}">{text}<a class="anchor" href="#{name}" aria-label="{says}">#</a></h{level}>\n'
            def link(self, text, url, title=None): return super().link(text, page.target(url), title)
            def image(self, text, url, title=None): return super().image(text, url, title)
            def paragraph(self, text):
                alone = re.fullmatch(r'(<img [^>]*alt=")([^"]*)("[^>]*>)(?:\{fig-alt=&quot;(.*)&quot;\})?', text.strip())     # as Quarto: the text is
                if not alone: return super().paragraph(text)                                # the caption, and fig-alt the alternative to the picture
                return f'<figure>{alone[1]}{alone[4] or ""}{alone[3]}<figcaption>{alone[2]}</figcaption></figure>\n'
            def block_code(self, code, info=None):
                language = re.sub(r'[{}.]', '', info or '').split(' ')[0]
                return f'<div class="code {language}">{highlight(code, language)}</div>\n'
            def inline_math(self, text): return page.math(text)
            def block_math(self, text): return page.math(text, True)
        md = mistune.Markdown(renderer=Renderer(escape=False), plugins=[])
        for name in ('table', 'footnotes', 'strikethrough', 'def_list', 'math'): mistune.plugins.import_plugin(name)(md)
        for name in ('inline_math', 'block_math'): md.renderer.register(name, lambda r, text, name=name: getattr(Renderer, name)(r, text))
        return md

    def math(self, tex, block=False):
        try: return mathml(tex, block)
        except Exception as e:
            self.faults.append(f'{self.url}: the formula `{tex}` cannot be read: {type(e).__name__} {e}')
            return f'<code>{html.escape(tex)}</code>'

    def target(self, url):
        "A link's address on the site: notebooks become pages, the site's own address becomes a relative one"
        own = host() + '/'
        if url.startswith(own): return self.root + url.removeprefix(own)
        path, hash, anchor = url.partition('#')
        if re.match(r'\w+:', url) or not path.endswith('.ipynb'): return url
        found = self.pages.get(os.path.normpath(self.source.parent/path).replace(os.sep, '/'))
        return self.root + found.url + hash + anchor if found else url

    def prose(self, text):
        block = re.fullmatch(r'\s*```\{=html\}\n(.*)\n```\s*', text, flags=re.S)
        if block: return scrolling(block[1])
        text = re.sub(r'\[source\]\(([^)]*)\)\{[^}\n]*\}', r'<a class="source" href="\1">source</a>', fences(text))
        return scrolling(self.md(text))

    def render(self, pages):
        "The page's body: its cells as Quarto shows them"
        self.pages, self.md = pages, self.markdown()
        body = '\n'.join(self.prose(''.join(c['source'])) if c['cell_type'] == 'markdown' else self.code(c) for c in self.cells if c['cell_type'] != 'raw')
        return self.slides(body) if self.is_deck else body

    def slides(self, body):
        "A deck's slides one below the other, in the elements that reveal.js has them in"
        first, *rest = re.split(r'(?=<h2)', body)
        return f'{first}<div class="reveal"><div class="slides">' + '\n'.join(f'<section class="slide">{s}</section>' for s in rest) + '</div></div>'

    def options(self, lines):
        "The options of a cell: YAML after `#|`, as Quarto reads it"
        import yaml
        text = '\n'.join(line[2:].removeprefix(' ') for line in lines if re.match(r'#\|\s*[\w-]+:', line) or line.startswith('#|  '))
        try: return yaml.safe_load(text) or {}
        except yaml.YAMLError as e:
            self.faults.append(f'{self.url}: no YAML, as Quarto would read it; quote the values: {text.splitlines()[0][:80]} ({getattr(e, "problem", e)})')
            return {}

    def code(self, cell):
        "A code cell: its source where that is shown, folded where asked, and its outputs"
        lines = ''.join(cell['source']).splitlines()
        n = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith('#|')), len(lines))
        options, source, outputs = self.options(lines[:n]), '\n'.join(lines[n:]).strip('\n'), cell.get('outputs', [])
        if options.get('include') is False: return ''
        if source.startswith('show_doc(') and not outputs:
            self.faults.append(f'{self.url}: {source} shows nothing; nbdev cannot write down a default value that is an array')
        shown = highlight(source, 'python') if source and options.get('echo', self.front.get('execute', {}).get('echo', True)) else ''
        if shown and (fold := options.get('code-fold')):
            shown = f'<details{" open" if fold == "show" else ""}><summary>{html.escape(options.get("code-summary", "Code"))}</summary>{shown}</details>'
        seen = '' if options.get('output') is False else '\n'.join(self.output(o, options) for o in outputs)
        return (f'<div class="code">{shown}</div>\n' if shown else '') + seen

    def output(self, o, options):
        text = lambda v: ''.join(v)
        if o['output_type'] == 'stream': return f'<div class="output {o["name"]}"><pre>{html.escape(text(o["text"]))}</pre></div>'
        if o['output_type'] == 'error': return f'<div class="output error"><pre>{html.escape(o["ename"] + ": " + o["evalue"])}</pre></div>'
        data = o['data']
        for kind, end in (('image/svg+xml', 'svg'), ('image/png', 'png')):
            if kind in data: return self.figure(b64decode(text(data[kind])) if end == 'png' else text(data[kind]).encode(), end, options)
        if 'text/markdown' in data: return f'<div class="output">{self.prose(text(data["text/markdown"]))}</div>'
        return f'<div class="output"><pre>{html.escape(text(data["text/plain"]))}</pre></div>' if 'text/plain' in data else ''

    def figure(self, data, end, options):
        self.figures += 1
        name = f'{Path(self.url).stem}_files/figure-{self.figures}.{end}'
        alt = options.get('fig-alt', '')
        file = (self.docs/self.url).parent/name; file.parent.mkdir(parents=True, exist_ok=True); file.write_bytes(data)
        caption = self.prose(options.get('fig-cap', '')).strip().removeprefix('<p>').removesuffix('</p>')
        caption = f'<figcaption>{caption}</figcaption>' if caption else ''
        return f'<div class="output"><figure><img src="{name}" alt="{html.escape(alt)}" loading="lazy">{caption}</figure></div>'

def scrolling(text):
    "Tables in a box of their own that scrolls"
    return re.sub(r'<table.*?</table>', r'<div class="scroll">\g<0></div>', text, flags=re.S)

def highlight(code, language=''):
    from pygments import highlight as color
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import TextLexer, get_lexer_by_name
    from pygments.util import ClassNotFound
    try: lexer = get_lexer_by_name(language or 'text')
    except ClassNotFound: lexer = TextLexer()
    return color(code, lexer, HtmlFormatter()).replace('<pre>', '<pre tabindex="0">')

# --- the site ---

def quarto_yml():
    import yaml
    return yaml.safe_load((ROOT/'_quarto.yml').read_text())

def menu(items, page, pages, faults):
    "Entries of navbar or sidebar, sections with what is in them, with their addresses as seen from `page`"
    for item in items:
        if isinstance(item, str): item = dict(href=item)
        inner = item.get('contents') or item.get('menu')
        if inner: yield dict(text=item.get('section') or item.get('text'), inner=list(menu(inner, page, pages, faults))); continue
        found = pages.get(item['href'])
        if found: yield dict(text=item.get('text') or found.title, url=page.root + found.url, here=found is page)
        else: faults.append(f"_quarto.yml: {item['href']} is in a menu and not in nbs/")

def flat(items): return [x for i in items for x in (flat(i['inner']) if 'inner' in i else [i])]

def render(proc=PROC, docs=DOCS):
    "Every processed notebook as a page; what could not be rendered as Quarto would, as a list of faults"
    from jinja2 import Environment, FileSystemLoader
    site, faults = quarto_yml()['website'], []
    template = Environment(loader=FileSystemLoader(TOOLS), autoescape=True, trim_blocks=True).get_template('page.html')
    shutil.rmtree(docs, ignore_errors=True); docs.mkdir(parents=True)
    for p in proc.rglob('*'):
        if p.is_file() and p.suffix not in ('.ipynb', '.yml', '.scss'):
            (docs/p.relative_to(proc)).parent.mkdir(parents=True, exist_ok=True); shutil.copy(p, docs/p.relative_to(proc))
    shutil.copy(TOOLS/'page.css', docs/'styles')
    pages = {p.source.as_posix(): p for p in (Page(n, proc, docs) for n in notebooks(proc))}
    for page in pages.values():
        missing = []                                        # the same for each page
        navbar, sidebar = (list(menu(site[bar][key], page, pages, missing)) for bar, key in (('navbar', 'left'), ('sidebar', 'contents')))
        order = flat(sidebar); at = next((i for i, x in enumerate(order) if x['here']), None)
        if at is None and page.url != '404.html': faults.append(f'_quarto.yml: {page.source} is not in the sidebar')
        before, after = (order[at - 1] if at else None, order[at + 1] if at + 1 < len(order) else None) if at is not None else (None, None)
        body = page.render(pages)
        file = docs/page.url; file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(template.render(site=site, host=host(), page=page, body=body, navbar=navbar, sidebar=sidebar, before=before, after=after))
        faults += page.faults
    faults += sorted(set(missing))
    faults += [f'{n.relative_to(NBS)}: was not processed for the site' for n in notebooks(NBS) if n.relative_to(NBS).as_posix() not in pages]
    return faults

def prepare():
    try: process()
    except Exception as e:                                 # nbdev names the notebook and the cell; the cause says what happened there
        print(f'the notebooks cannot be processed for the site: {e}', f'{type(e.__cause__).__name__}: {e.__cause__}' if e.__cause__ else '', sep='\n')
        sys.exit(1)

if __name__ == '__main__':
    arg = ArgumentParser(description=__doc__.split('\n')[0])
    arg.add_argument('--prepare', action='store_true', help='process the notebooks into _proc/ and stop')
    arg.add_argument('--check', action='store_true', help='list what is wrong with the pages')
    arg.add_argument('--faults', metavar='FOLDER', type=Path, help='list what is wrong with pages that were rendered already, by Quarto or by this')
    arg.add_argument('--no-browser', action='store_true', help='check all but what Chromium is needed for: widths and contrasts')
    arg.add_argument('--shots', metavar='FOLDER', type=Path, help='take pictures of every page')
    arg = arg.parse_args()
    docs, faults = arg.faults or DOCS, []
    if not arg.faults: prepare()
    if arg.prepare: sys.exit()
    if not arg.faults: faults += render()
    if arg.shots:
        from browser import Browser
        with Browser() as b: b.shots(docs, arg.shots)
    if arg.check or arg.faults:
        from site_faults import every_fault
        faults += every_fault(PROC, docs, repository(), host(), ROOT, not arg.no_browser)
    for f in faults: print(f)
    print(f'{len(list(docs.rglob("*.html")))} pages in {os.path.relpath(docs)}/, {len(faults)} faults')
    if arg.check or arg.faults: sys.exit(bool(faults))
