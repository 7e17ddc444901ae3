"""What a few labelled films of a new hospital bring → results/few_labels.csv

few_labels.py --data path/to/chest_xray [--out results/few_labels.csv] [--keep few_labels] [--size 128] [--epochs 4] [--draws 3]

Films that look alike without knowing what a lung is (clusters of `film_cues`) stand for a hospital: they are left out while a network
learns from the others. Half of the patients there may be labelled, the other half judges. With 0, 50, 100, 200 and 400 labelled films:

as it comes    the network and its natural zero
recalibrated   temperature, shift and threshold from the labelled films; the network as it was
fine-tuned     the network trained on with the labelled films alone; its natural zero
own network    a new network from the labelled films alone, as many steps; its natural zero

Only development films are read. The networks are smaller than the shipped one (its recipe of before, at 128 px): what counts is the
difference between the ways. Networks are kept in --keep, and what was trained is not trained again. About forty minutes of two cores.
"""
from pathlib import Path
from typing import NamedTuple
import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.metrics import log_loss
from measured import parser
from pneumo_nb.core import PNEUMONIA, write_atomic
from pneumo_nb.data.cohort import cohort_hash, read_cohort
from pneumo_nb.data.split import grouped_split, sample_groups
from pneumo_nb.evaluate.operating_point import ece
from pneumo_nb.explore.cue_audit import film_cues
from pneumo_nb.stats import auc, balanced_threshold, fit_platt
from pneumo_nb.train.ablation import AblationData, ablation_data, in_parallel, train_without
from pneumo_nb.train.holdouts import batch_folds, development_films, film_batches
from pneumo_nb.train.network import lite_net
from pneumo_nb.train.recipes import RECIPES, film_logits, recipe_dls, train_recipe
from pneumo_nb.train.weights import load_weights, save_weights

FILMS, RECIPE, CLUSTERS = (50, 100, 200, 400), 'half', 4
STEPS, RATE = 120, 3e-4      # of fine-tuning: batches, and the highest learning rate

class Job(NamedTuple):
    "One hospital"
    data:AblationData   # All development films
    hospital:int        # The fold that stands for it
    epochs:int          # Of the network that comes
    draws:int           # Of labelled films
    stem:Path           # Where the network is kept, without its ending

def judged(logit, label, shift=0., temperature=1., threshold=.5):
    "What a way of scoring is worth on films that nobody used"
    y, p = (label == PNEUMONIA).to_numpy(), expit((logit + shift)/temperature)
    called = p > threshold
    return dict(auc=auc(y, logit)[0], sensitivity=called[y].mean(), specificity=(~called[~y]).mean(),
                balanced=(called[y].mean() + (~called[~y]).mean())/2, ece=ece(p, label), log_loss=log_loss(y, p))

def recalibrated(logit, label, known, known_label):
    "Temperature, shift and threshold from the labelled films"
    temperature, shift = fit_platt(known, known_label)
    cut = balanced_threshold(known_label, expit((known + shift)/temperature))
    return judged(logit, label, shift, temperature, cut)

def trained_on(net, data, rows, seed):
    "A network after some more batches of the labelled films alone"
    few = data.cohort.loc[rows]
    dls = recipe_dls(data.films[rows], few, np.full(len(rows), 'train'), RECIPES[RECIPE], bs=16)
    return train_recipe(dls, net, RECIPES[RECIPE], epochs=max(1, STEPS//len(dls.train)), lr=RATE, seed=seed, progress=False)

def start(job):
    "The network that comes: trained without the hospital's films"
    path, held = job.stem.with_suffix('.safetensors'), (job.data.fold == job.hospital).to_numpy()
    if not path.exists():
        save_weights(path, train_without(held, RECIPES[RECIPE], job.data, job.hospital, job.epochs, keep=job.stem.with_suffix('.part')))
    return load_weights(lite_net(pretrained=False), path)

def rows_of(job):
    "All ways with all numbers of films, for one hospital"
    home, data = start(job), job.data
    mine = data.cohort[data.fold == job.hospital]
    told = []
    for draw in range(job.draws):
        part = grouped_split(mine, .5, draw)
        label_me, judge = mine[part == 'train'], mine.index[part == 'valid'].to_numpy()
        truth, films = data.cohort.label[judge], data.films[judge]
        said = film_logits(home, films)
        head = dict(hospital=job.hospital, draw=draw, judged=len(judge))
        told.append(head | dict(films=0, way='as it comes') | judged(said, truth))
        for n in FILMS:
            rows = sample_groups(label_me, n, draw).index.to_numpy()
            head |= dict(films=n, labelled=len(rows))
            known = film_logits(home, data.films[rows]), data.cohort.label[rows]
            told.append(head | dict(way='recalibrated') | recalibrated(said, truth, *known))
            for way, net in (('fine-tuned', start(job)), ('own network', lite_net(seed=draw))):
                told.append(head | dict(way=way) | judged(film_logits(trained_on(net, data, rows, draw), films), truth))
    return job.hospital, told

def main():
    p = parser(__doc__, 'results/few_labels.csv')
    p.add_argument('--data', required=True)
    p.add_argument('--keep', default='few_labels')
    for name, value in dict(size=128, epochs=4, draws=3).items(): p.add_argument(f'--{name}', type=int, default=value)
    a = p.parse_args()
    cohort = development_films(read_cohort(a.data, progress=False)[0])
    data = ablation_data(cohort, a.data, a.size, progress=False)
    batch = film_batches(data.cohort, 'cues', film_cues(data.cohort, a.data, progress=False), CLUSTERS)
    data = data._replace(fold=batch_folds(data.cohort, batch))
    Path(a.keep).mkdir(parents=True, exist_ok=True)
    stem = f'{cohort_hash(data.cohort)}-{a.size}-{a.epochs}-hospital'
    jobs = [Job(data, int(h), a.epochs, a.draws, Path(a.keep)/f'{stem}-{h}') for h in sorted(data.fold.unique())]
    print('films of each hospital:', data.fold.value_counts().sort_index().to_dict(), flush=True)
    rows = []
    for i, (hospital, told) in enumerate(in_parallel(rows_of, jobs), 1):
        rows += told
        print(f'hospital {hospital} ({i} of {len(jobs)})', flush=True)
    table = pd.DataFrame(rows).fillna(dict(labelled=0)).astype(dict(labelled=int)).sort_values(['hospital', 'draw', 'films', 'way'])
    write_atomic(a.out, table.to_csv(index=False, float_format='%.5f'))
    print(table.groupby(['films', 'way'])[['auc', 'balanced', 'ece', 'log_loss']].mean().round(4).to_string())

if __name__ == '__main__': main()
