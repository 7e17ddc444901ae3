"""The site: the notebooks as nbdev processes them for Quarto (_proc/), and how they look (_docs/), as smalldocs renders them.

site.py                  process and render
site.py --prepare        process only; `quarto render _proc` is what publishes
site.py --check          process, render and list what is wrong; exit status 1 when anything is
site.py --faults FOLDER  list what is wrong with _proc/ and with pages that are there already: _docs, or _proc/_docs as Quarto renders them
site.py --shots FOLDER   process, render and take pictures of every page, 1280 and 390 px wide, light and dark

Quarto is what publishes, and is on no package registry; smalldocs reads the same _quarto.yml and looks nearly the same. What it does
not do is left to the checks of Quarto's own pages, before they are published: Sass, MathML, og:image, slides, and pages without a network.
"""
import ast
import base64
import json
import os
import re
import shutil
import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout
from pathlib import Path
import yaml
from nbdev.quarto import refresh_quarto_yml
from nbdev.serve import proc_nbs
import signatures  # tools/signatures.py
from browser import chromium, shots
from repo import LIB, NBS, ROOT, installed, notebooks, run, settings
from site_faults import every_fault

PROC, DOCS = ROOT/'_proc', ROOT/'_docs'

# --- what Quarto and this renderer both get ---

def repository(kind='blob'): return f"{settings()['git_url']}/{kind}/{settings()['branch']}/"

def host(): return settings()['doc_host'] + settings()['doc_baseurl']

def process():
    "Notebooks as nbdev hands them to Quarto: imports, exported cells and show_doc are executed. Links out lead to the repository"
    os.chdir(ROOT)
    shutil.rmtree(PROC, ignore_errors=True)
    with redirect_stdout(sys.stderr):                       # what exported cells print is no fault
        refresh_quarto_yml()
        proc_nbs(n_workers=0)
    known = {name: signatures.show(s) for file in LIB.rglob('*.py') for name, s in signatures.read(file).items()}
    for path in notebooks(PROC): stand_alone(path, known)

def lines(text): return re.findall(r'[^\n]*\n|[^\n]+', text)

SKIPPED = (r'```.*?```|`[^`]*`|<(?P<tag>style|script|pre|code)\b.*?</(?P=tag)>|<[^>]*>|\]\([^)\s]*\)|'
           r'\$\$.*?\$\$|\$[^$\n]+\$|https?:\S+')         # no prose
def per_cent(text):
    "`93.6%` as it is written everywhere else: 93.6 %, held together"
    return re.sub(rf'(\d) ?%|({SKIPPED})', lambda m: m[2] or f'{m[1]}\N{NO-BREAK SPACE}%', text, flags=re.S)

def as_markdown(data):
    "An output without `text/html`, for which Quarto loads scripts from a network: a block of HTML in markdown does the same"
    data = {kind: ''.join(v) if isinstance(v, list) else v for kind, v in data.items()}
    if 'text/html' in data:
        block = re.sub(r'<style scoped>.*?</style>\s*', '', data.pop('text/html'), flags=re.S)     # pandas' own
        data = {'text/markdown': f'```{{=html}}\n{per_cent(block)}\n```\n', **{k: v for k, v in data.items() if k == 'text/plain'}}
    return data

def away(picture, target, path, proc):
    "A link or picture ('![alt text', or nothing for a link) that leads out of the notebooks' folder: into the repository, or to a copy"
    source = (NBS/path.relative_to(proc)).parent/target
    if source.resolve().is_relative_to(NBS): return f'{picture}]({target}'
    inside = source.resolve().relative_to(ROOT).as_posix()
    page = inside.endswith('.html')                         # a whole page, with what lies beside it
    if not picture and not page: return f']({repository()}{inside}'
    copy = proc/'pages'/inside if page else proc/'pictures'/inside.replace('/', '-')
    copy.parent.mkdir(parents=True, exist_ok=True)
    if source.exists(): shutil.copy(source, copy)
    if page and (source.parent/'films').is_dir(): shutil.copytree(source.parent/'films', copy.parent/'films', dirs_exist_ok=True)
    return f'{picture}]({os.path.relpath(copy, path.parent)}'

def unlinked(m): return re.sub(r'\[(`[^`]+`)\]\([^)]*\)', r'\1', m[0])

def described(m): return m[0] + '{fig-alt="' + m[1].replace('`', '').replace('"', '”') + '"}'

