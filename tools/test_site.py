"""Every fault that tools/site_faults.py looks for, planted in a page of Quarto's, in one of smalldocs', in slides and in a notebook

test_site.py                 exit status 1 when one is not found, or when something is found in pages without a fault
test_site.py --no-browser    leaves out what Chromium is needed for: contrasts and widths
"""
import json
import sys
import tempfile
from pathlib import Path
import site_faults

REPOSITORY, HOST = 'https://github.com/o/lib/blob/main/', 'https://o.github.io/lib'
PROSE = '''<p>Of all films 93.6 % with <code>score</code>, more in <a href="two.html">The queue</a>.</p>
<figure><img src="a.png" alt="Two lungs"><figcaption>A film</figcaption></figure>
<h2 id="s">Results</h2><table><tr><td>1</td></tr></table>'''
HEAD = '''<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title} – lib</title>
<meta property="og:image" content="https://o.github.io/lib/a.png"><style>body {{ background:#fff; color:#222 }}</style>'''
QUARTO = f'''<!DOCTYPE html><html><head>{HEAD}<link href="site_libs/bootstrap/bootstrap.css" rel="stylesheet"></head>
<body class="nav-sidebar docked"><div id="quarto-search-results"></div>
<header id="quarto-header"><nav class="navbar"><a class="navbar-brand" href="index.html"><span class="navbar-title">lib</span></a>
<ul class="navbar-nav"><li class="breadcrumb-item"><a href="two.html">In use</a></li>
<li><a class="nav-link" href="two.html"><span class="menu-text">The queue</span></a></li></ul></nav></header>
<div id="quarto-content"><nav id="quarto-sidebar" class="sidebar">
<a href="index.html" class="sidebar-item-text"><span class="menu-text">lib</span></a></nav>
<div id="quarto-margin-sidebar"><nav id="TOC" role="doc-toc"><ul><li><a href="#s">Results</a></li></ul>
<div class="toc-actions"><a href="{REPOSITORY}nbs/{{name}}.ipynb">View source</a></div></nav></div>
<h1 class="quarto-secondary-nav-title"></h1><main class="content" id="quarto-document-content">
<header id="title-block-header"><h1 class="title">{{title}}</h1></header>
<section id="s" class="level2">{PROSE.replace(' id="s"', '')}</section>
<nav class="page-navigation"><a href="two.html"><span class="nav-page-text">The queue</span></a></nav></main></div></body></html>'''
PREVIEW = f'''<!doctype html><html><head><meta name="generator" content="smalldocs-0">{HEAD}</head>
<body><header><a class="brand" href="index.html">lib</a><nav><a href="two.html">The queue</a></nav></header>
<main id="main"><div class="title"><h1>{{title}}</h1></div>{PROSE}
<a href="{REPOSITORY}nbs/{{name}}.ipynb">View source</a></main></body></html>'''
SVG = '<svg role="img" aria-label="A row of films"><title>A row of films</title></svg>'
SLIDE = f'<section id="who" class="slide level2"><h2>Who is first?</h2><div class="cell-output">{SVG}</div></section>'
DECK = f'''<!DOCTYPE html><html><head><title>Slides – lib</title></head>
<body class="quarto-light"><div class="reveal"><div class="slides">{SLIDE*2}</div></div></body></html>'''

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
GONE = {'og:image': 'no og:image', 'nbs/{name}.ipynb': 'no link to its notebook', '>The queue</': 'a page has one name'}
# smalldocs does these its own way
ONLY_QUARTO = '<script> loads', '<link> loads', 'a style loads', 'needs scripts', 'a formula was not read', 'no og:image'
SEEN = {                            # by Chromium
    '<p style="color:#aaa">pale</p>': 'contrast',
    '<p style="opacity:.4">pale</p>': 'contrast',
    '<p><code style="color:#7d12ba; background:#222">dark</code></p>': 'contrast',
    '<div style="width:900px">wide</div>': 'wide on a screen',
}
MATHJAX = '<script src="https://cdn.example/MathJax.js"></script></body>'
IN_SLIDES = {                       # what is replaced, how often: (by what, what is found)
    (SLIDE, 2): ('', '2 to 15'),
    (SLIDE, 1): (SLIDE*15, '16 slides'),
    ('<h2>Who is first?</h2>', 1): ('', 'no heading'),
    (SVG, 1): ('', 'bare'),
    ('</body>', 1): (MATHJAX, '<script> loads'),
}

def text(*source): return dict(cell_type='markdown', source=[*source])

def raw(*front): return dict(cell_type='raw', source=['---\n', *(f'{line}\n' for line in front), '---'])

def shown(source='x', **data): return dict(cell_type='code', source=[source], outputs=[dict(output_type='display_data', data=data)])

def documented(*rows): return shown('show_doc(f)', **{'text/markdown': ['```python\n', *(f'{row}\n' for row in rows), '```\n']})

