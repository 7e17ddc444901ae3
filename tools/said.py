"""What pages say, against the files that it comes from: saved outputs, the hospital's page, the model card, and numbers typed into prose.

A page whose outputs come from results/ alone is run again; what it then says must be what is saved in it. The hospital's page and the
card are written again and compared. And for a measured number that stands in a sentence the file is named that it comes from.
"""
import json
import os
import re
import shutil
import tempfile
from functools import reduce
from pathlib import Path
from execnb.nbio import read_nb
from execnb.shell import CaptureShell
from repo import LIB, ROOT, chapter, notebooks

FROM_RESULTS = ('index', 'model_card', 'names', 'glossary', 'how_it_is_built', 'slides', 'tutorials/reading_the_numbers',
                'study/62_published', 'study/73_hospital')     # no cell of theirs says another thing with other films

# --- saved outputs ---

def words(output):
    "What an output says, without pictures and what is drawn anew each time"
    data = output.get('data', {})
    said = next((data[k] for k in ('text/markdown', 'text/html', 'text/plain') if k in data), output.get('text', ''))
    return re.sub(r'<style.*?</style>|0x[0-9a-f]+|data:image[^"\')]*', '', ''.join(said), flags=re.S)

def said(cells):
    "Cells' outputs as words, a list per code cell"
    def speaks(o): return 'image/png' not in o.get('data', {}) and o.get('name') != 'stderr' and '<image' not in words(o)    # films
    return [[words(o) for o in c.get('outputs', []) if speaks(o)] for c in cells if c['cell_type'] == 'code']

def stale_cells(saved, now):
    "Where two lists of outputs part, in words"
    for i, (a, b) in enumerate(zip(said(saved), said(now), strict=True)):
        if a != b: yield f'code cell {i} says {str(b)[:200]}, and {str(a)[:200]} is saved; execute the chapter again (make chapters)'

def stale(nb):
    "Run a notebook again: what it says now and is not saved in it"
    saved, again = json.loads(nb.read_text())['cells'], read_nb(nb)
    os.chdir(nb.parent)
    CaptureShell(nb).run_all(again, exc_stop=True)
    return list(stale_cells(saved, again.cells))

# --- pages that a command writes ---

def rewritten():
    "The hospital's page and the model card, where writing them again gives something else"
    from pneumo_nb.study.hospital import hospital_report  # reads torch, which who runs notebooks alone need not wait for
    from pneumo_nb.study.packing import write_card
    results, bundle = ROOT/'results', LIB/'bundles'/'children'
    with tempfile.TemporaryDirectory() as d:
        page = hospital_report(results, Path(d)/'hospital.html').read_text()
        card = write_card(shutil.copytree(bundle, Path(d)/'children'), json.loads((results/'model'/'metrics.json').read_text())).read_text()
    if page != (results/'hospital.html').read_text(): yield 'results/hospital.html: differs from what `make hospital` writes'
    if card != (bundle/'MODEL_CARD.md').read_text(): yield 'pneumo_nb/bundles/children/MODEL_CARD.md: differs from what its numbers give'

# --- numbers in sentences ---

NO_PROSE = r'```.*?```|`[^`]*`|\[?(?:doi:|arXiv:? ?)?10\.\d{4,}\S*|\]\([^)]*\)|arXiv:? ?\d+\.\d+|\$\$.*?\$\$|\$[^$\n]*\$|<[^>]*>|https?:\S+'
MEASURED = r'(?<![\w.,^*–-])(0?\.\d{2,}|\d{1,2}\.\d+ ?%)(?!\w)'      # .987, 0.66 and 51.3 %: nobody sets a threshold of a test like this

# chapter: {number in a sentence: (file in results/, where it stands)}; 'published' is original_study, 'constant' is nobody's result
IN_FILES = {
    'data/12_picture': dict.fromkeys(('0.299', '0.587', '0.114'), ('constant', 'ITU-R BT.601')),
    'evaluate/44_matched': {
        '.95': ('file_cues.json', 'numbers', 'cue=width', 'test'),
        '.99': ('file_cues.json', 'matched', 'shipped network', 0, 'auc'),
        '.96': ('file_cues.json', 'matched', 'shipped network', 1, 'auc'),
        '.94': ('file_cues.json', 'matched', 'study: cnn', 0, 'auc'),
        '.82': ('file_cues.json', 'matched', 'study: cnn', 1, 'auc'),
        '51.3 %': ('published', 'specificity')},
    'explore/27_file_cues': {
        '.99': ('constant', 'a figure of speech: a validation score near 1'),
        '80.9 %': ('published', 'accuracy'), '.513': ('published', 'specificity')},
    'study/62_published': {'0.00731': ('published', 'lowest_valid_loss_cnn')},
    'study/69_gate_fit': {'99.8 %': ('constant', 'a setting of `fit_gate`')},
    'train/31_baseline': {'0.22661': ('published', 'lowest_valid_loss_baseline'), '0.69': ('constant', 'the logarithm of 2')},
    'train/32_cnn': {'0.22661': ('published', 'lowest_valid_loss_baseline')},
}

def step(value, key):
    "One step into a JSON value; 'cue=width' is the entry of a list whose cue is width"
    if isinstance(value, dict) or isinstance(key, int): return value[key]
    name, wanted = key.split('=')
    return next(entry for entry in value if entry[name] == wanted)

def written(file, *path):
    "The number that a command wrote"
    from pneumo_nb.study.published import original_study
    if file == 'published': return original_study()['value'][path[0]]
    return reduce(step, path, json.loads((ROOT/'results'/file).read_text()))

def typed(text):
    "Measured numbers in a text: as they are written, their value, and how far rounding may have moved it"
    for m in re.finditer(MEASURED, re.sub(NO_PROSE, ' ', text, flags=re.S)):
        number, share = m[1].rstrip('% '), .01 if m[1].endswith('%') else 1
        yield m[1], float(number)*share, .5000001*10**-len(number.partition('.')[2])*share

def unfounded(text, sources):
    "Measured numbers in a text that no source is named for, or that the source does not say"
    for number, value, reach in typed(text):
        if number not in sources: yield f'{number} stands in a sentence, and tools/said.py names no file that it comes from'
        elif sources[number][0] != 'constant' and abs(written(*sources[number]) - value) > reach:
            yield f'{number} stands in a sentence, and {written(*sources[number]):.5g} in {" / ".join(map(str, sources[number]))}'

def typed_numbers():
    "Numbers in the notebooks' sentences that their files do not say"
    for nb in notebooks():
        cells = json.loads(nb.read_text())['cells']
        prose = '\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'markdown')
        for fault in unfounded(prose, IN_FILES.get(chapter(nb), {})): yield f'{chapter(nb)}: {fault}'

def planted():
    "Faults that must be found, and are not"
    cases = {'The AUC is .987.': 1, 'Of them 51.3 % were called ill.': 0, 'Of them 51.4 % were called ill.': 1,
             'At 5 % and 95 %, `0.123`, doi:10.1080/0.12.': 0}
    sources = {'51.3 %': ('published', 'specificity'), '51.4 %': ('published', 'specificity')}
    for text, n in cases.items():
        if len(list(unfounded(text, sources))) != n: yield f'tools/said.py: of {text!r} {n} faults should be found'
    old, new = ([dict(cell_type='code', outputs=[dict(data={'text/plain': f'{n} films'})])] for n in (12, 13))
    if not list(stale_cells(old, new)): yield 'tools/said.py: an output that has changed is not found'

def disagreements():
    "What pages say that their files do not"
    return [*planted(), *typed_numbers(), *rewritten()]
