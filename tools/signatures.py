"""The library's signatures as its modules write them, one parameter a line with what it is, for the site and for its checks.

nbdev's own leave out the fields of classes and what `**kwargs` are for, name all that a base class takes, and run out of the page.
"""
import ast
import io
import tokenize
from itertools import groupby
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

WIDTH = 80                          # characters that fit beside menu and table of contents on a laptop

class Signature(NamedTuple):
    kind:str                        # 'def'; 'class' with its `__init__`; 'fields', a class by what it holds
    name:str                        # as it is written behind that
    rows:list                       # (parameter or field as written, its comment)
    returns:str                     # what comes, as written
    comment:str                     # and what that is
    docstring:str|None
    bases:str = ''                  # '(Base)', of a class

class Source:
    "A module's text, its tree, and what its comments say"
    def __init__(self, file):
        text = Path(file).read_text()
        self.tree, self.code = ast.parse(text), text.split('\n')
        self.rows = [row.encode() for row in self.code]         # columns count bytes
        comments = (t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.COMMENT)
        self.says = {t.start[0]: t.string.lstrip('# ') for t in comments}

    def text(self, node):
        "As `ast.get_source_segment`, which splits the file anew each time"
        a, b = node.lineno - 1, node.end_lineno - 1
        part = [*self.rows[a:b], self.rows[b][:node.end_col_offset]]
        return ' '.join(b'\n'.join([part[0][node.col_offset:], *part[1:]]).decode().split())

    def given(self, a):
        "A function's parameters: (line where it ends, as it is written)"
        plain = [*a.posonlyargs, *a.args]
        defaults = [None]*(len(plain) - len(a.defaults)) + a.defaults
        for p, d in [*zip(plain, defaults, strict=True), (a.vararg, '*'), *zip(a.kwonlyargs, a.kw_defaults, strict=True), (a.kwarg, '**')]:
            if not p or p.arg in ('self', 'cls'): continue
            if isinstance(d, str): yield p.end_lineno, d + self.text(p)
            else: yield (d or p).end_lineno, self.text(p) + (f'={self.text(d)}' if d else '')

    def function(self, f, name, kind='def', docstring=None, bases=''):
        "The signature of a function or method"
        given, first = list(self.given(f.args)), f.body[0].lineno
        ends = lambda n: n == first or self.code[n - 1].split(' #')[0].rstrip().endswith(':')
        closing = next(n for n in range(max([f.lineno, *(n for n, _ in given)]), first + 1) if ends(n))
        rows = []                              # those on one line share its comment; the closing line's is for what comes
        for n, group in groupby(given, key=lambda x: x[0]):
            together = [written for _, written in group]
            rows += [(', '.join(together), self.says[n])] if n in self.says and n != closing else [(w, '') for w in together]
        returns = self.text(f.returns) if f.returns else ''
        return Signature(kind, name, rows, returns, self.says.get(closing, ''), docstring or ast.get_docstring(f), bases)

    def holder(self, n, methods):
        "The signature of a class: that of its `__init__`, or its fields"
        bases = f"({', '.join(map(self.text, n.bases))})" if n.bases else ''
        if '__init__' in methods: return self.function(methods['__init__'], n.name, 'class', ast.get_docstring(n), bases)
        fields = [(self.text(m), self.says.get(m.end_lineno, '')) for m in n.body if isinstance(m, ast.AnnAssign)]
        return Signature('fields', n.name, fields, '', '', ast.get_docstring(n), bases)

def read(file):
    "Every function, class and method of a module: name, 'Class.method' for methods and for what is patched on → `Signature`"
    source, found = Source(file), {}
    for n in source.tree.body:
        if isinstance(n, ast.FunctionDef):
            patched = any(source.text(d).startswith('patch') for d in n.decorator_list)
            found[f'{source.text(n.args.args[0].annotation)}.{n.name}' if patched else n.name] = source.function(n, n.name)
        elif isinstance(n, ast.ClassDef):
            methods = {m.name: m for m in n.body if isinstance(m, ast.FunctionDef)}
            found[n.name] = source.holder(n, methods)
            found |= {f'{n.name}.{k}': source.function(m, k) for k, m in methods.items()}
    return found

def noted(what, comment):
    "Code and its comment as lines, none longer than a page is wide"
    if len(f'{what} # {comment}') <= WIDTH: return [f'{what} # {comment}' if comment else what]
    inner = ' '*(len(what) - len(what.lstrip()) + 4)
    aside = dict(initial_indent=f'{inner}# ', subsequent_indent=f'{inner}# ')
    return [*wrap(what, WIDTH, subsequent_indent=inner), *wrap(comment, WIDTH, **aside)]

def show(s):
    "A signature as Python code, no line longer than a page is wide"
    def block(ending): return [line for what, comment in s.rows for line in noted(f'    {what}{ending}', comment)]
    if s.kind == 'fields': return '\n'.join([f'class {s.name}{s.bases}' + ':'*bool(s.rows), *block('')])
    end = ')' + f'->{s.returns}'*bool(s.returns) + ':'
    if not s.rows: return '\n'.join(noted(f'{s.kind} {s.name}({end}', s.comment))
    return '\n'.join([f'{s.kind} {s.name}(', *block(','), *noted(end, s.comment)])