STREAM = dict(output_type='stream', name='stdout', text='a\nb')
MATHML = 'format: {revealjs: {html-math-method: mathml}}'
IN_NOTEBOOKS = [                    # cell, what is found
    (dict(cell_type='markdown', source='One\nTwo'), 'its source is a string'),
    (dict(cell_type='code', source=['x'], outputs=[STREAM]), 'output text is a string'),
    (shown(**{'text/markdown': 'a\nb'}), 'output text/markdown is a string'),
    (shown(**{'text/html': ['<b>a</b>']}), 'text/html'),
    (shown(**{'image/png': 'QQ=='}), 'without #| fig-alt'),
    (documented('def f(', '    a, # Known', '    b,', '):'), 'nothing says what `b,`'),
    (documented(f'def f(a:{"x"*90}):'), 'signature is cut'),
    (text('$$\\max\\Bigl(0\\Bigr)$$'), 'holds \\Bigl'),
    (text('where $\\mathscr{L}$ is'), 'holds \\mathscr'),
    (text('```\nmake\n```'), 'without a language'),
    (text('So:\n\n    make\n\nDone'), 'indented code block'),
    (text('see [the [`f`](f.html) here](two.html)'), 'a link within a link'),
    (text('![Lungs](a.png)'), 'no alt text'),
    (raw('format: revealjs'), 'loads MathJax'),
    (raw(MATHML), 'a slide without one'),
    (raw(MATHML, 'title: Who'), 'a slide that holds nothing else'),
]
NAMES = dict(index='lib', two='The queue') | {'404': 'No such page'}
FINE = text('See [two](two.html), $\\frac{1}{2}$, 93 %\n', '\n', '```bash\n', 'make\n', '```\n')

def lay(folder, page, deck=DECK, cell=None):
    "Write a small site and its processed notebook; the faults that are found there"
    docs, proc, root = folder/'_docs', folder/'_proc', folder/'root'
    for name, title in NAMES.items():
        (docs/f'{name}.html').write_text(page.format(title=title, name=name))
        (root/'nbs'/f'{name}.ipynb').touch()
    (docs/'slides.html').write_text(deck)
    (docs/'a.png').write_bytes(b'')
    (docs/'site_libs'/'bootstrap'/'bootstrap.css').write_text('a { color:#254b6b }')
    (proc/'one.ipynb').write_text(json.dumps(dict(cells=[cell or FINE, FINE])))
    return site_faults.every_fault(proc, docs, REPOSITORY, HOST, root, browser=False)

def looks(folder, *only):
    "What Chromium finds, in all pages or in some"
    soups = site_faults.pages(folder/'_docs')
    return list(site_faults.looks(folder/'_docs', {n: s for n, s in soups.items() if not only or n in only}))

def plant(page, what): return page.replace('<figure>', what.replace('{', '{{').replace('}', '}}') + '<figure>')

class Missed(list):
    "What was not found, or found where nothing is wrong; and how many faults were planted"
    planted = 0
    def want(self, words, faults, what):
        self.planted += 1
        if not any(words in f for f in faults): self.append(f'{what}: not found: {words}')

def in_page(missed, folder, renderer, page, browser):
    "Faults of pages, as one renderer writes them"
    known = [] if renderer == 'Quarto' else ONLY_QUARTO
    missed += [f'{renderer}: nothing is wrong, but: {f}' for f in lay(folder, page)]
    if browser: missed += [f'{renderer}: nothing is to be seen, but: {f}' for f in looks(folder)]
    pages = [(plant(page, what), words, what) for what, words in IN_PAGES.items()]
    pages += [(page.replace(gone, '>Triage</' if 'queue' in gone else 'gone'), words, f'{gone} is gone') for gone, words in GONE.items()]
    for faulty, words, what in pages:
        if words not in known: missed.want(words, lay(folder, faulty), f'{renderer}: {what[:80]}')
    for what, words in (SEEN.items() if browser else ()):
        lay(folder, plant(page, what))
        missed.want(words, looks(folder, 'index.html'), f'{renderer}: {what}')

def check(folder, browser):
    "Plant all faults, each by itself"
    for name in ('_docs/site_libs/bootstrap', '_proc', 'root/nbs', 'root/pneumo_nb'): (folder/name).mkdir(parents=True)
    missed = Missed()
    for renderer, page in (('Quarto', QUARTO), ('smalldocs', PREVIEW)): in_page(missed, folder, renderer, page, browser)
    for (what, times), (instead, words) in IN_SLIDES.items():
        faults = lay(folder, PREVIEW, DECK.replace(what, instead, times))
        missed.want(words, [f for f in faults if 'slides.html' in f], 'slides')
    for cell, words in IN_NOTEBOOKS: missed.want(words, lay(folder, PREVIEW, cell=cell), 'a notebook')
    lay(folder, PREVIEW)
    first, one = text('# One\n', '\n', '> What it is\n', '\n', 'What was *found*.'), folder/'root'/'nbs'/'one.ipynb'
    one.write_text(json.dumps(dict(cells=[first, FINE])))
    missed.want('What was *found*', list(site_faults.lost(one.parent, folder/'_proc')), 'a paragraph beside the title')
    one.unlink()
    (folder/'_docs'/'404.html').unlink()
    missed.want('404', site_faults.furniture(folder/'_docs', site_faults.pages(folder/'_docs'), REPOSITORY, HOST), 'the 404 page is gone')
    return missed

if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as d: missed = check(Path(d), '--no-browser' not in sys.argv[1:])
    for m in missed: print(m)
    print(f'{missed.planted} planted faults, {len(missed)} of them or of the pages without one answered wrongly')
    sys.exit(bool(missed))
