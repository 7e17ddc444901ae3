"""The library's signatures as its modules write them, one parameter a line with what it is, for the site and for its checks.

nbdev's own leave out the fields of classes and what `**kwargs` are for, name all that a base class takes, and run out of the page.
"""
import ast, io, tokenize
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

def read(file):
    "Every function, class and method of a module: name, 'Class.method' for methods and for what is patched on → `Signature`"
    source = Path(file).read_text(); tree, code = ast.parse(source), source.split('\n')
    rows = [row.encode() for row in code]           # columns count bytes
    says = {t.start[0]: t.string.lstrip('# ') for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT}
    def text(node): # as `ast.get_source_segment`, which splits the file anew each time
        a, b = node.lineno - 1, node.end_lineno - 1
        part = [*rows[a:b], rows[b][:node.end_col_offset]]
        return ' '.join(b'\n'.join([part[0][node.col_offset:], *part[1:]]).decode().split())
    def function(f, name, kind='def', docstring=None, bases=''):
        a = f.args; plain = [*a.posonlyargs, *a.args]
        given = [*zip(plain, [None]*(len(plain) - len(a.defaults)) + a.defaults), *([(a.vararg, '*')] if a.vararg else []),
                 *zip(a.kwonlyargs, a.kw_defaults), *([(a.kwarg, '**')] if a.kwarg else [])]
        given = [(p, d) for p, d in given if p.arg not in ('self', 'cls')]
        ends = [d.end_lineno if isinstance(d, ast.AST) else p.end_lineno for p, d in given]
        first = f.body[0].lineno
        closing = next(n for n in range(max([f.lineno, *ends]), first + 1) if n == first or code[n - 1].split(' #')[0].rstrip().endswith(':'))
        def written(p, d): return d + text(p) if isinstance(d, str) else text(p) + (f'={text(d)}' if d else '')
        described = []                              # those on one line share its comment; the closing line's is for what comes
        for n, group in groupby(zip(ends, given), key=lambda x: x[0]):
            together = [written(*g) for _, g in group]
            described += [(', '.join(together), says[n])] if n in says and n != closing else [(w, '') for w in together]
        return Signature(kind, name, described, text(f.returns) if f.returns else '', says.get(closing, ''), docstring or ast.get_docstring(f), bases)
    found = {}
    for n in tree.body:
        if isinstance(n, ast.FunctionDef):
            patched = any(text(d).startswith('patch') for d in n.decorator_list)
            found[f'{text(n.args.args[0].annotation)}.{n.name}' if patched else n.name] = function(n, n.name)
        elif isinstance(n, ast.ClassDef):
            methods = {m.name: m for m in n.body if isinstance(m, ast.FunctionDef)}
            fields = [(text(m), says.get(m.end_lineno, '')) for m in n.body if isinstance(m, ast.AnnAssign)]
            bases = f"({', '.join(map(text, n.bases))})" if n.bases else ''
            found[n.name] = (function(methods['__init__'], n.name, 'class', ast.get_docstring(n), bases) if '__init__' in methods else
                             Signature('fields', n.name, fields, '', '', ast.get_docstring(n), bases))
            found |= {f'{n.name}.{k}': function(m, k) for k, m in methods.items()}
    return found

def show(s):
    "A signature as Python code, no line longer than a page is wide"
    def noted(what, comment):
        if len(f'{what} # {comment}') <= WIDTH: return [f'{what} # {comment}' if comment else what]
        inner = ' '*(len(what) - len(what.lstrip()) + 4)
        return [*wrap(what, WIDTH, subsequent_indent=inner), *wrap(comment, WIDTH, initial_indent=f'{inner}# ', subsequent_indent=f'{inner}# ')]
    def block(ending): return [line for what, comment in s.rows for line in noted(f'    {what}{ending}', comment)]
    if s.kind == 'fields': return '\n'.join([f'class {s.name}{s.bases}' + ':'*bool(s.rows), *block('')])
    end = ')' + f'->{s.returns}'*bool(s.returns) + ':'
    return '\n'.join([f'{s.kind} {s.name}(', *block(','), *noted(end, s.comment)] if s.rows else noted(f'{s.kind} {s.name}({end}', s.comment))
