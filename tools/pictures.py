"""The picture of the index page, drawn from the committed results: results/pictures/children.png.

pictures.py           write it
"""
import io, json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

def dots(ax, n_wrong, colour, wrong_label, right_label, title):
    "A hundred children as a square of ten by ten, those called wrong as crosses"
    wrong = [(i % 10, 9 - i//10) for i in range(n_wrong)]
    right = [(i % 10, 9 - i//10) for i in range(n_wrong, 100)]
    if right: ax.scatter(*zip(*right), s=52, color=colour, label=right_label)
    if wrong: ax.scatter(*zip(*wrong), s=46, color='#222222', marker='x', linewidth=2, label=wrong_label)
    ax.set(xlim=(-.7, 9.7), ylim=(-.7, 9.7), aspect='equal', xticks=[], yticks=[])
    ax.set_title(title, fontsize=11)
    for side in ax.spines.values(): side.set_visible(False)

def children():
    "Of 100 healthy and 100 ill children: the first study, and the network of this library"
    import matplotlib
    matplotlib.use('agg')
    import matplotlib.pyplot as plt
    from pneumo_nb.evaluate.evaluation import COLOURS
    from pneumo_nb.core import NORMAL, PNEUMONIA
    study, model = (json.loads((ROOT/'results'/name/'metrics.json').read_text()) for name in ('study', 'model'))
    rates = {'first study': {k: study['original'][k]['value'] for k in ('specificity', 'sensitivity')},
             'this library': {k: model['test']['public'][k]['shipped']['value'] for k in ('specificity', 'sensitivity')}}
    fig, axes = plt.subplots(1, 4, figsize=(9.6, 3.3), layout='constrained')
    for i, (label, key, colour, wrong) in enumerate([('healthy', 'specificity', COLOURS[NORMAL], 'called ill'), ('with pneumonia', 'sensitivity', COLOURS[PNEUMONIA], 'missed')]):
        for j, (name, rate) in enumerate(rates.items()):
            n = round(100*(1 - rate[key]))
            dots(axes[2*i + j], n, colour, wrong, 'called right', f'{name}:\n{n} of 100 {label}\n{wrong}')
    counts = model['test']['public']['shipped_counts']
    fig.supxlabel(f"crosses: called wrong · shares of the {sum(counts[k] for k in ('tp', 'fn', 'tn', 'fp'))} public test films, as of 100", fontsize=9)
    return fig

def main():
    from pneumo_nb.core import write_atomic
    out = io.BytesIO()
    children().savefig(out, format='png', dpi=110, bbox_inches='tight', facecolor='white', metadata=dict(Software=None))
    print(write_atomic(ROOT/'results'/'pictures'/'children.png', out.getvalue()))

if __name__ == '__main__': main()
