"Children called right and wrong, drawn from the committed results, and the hospital's loop → results/pictures: python tools/pictures.py"
import io
import json
from itertools import product
import matplotlib
import matplotlib.pyplot as plt
from loop import drawn
from pneumo_nb.core import NORMAL, PNEUMONIA, write_atomic
from pneumo_nb.plot import PALETTE
from repo import ROOT

RATES = {'specificity': ('healthy', PALETTE[NORMAL], 'called ill'), 'sensitivity': ('with pneumonia', PALETTE[PNEUMONIA], 'missed')}

def dots(ax, n_wrong, colour, wrong_label, right_label, title):
    "A hundred children as a square of ten by ten, those called wrong as crosses"
    x, y = zip(*((i % 10, 9 - i//10) for i in range(100)), strict=True)
    if n_wrong < 100: ax.scatter(x[n_wrong:], y[n_wrong:], s=52, color=colour, label=right_label)
    if n_wrong: ax.scatter(x[:n_wrong], y[:n_wrong], s=46, color='#222222', marker='x', linewidth=2, label=wrong_label)
    ax.set(xlim=(-.7, 9.7), ylim=(-.7, 9.7), aspect='equal', xticks=[], yticks=[])
    ax.set_title(title, fontsize=11)
    for side in ax.spines.values(): side.set_visible(False)

def children():
    "Of 100 healthy and 100 ill children: the first study, and the network of this library"
    matplotlib.use('agg')
    study, model = (json.loads((ROOT/'results'/name/'metrics.json').read_text()) for name in ('study', 'model'))
    rates = {'first study': {k: study['original'][k]['value'] for k in RATES},
             'this library': {k: model['test']['public'][k]['shipped']['value'] for k in RATES}}
    fig, axes = plt.subplots(1, 4, figsize=(9.6, 3.3), layout='constrained')
    for ax, ((key, (label, colour, wrong)), (name, rate)) in zip(axes, product(RATES.items(), rates.items()), strict=True):
        n = round(100*(1 - rate[key]))
        dots(ax, n, colour, wrong, 'called right', f'{name}:\n{n} of 100 {label}\n{wrong}')
    counts = model['test']['public']['shipped_counts']
    films = sum(counts[k] for k in ('tp', 'fn', 'tn', 'fp'))
    fig.supxlabel(f'crosses: called wrong · shares of the {films} public test films, as of 100', fontsize=9)
    return fig

if __name__ == '__main__':
    out = io.BytesIO()
    children().savefig(out, format='png', dpi=110, bbox_inches='tight', facecolor='white', metadata=dict(Software=None))
    pictures = {'children.png': out.getvalue(), 'loop.svg': drawn()}
    for name, data in pictures.items(): print(write_atomic(ROOT/'results'/'pictures'/name, data))
