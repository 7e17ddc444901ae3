"""Every fault that tools/site_faults.py looks for, planted in a page as Quarto 1.7 writes it, in one as smalldocs does, in slides and in a notebook

test_site.py                 exit status 1 when one is not found, or when something is found in pages without a fault
test_site.py --no-browser    leaves out what Chromium is needed for: contrasts and widths
"""
import json, sys, tempfile
from pathlib import Path
import site_faults

REPOSITORY, HOST = 'https://github.com/o/lib/blob/main/', 'https://o.github.io/lib'
PROSE = '''<p>Of all films 93.6 % with <code>score</code>, more in <a href="two.html">The queue</a>.</p>
<figure><img src="a.png" alt="Two lungs"><figcaption>A film</figcaption></figure><h2 id="s">Results</h2><table><tr><td>1</td></tr></table>'''
HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title} – lib</title><meta property="og:image" content="https://o.github.io/lib/a.png"><style>body {{ background:#fff; color:#222 }}</style>'
QUARTO = f'''<!DOCTYPE html><html><head>{HEAD}<link href="site_libs/bootstrap/bootstrap.css" rel="stylesheet"></head><body class="nav-sidebar docked">
<div id="quarto-search-results"></div><header id="quarto-header"><nav class="navbar"><a class="navbar-brand" href="index.html"><span class="navbar-title">lib</span></a>
<ul class="navbar-nav"><li class="breadcrumb-item"><a href="two.html">In use</a></li><li><a class="nav-link" href="two.html"><span class="menu-text">The queue</span></a></li></ul></nav></header>
<div id="quarto-content"><nav id="quarto-sidebar" class="sidebar"><a href="index.html" class="sidebar-item-text"><span class="menu-text">lib</span></a></nav>
<div id="quarto-margin-sidebar"><nav id="TOC" role="doc-toc"><ul><li><a href="#s">Results</a></li></ul><div class="toc-actions"><a href="{REPOSITORY}nbs/{{name}}.ipynb">View source</a></div></nav></div>
<h1 class="quarto-secondary-nav-title"></h1><main class="content" id="quarto-document-content"><header id="title-block-header"><h1 class="title">{{title}}</h1></header>
<section id="s" class="level2">{PROSE.replace(' id="s"', '')}</section>
<nav class="page-navigation"><a href="two.html"><span class="nav-page-text">The queue</span></a></nav></main></div></body></html>'''
PREVIEW = f'''<!doctype html><html><head><meta name="generator" content="smalldocs-0">{HEAD}</head><body><header><a class="brand" href="index.html">lib</a><nav><a href="two.html">The queue</a></nav></header>
<main id="main"><div class="title"><h1>{{title}}</h1></div>{PROSE}<a href="{REPOSITORY}nbs/{{name}}.ipynb">View source</a></main></body></html>'''
SVG = '<svg role="img" aria-label="A row of films"><title>A row of films</title></svg>'
SLIDE = f'<section id="who" class="slide level2"><h2>Who is first?</h2><div class="cell-output">{SVG}</div></section>'
DECK = f'<!DOCTYPE html><html><head><title>Slides – lib</title></head><body class="quarto-light"><div class="reveal"><div class="slides">{SLIDE*2}</div></div></body></html>'

IN_PAGES = {                        # what is planted: (instead of what, what is found)
    '<p>See <a href="three.html">this</a></p>': 'no such page',
    '<p>See <a href="two.html#nowhere">this</a></p>': 'no such place',
    '<p>See <a href="../../away.html">this</a></p>': 'leads out of the site',
    f'<p>See <a href="{REPOSITORY}nbs/none.py">this</a></p>': 'no such file in the repository',
    '<p><a href="two.html">one <a href="index.html">two</a></a></p>': 'a link within a link',
    '<img src="a.png">': 'no alt text',
    '<img src="a.png" alt="a.png">': 'alt text is a file name',
    '<img src="none.png" alt="Lungs">': 'no such file',
    '<svg></svg>': 'without <title>',
    '<h1>Again</h1>': 'a second title',
    '<h4>Deep</h4>': 'skips a level',
    f'<h2>{"What came after it. "*9}</h2>': 'has swallowed',
    '<script src="https://cdn.example/require.js"></script>': '<script> loads',
    '<script src="//cdn.example/jquery.js"></script>': '<script> loads',
    '<link rel="stylesheet" href="https://fonts.example/lato.css">': '<link> loads',
    '<style>@import url("https://fonts.example/lato.css");</style>': 'a style loads',
    '<p>of 93.6% each</p>': 'a space stands before %',
    '<table><tr><td>93.6%</td></tr></table>': 'a space stands before %',
    '<p>some words ## A heading</p><p>## Another</p>': 'a heading was not read',
    '<p>| a | b | |---|---| | 1 | 2 |</p>': 'a table was not read',
    '<p>::: {.callout-note}</p>': 'a division was not read',
    '<p>```bash make ```</p>': 'a code block was not read',
    '<p>$$\\text{map}$$</p>': 'a formula was not read',
    '<p><span class="math inline">\\(x\\)</span></p>': 'needs scripts',
    '<p><a href="two.html">Triage</a></p>': 'a page has one name',
    f'<div class="dropdown-menu">{"<li>x</li>"*20}</div>': 'out of reach',
}
ONLY_QUARTO = '<script> loads', '<link> loads', 'a style loads', 'needs scripts', 'a formula was not read', 'no og:image'   # smalldocs does these its own way
SEEN = {                            # by Chromium
    '<p style="color:#aaa">pale</p>': 'contrast',
    '<p style="opacity:.4">pale</p>': 'contrast',
    '<p><code style="color:#7d12ba; background:#222">dark</code></p>': 'contrast',
    '<div style="width:900px">wide</div>': 'wide on a screen',
}
IN_SLIDES = {SLIDE: ('', '2 to 15'), '<h2>Who is first?</h2>': ('', 'no heading'), SVG: ('', 'bare'), '</body>': ('<script src="https://cdn.example/MathJax.js"></script></body>', '<script> loads')}
IN_NOTEBOOKS = [                    # cell, what is found
    (dict(cell_type='markdown', source='One\nTwo'), 'its source is a string'),
    (dict(cell_type='code', source=['x'], outputs=[dict(output_type='stream', name='stdout', text='a\nb')]), 'output text is a string'),
    (dict(cell_type='code', source=['x'], outputs=[dict(output_type='display_data', data={'text/markdown': 'a\nb'})]), 'output text/markdown is a string'),
    (dict(cell_type='code', source=['x'], outputs=[dict(output_type='display_data', data={'text/html': ['<b>a</b>']})]), 'text/html'),
    (dict(cell_type='code', source=['x'], outputs=[dict(output_type='display_data', data={'image/png': 'QQ=='})]), 'without #| fig-alt'),
    (dict(cell_type='code', source=['show_doc(f)'], outputs=[dict(output_type='display_data', data={'text/markdown': ['```python\n', 'def f(\n', '    a, # Known\n', '    b,\n', '):\n', '```\n']})]), 'nothing says what `b,`'),
    (dict(cell_type='code', source=['show_doc(f)'], outputs=[dict(output_type='display_data', data={'text/markdown': ['```python\n', f'def f(a:{"x"*90}):\n', '```\n']})]), 'signature is cut'),
    *((dict(cell_type='markdown', source=[text]), found) for text, found in (
        ('$$\\max\\Bigl(0\\Bigr)$$', 'holds \\Bigl'), ('where $\\mathscr{L}$ is', 'holds \\mathscr'), ('```\nmake\n```', 'without a language'), ('So:\n\n    make\n\nDone', 'indented code block'),
        ('see [the [`f`](f.html) here](two.html)', 'a link within a link'), ('![Lungs](a.png)', 'no alt text'))),
    (dict(cell_type='raw', source=['---\n', 'format: revealjs\n', '---']), 'loads MathJax'),
    (dict(cell_type='raw', source=['---\n', 'format: {revealjs: {html-math-method: mathml}}\n', '---']), 'a slide without one'),
    (dict(cell_type='raw', source=['---\n', 'format: {revealjs: {html-math-method: mathml}}\n', 'title: Who\n', '---']), 'a slide that holds nothing else'),
]

def lay(folder, page, deck=DECK, cell=None):
    "A small site and its processed notebook"
    docs, proc, root = folder/'_docs', folder/'_proc', folder/'root'
    for name, title in (('index', 'lib'), ('two', 'The queue'), ('404', 'No such page')): (docs/f'{name}.html').write_text(page.format(title=title, name=name))
    (docs/'slides.html').write_text(deck); (docs/'a.png').write_bytes(b'')
    (docs/'site_libs'/'bootstrap').mkdir(parents=True, exist_ok=True); (docs/'site_libs'/'bootstrap'/'bootstrap.css').write_text('a { color:#254b6b }')
    fine = dict(cell_type='markdown', source=['See [two](two.html), $\\frac{1}{2}$, 93 %\n', '\n', '```bash\n', 'make\n', '```\n'])
    (proc/'one.ipynb').write_text(json.dumps(dict(cells=[cell or fine, fine])))
    for name in ('index', 'two', '404'): (root/'nbs'/f'{name}.ipynb').touch()
    return [f for f in site_faults.every_fault(proc, docs, REPOSITORY, HOST, root, browser=False)]

def check(browser=True):
    "What was not found, and what was found where nothing is wrong"
    with tempfile.TemporaryDirectory() as d:
        folder = Path(d)
        for name in ('_docs', '_proc', 'root/nbs', 'root/pneumo_nb'): (folder/name).mkdir(parents=True)
        for renderer, page in (('Quarto', QUARTO), ('smalldocs', PREVIEW)):
            yield from (f'{renderer}: nothing is wrong, but: {f}' for f in lay(folder, page))
            plant = lambda what: page.replace('<figure>', what.replace('{', '{{').replace('}', '}}') + '<figure>')
            for what, words in IN_PAGES.items():
                if renderer == 'smalldocs' and words in ONLY_QUARTO: continue
                if not any(words in f for f in lay(folder, plant(what))): yield f'{renderer}: not found: {what[:80]}'
            for gone, words in {'og:image': 'no og:image', 'nbs/{name}.ipynb': 'no link to its notebook', '>The queue</': 'a page has one name'}.items():
                if renderer == 'smalldocs' and words in ONLY_QUARTO: continue
                if not any(words in f for f in lay(folder, page.replace(gone, '>Triage</' if 'queue' in gone else 'gone'))): yield f'{renderer}: not found: {gone} is gone'
            for what, words in (SEEN.items() if browser else ()):
                lay(folder, plant(what))
                if not any(words in f for f in list(site_faults.looks(folder/'_docs', {'index.html': site_faults.pages(folder/'_docs')['index.html']}))): yield f'{renderer}: not seen: {what}'
            lay(folder, page)
            if browser: yield from (f'{renderer}: nothing is to be seen, but: {f}' for f in site_faults.looks(folder/'_docs', site_faults.pages(folder/'_docs')))
        for what, (instead, words) in IN_SLIDES.items():
            if not any('slides.html' in f and words in f for f in lay(folder, PREVIEW, DECK.replace(what, instead, 2 if what == SLIDE else 1))): yield f'slides: not found: {words}'
        if not any('16 slides' in f for f in lay(folder, PREVIEW, DECK.replace(SLIDE, SLIDE*8))): yield 'slides: not found: one too many'
        for cell, words in IN_NOTEBOOKS:
            if not any(words in f for f in lay(folder, PREVIEW, cell=cell)): yield f'a notebook: not found: {words}'
        lay(folder, PREVIEW); (folder/'_docs'/'404.html').unlink()
        if not any('404' in f for f in site_faults.furniture(folder/'_docs', site_faults.pages(folder/'_docs'), REPOSITORY, HOST)): yield 'not found: the 404 page is gone'

if __name__ == '__main__':
    browser = '--no-browser' not in sys.argv[1:]
    missed = list(check(browser))
    for m in missed: print(m)
    planted = 2*(len(IN_PAGES) + 3 + browser*len(SEEN)) - sum(words in ONLY_QUARTO for words in [*IN_PAGES.values(), 'no og:image']) + len(IN_SLIDES) + 2 + len(IN_NOTEBOOKS)
    print(f'{planted} planted faults, {len(missed)} of them or of the pages without one answered wrongly')
    sys.exit(bool(missed))
