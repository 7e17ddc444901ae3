"""The site: the notebooks as nbdev processes them for Quarto (_proc/), and how they look (_docs/), as smalldocs renders them.

site.py                  process and render
site.py --prepare        process only; `quarto render _proc` is what publishes
site.py --check          process, render and list what is wrong; exit status 1 when anything is
site.py --faults FOLDER  list what is wrong with _proc/ and with pages that are there already: _docs, or _proc/_docs as Quarto renders them
site.py --shots FOLDER   process, render and take pictures of every page, 1280 and 390 px wide, light and dark

Quarto is what publishes, and is on no package registry; smalldocs reads the same _quarto.yml and looks nearly the same. What it does
not do is left to the checks of Quarto's own pages, before they are published: Sass, MathML, og:image, slides, and pages without a network.
"""
import json, os, re, shutil, subprocess, sys
from argparse import ArgumentParser
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

# --- how it looks ---

NOT_READ = r'is not read by smalldocs|compiles no Sass'   # Quarto does

def render(proc=PROC, docs=DOCS):
    "Every processed notebook as a page; what smalldocs complains of, as a list of faults"
    shutil.rmtree(docs, ignore_errors=True)
    with (proc/'styles'/'content.css').open('a') as f: f.write((TOOLS/'preview.css').read_text())
    done = subprocess.run([str(Path(sys.executable).with_name('smalldocs')), 'render', str(proc)], capture_output=True, text=True)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith('warning: ') and not re.search(NOT_READ, line)]
    if done.returncode: said.append(f'smalldocs: {done.stderr[-2000:]}')
    else: shutil.move(proc/docs.name, docs)
    listed = (ROOT/'_quarto.yml').read_text()
    missing = [n for n in notebooks(NBS) if n.stem != '404' and n.relative_to(NBS).as_posix() not in listed]
    return said + [f'_quarto.yml: {n.relative_to(NBS)} is not in the sidebar' for n in missing]

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
        from browser import chromium, shots
        with chromium() as b: shots(b, docs, arg.shots)
    if arg.check or arg.faults:
        from site_faults import every_fault
        faults += every_fault(PROC, docs, repository(), host(), ROOT, not arg.no_browser)
    for f in faults: print(f)
    print(f'{len(list(docs.rglob("*.html")))} pages in {os.path.relpath(docs)}/, {len(faults)} faults')
    if arg.check or arg.faults: sys.exit(bool(faults))