def rewrite(text, path, proc):
    "Markdown whose links and pictures work from the site"
    text = re.sub(r'^```python$.*?^```$', unlinked, text, flags=re.M | re.S)          # nbdev's links to names: a noise in code,
    text = re.sub(r'\[`[\w.]*\b_\w+`\]\([^)]*\)', unlinked, text)                         # no page describes private ones,
    text = re.sub(r'\[[^][]*(?:\[`[^`]+`\]\([^)]*\)[^][]*)+\](?=\()', unlinked, text)    # and no link holds another
    text = re.sub(r'(!\[[^\]]*|)\]\((\.\./[^)\s]+)', lambda m: away(m[1], m[2], path, proc), text)
    text = re.sub(r'^!\[([^\]]+)\]\([^)\s]+\)$', described, text, flags=re.M)            # Quarto takes the text for a caption alone
    return per_cent(text)

def output_data(data, signature, path, proc):
    "An output without HTML, in lines; nbdev's signature gives way to ours"
    data = as_markdown(data)
    if text := data.get('text/markdown'):
        if signature: text = re.sub(r'^```python\n.*?^```$', lambda m: f'```python\n{signature}\n```', text, count=1, flags=re.M | re.S)
        data['text/markdown'] = text if text.startswith('```{=html}') else rewrite(text, path, proc)
    return {k: lines(v) if k.startswith('text/') or k.endswith('xml') else v for k, v in data.items()}

def kind_of(cell):
    "'Imports' or 'Checks' for a cell of nothing else that shows nothing; None for what a reader came for"
    source = ''.join(cell['source'])
    if cell['cell_type'] != 'code' or cell.get('outputs') or re.search(r'^(#\||[%!]|show_doc)', source, flags=re.M): return
    body = ast.parse(source).body
    if body and all(isinstance(n, (ast.Import, ast.ImportFrom)) for n in body): return 'Imports'
    if re.search(r'^( *)(assert |test_\w+\()', source, flags=re.M): return 'Checks'

def folded(cells, copied):
    "Cells that only import or only check, closed until somebody opens them; imports stay open on pages that are `copied` from"
    for cell in cells:
        kind = kind_of(cell)
        if not kind or copied and kind == 'Imports': continue
        cell['source'] = f'#| code-fold: true\n#| code-summary: {kind}\n' + ''.join(cell['source'])

def option(source, name):
    "A cell's option, '' when it has none"
    m = re.search(rf'^#\| *{name}: *(.*)$', source, flags=re.M)
    return m[1].strip().strip('"') if m else ''

def slug(heading): return re.sub(r'[^\w-]+', '', heading.strip().lower().replace(' ', '-'))

def pictures(cells):
    "(number of the cell, slug of its section, the picture, caption, alternative text) of each picture that has both words"
    section = ''
    for i, cell in enumerate(cells):
        source = ''.join(cell['source'])
        if cell['cell_type'] == 'markdown' and (heads := re.findall(r'^#+ (.+)$', source, flags=re.M)): section = slug(heads[-1])
        png = next((o['data']['image/png'] for o in cell.get('outputs', []) if 'image/png' in o.get('data', {})), None)
        if png and option(source, 'fig-cap') and option(source, 'fig-alt'):
            yield i, section, ''.join(png), option(source, 'fig-cap'), option(source, 'fig-alt')

def led_by(cells, path, proc):
    "A chapter whose pictures lie far below gets a copy of one under its first words: of the section that these link to, else its first"
    found = list(pictures(cells))
    if not found or found[0][0] < 8: return               # one is on the first screen as it is
    first = next(c for c in cells[1:] if c['cell_type'] == 'markdown' and re.sub(r'<!--.*?-->', '', ''.join(c['source'])).strip())
    said = ''.join(first['source'])
    if said.startswith('#'): return                       # its first words are those of a section
    wanted = re.findall(r'\]\(#([^)]+)\)', said)
    _, _, png, caption, alt = next((p for p in found if p[1] in wanted), found[0])
    copy = proc/'pictures'/f'{path.stem}-first.png'
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(base64.b64decode(png))
    caption, alt = re.match(r'.*?\.(?= |$)|.*', caption)[0], alt.replace('"', '”')
    first['source'] = f'{said}\n\n![{caption}]({os.path.relpath(copy, path.parent)}){{.first-picture fig-alt="{alt}"}}\n'

