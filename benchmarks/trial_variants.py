"""The taken trial's networks on the fold that they have not seen: apart, together, their weights averaged; two ways to a square
→ results/trial_variants.csv

trial_variants.py --data path/to/chest_xray --runs results/model/runs [--out results/trial_variants.csv] [--tables FOLDER]

RUNS holds the trainings of `pneumo_model --preset shipped`. The score is that of the trials (`study.trials`), on held-out train films of
known size; no test film is read. Tables of scores are kept in --tables, and what is there is not computed again.
About half an hour on one core.
"""
import copy
from functools import partial
from pathlib import Path
import numpy as np
import pandas as pd
import torch
from fastai.torch_core import no_random
from measured import parser
from pneumo_nb.core import write_atomic
from pneumo_nb.data.cohort import read_cohort
from pneumo_nb.explore.file_cues import find_originals, original_cues
from pneumo_nb.study.trials import held_out_table, trial_films, trial_numbers
from pneumo_nb.train.ablation import ablation_data
from pneumo_nb.train.corruptions import CONDITIONS
from pneumo_nb.train.cross_validation import load_training, together
from pneumo_nb.train.holdouts import development_films
from pneumo_nb.train.recipes import CHOSEN, RECIPES, recipe_dls

CONDITION = ('clean', *CONDITIONS)
TO_125 = partial(CONDITIONS['padded wide'][2], to=1.25)          # a squeezed film at its own shape, padded, squeezed again
RULES = {'squeeze': lambda film, shape: film, 'pad to 1.25, then squeeze': TO_125}

SHIPPED = 1, 2      # seeds of the networks that are handed out

def average_weights(nets):
    "The network whose weights are the mean of theirs"
    states, out = [n.state_dict() for n in nets], copy.deepcopy(nets[0])
    out.load_state_dict({k: torch.stack([s[k] for s in states]).mean(0) if v.is_floating_point() else v for k, v in states[0].items()})
    return out.eval()

@torch.no_grad()
def recounted(net, dls, films=2048, seed=0):
    "The network with the statistics of its normalisation layers counted anew, on augmented training films"
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for m in norms: m.reset_running_stats(); m.momentum = None          # a plain mean over all batches
    net.train()
    with no_random(seed):
        for i, (x, _) in enumerate(dls.train):
            if i*dls.train.bs >= films: break
            net(x.cpu())
    return net.eval()

def networks(runs, data, recipe):
    "Name → a function that gives a network of the first fold; none is made before it is needed"
    stems = [next(Path(runs).glob(f'{t}-{"?"*12}-*.safetensors')).with_suffix('') for t in together((0, 1, 2))]
    singles = [partial(load_training, stem, recipe['inputs']) for stem in stems]
    def average(): return average_weights([net() for net in singles])
    def anew(): return recounted(average(), recipe_dls(data.films, data.cohort, np.where(data.fold == 0, 'valid', 'train'), recipe, bs=64))
    return {f'seed {i}': net for i, net in enumerate(singles)} | {'average': average, 'average, counted anew': anew}

def tables(films, nets, folder):
    "(rule, network) → its table, kept in a folder"
    for rule, change in RULES.items():
        for name, net in nets.items():
            kept = Path(folder)/f'{rule}-{name}.csv'.replace(' ', '_')
            if not kept.exists(): write_atomic(kept, held_out_table(net(), films, 0, change).to_csv(index=False, float_format='%.5f'))
            yield rule, name, pd.read_csv(kept, keep_default_na=False, dtype=dict(patient=str))

def with_ensembles(found):
    "The tables, and for each rule the mean of the single networks' logits: of all, and of those that are handed out"
    yield from found
    for rule in RULES:
        singles = {int(name[-1]): t for r, name, t in found if r == rule and name.startswith('seed')}
        for name, seeds in {'ensemble': tuple(singles), 'ensemble, as shipped': SHIPPED}.items():
            mean = {c: sum(singles[i][c] for i in seeds)/len(seeds) for c in CONDITION}
            yield rule, name, singles[0].assign(**mean)

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
    rows = pd.DataFrame([dict(rule=rule, network=name, films=len(t)) | trial_numbers(t) for rule, name, t in with_ensembles(found)])
    write_atomic(Path(a.out), rows.to_csv(index=False, float_format='%.5f'))
    print(rows.to_string())

if __name__ == '__main__': main()
