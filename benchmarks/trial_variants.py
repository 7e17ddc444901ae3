"""The taken trial's networks on the fold that they have not seen: apart, together, averaged; two ways to a square
→ results/trial_variants.csv

trial_variants.py --data path/to/chest_xray --runs results/model/runs [--out results/trial_variants.csv] [--tables FOLDER]

RUNS holds the trainings of `pneumo_model --preset shipped`. The score is that of the trials (`study.trials`), on held-out train films of
known size; no test film is read. Tables of scores are kept in --tables, and what is there is not computed again.
About half an hour on one core.
"""
from functools import partial
from pathlib import Path
import pandas as pd
from measured import parser
from pneumo_nb.core import write_atomic
from pneumo_nb.data.cohort import read_cohort
from pneumo_nb.explore.file_cues import find_originals, original_cues
from pneumo_nb.study.trials import held_out_table, trial_films, trial_numbers
from pneumo_nb.train.ablation import ablation_data
from pneumo_nb.train.corruptions import CONDITIONS
from pneumo_nb.train.cross_validation import average_weights, averaged, averaged_network, load_training
from pneumo_nb.train.holdouts import development_films
from pneumo_nb.train.recipes import CHOSEN, RECIPES

CONDITION = ('clean', *CONDITIONS)
TO_125 = partial(CONDITIONS['padded wide'][2], to=1.25)          # a squeezed film at its own shape, padded, squeezed again
RULES = {'squeeze': lambda film, shape: film, 'pad to 1.25, then squeeze': TO_125}

def networks(runs, data, recipe):
    "Name → network of the first fold"
    stems = {t: next(Path(runs).glob(f'{t}-{"?"*12}-*.safetensors')).with_suffix('') for t in averaged((0, 1, 2))}
    nets = {f'seed {i}': load_training(stem, recipe['inputs']) for i, stem in enumerate(stems.values())}
    held = (data.fold == 0).to_numpy()
    return nets | {'average': average_weights(list(nets.values())),
                   'average, counted anew': averaged_network(list(stems.values()), data, held, recipe)}

def tables(films, nets, folder):
    "(rule, network) → its table, kept in a folder"
    for rule, change in RULES.items():
        for name, net in nets.items():
            kept = Path(folder)/f'{rule}-{name}.csv'.replace(' ', '_')
            if not kept.exists(): write_atomic(kept, held_out_table(net, films, 0, change).to_csv(index=False, float_format='%.5f'))
            yield rule, name, pd.read_csv(kept, keep_default_na=False, dtype=dict(patient=str))

def with_ensemble(found):
    "The tables, and the mean of the single networks' logits for each rule"
    yield from found
    for rule in RULES:
        singles = [t for r, name, t in found if r == rule and name.startswith('seed')]
        yield rule, 'ensemble', singles[0].assign(**{c: sum(t[c] for t in singles)/len(singles) for c in CONDITION})

def main():
    p = parser(__doc__, 'results/trial_variants.csv')
    p.add_argument('--data', required=True)
    p.add_argument('--runs', default='results/model/runs')
    p.add_argument('--tables', default='trial_variants')
    a = p.parse_args()
    cohort, _ = read_cohort(a.data, progress=False)
    data = ablation_data(development_films(cohort), a.data, 160, progress=False)
    films = trial_films(data, original_cues(data.cohort, find_originals(a.data)))
    found = list(tables(films, networks(a.runs, data, RECIPES[CHOSEN]), a.tables))
    rows = pd.DataFrame([dict(rule=rule, network=name, films=len(t)) | trial_numbers(t) for rule, name, t in with_ensemble(found)])
    write_atomic(Path(a.out), rows.to_csv(index=False, float_format='%.5f'))
    print(rows.to_string())

if __name__ == '__main__': main()