def stand_alone(path, known, proc=PROC):
    "Rewrite a processed notebook for either renderer: sources in lines, no HTML outputs, links and pictures that work from the site"
    nb = json.loads(path.read_text())
    nb['metadata'].pop('widgets', None)                     # with it Quarto loads scripts from a network
    if 'slides' not in path.stem: led_by(nb['cells'], path, proc)
    folded(nb['cells'], 'tutorials' in path.parts or path.stem == 'index')
    for c in nb['cells']:
        source = ''.join(c['source'])
        shown = re.match(r'(?:#\|.*\n)*show_doc\(([\w.]+)', source)
        c['source'] = lines(rewrite(source, path, proc) if c['cell_type'] == 'markdown' else source)
        for o in c.get('outputs', []):
            if 'text' in o: o['text'] = lines(''.join(o['text']))
            if 'data' in o: o['data'] = output_data(o['data'], shown and known.get(shown[1]), path, proc)
    if 'revealjs' in ''.join(nb['cells'][0]['source']): deck(nb['cells'])
    path.write_text(json.dumps(nb, ensure_ascii=False))

def deck(cells):
    """Slides begin with the first one that was written. With a title Quarto puts a bare one before it; it takes the first heading for
    the title when nothing stands before that; and what stands there is a slide of its own, nbdev's comment too, but for a definition"""
    front = yaml.safe_load(''.join(cells[0]['source']).strip().strip('-'))
    front['pagetitle'] = front.pop('title')
    name = front['pagetitle'].split(': ')[-1]
    cells[0]['source'] = lines(f'---\n{yaml.safe_dump(front, allow_unicode=True)}---\n')
    cells[1]['source'] = lines(f"[deck]: slides.html\n\n## {name[0].upper()}{name[1:]}\n\n> {front['description']}\n")

# --- how it looks ---

NOT_READ = ('is not read by smalldocs|compiles no Sass|unknown key website.open-graph|html-math-method is ignored|'
            'revealjs is not built')   # Quarto does

def render(proc=PROC, docs=DOCS):
    "Every processed notebook as a page; what smalldocs complains of, as a list of faults"
    shutil.rmtree(docs, ignore_errors=True)
    with (proc/'styles'/'content.css').open('a') as f: f.write((ROOT/'tools'/'preview.css').read_text())
    done = run(installed('smalldocs'), 'render', proc)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith('warning: ') and not re.search(NOT_READ, line)]
    if done.returncode: said.append(f'smalldocs: {done.stderr[-2000:]}')
    else: shutil.move(proc/docs.name, docs)
    listed = (ROOT/'_quarto.yml').read_text()
    missing = [n for n in notebooks(NBS) if n.stem != '404' and n.relative_to(NBS).as_posix() not in listed]
    return said + [f'_quarto.yml: {n.relative_to(NBS)} is not in the sidebar' for n in missing]

def prepare():
    "Process the notebooks, or say why that is not possible"
    try: process()
    except Exception as e:                                 # nbdev names the notebook and the cell; the cause says what happened there
        why = f'{type(e.__cause__).__name__}: {e.__cause__}' if e.__cause__ else ''
        print(f'the notebooks cannot be processed for the site: {e}', why, sep='\n')
        sys.exit(1)

def arguments():
    arg = ArgumentParser(description=__doc__.split('\n')[0])
    arg.add_argument('--prepare', action='store_true', help='process the notebooks into _proc/ and stop')
    arg.add_argument('--check', action='store_true', help='list what is wrong with the pages')
    arg.add_argument('--faults', metavar='FOLDER', type=Path, help='list what is wrong with pages that were rendered already')
    arg.add_argument('--no-browser', action='store_true', help='check all but what Chromium is needed for: widths and contrasts')
    arg.add_argument('--shots', metavar='FOLDER', type=Path, help='take pictures of every page')
    return arg.parse_args()

def main():
    arg = arguments()
    docs, checks = arg.faults or DOCS, arg.check or arg.faults
    if not arg.faults: prepare()
    if arg.prepare: sys.exit()
    faults = [] if arg.faults else render()
    if arg.shots:
        with chromium() as b: shots(b, docs, arg.shots)
    if checks: faults += every_fault(PROC, docs, repository(), host(), ROOT, not arg.no_browser)
    for f in faults: print(f)
    print(f'{len(list(docs.rglob("*.html")))} pages in {os.path.relpath(docs)}/, {len(faults)} faults')
    if checks: sys.exit(bool(faults))

if __name__ == '__main__': main()
