"""What files say, what a score is worth where they are silent, what networks read → results/file_cues.json, results/cues/predictions.csv

cues.py --data path/to/chest_xray [--out results] [--networks FOLDER] [--ledger results/ledger.csv] [--without-networks]

Beside the folder of the films lie originals.csv (what the original files said), chest_xray_384 (films at their true shape) and
chest_xray_original (the test films as published). The study's networks are trained again, by the study's own stages, unless FOLDER holds
them. The shipped network is asked about the published test films once for each way of equalising them: a line in the ledger each. Its
scores are kept in FOLDER; a second run asks nothing again. With --without-networks nothing is trained, and what an earlier run wrote about
the study's networks stays.
"""
import json
from pathlib import Path
from typing import NamedTuple
import numpy as np
import pandas as pd
from fastai.learner import Learner
from safetensors.torch import load_file
from measured import parser
from pneumo_nb.core import save_json
from pneumo_nb.data.cache import cache_folder, film_cache, threaded
from pneumo_nb.data.cohort import film_paths, load_cohort, read_cohort, source_line
from pneumo_nb.data.film import Film, read_film
from pneumo_nb.data.picture import saved_again
from pneumo_nb.data.split import grouped_split
from pneumo_nb.evaluate.evaluation import counts, metrics
from pneumo_nb.evaluate.matched import by_stratum, matched_auc, pair_auc, reach_curve
from pneumo_nb.evaluate.operating_point import read_oof
from pneumo_nb.evaluate.predictions import select_run
from pneumo_nb.explore.file_cues import (
    FILE,
    SIZE,
    blind_folds,
    blind_test,
    cropped,
    film_sharpness,
    find_originals,
    one_number,
    original_cues,
    padded,
    shrunk,
)
from pneumo_nb.screen.bundle import load_bundle
from pneumo_nb.stats import auc, draw_patients, interval, ranks
from pneumo_nb.study.ledger import record_scoring
from pneumo_nb.study.stages import progress_line, run_stages
from pneumo_nb.study.study import study_settings, study_stages
from pneumo_nb.tables import PREDICTIONS, load_table, write_table
from pneumo_nb.train.baseline import dense_net, film_dls, predict, training_films
from pneumo_nb.train.cnn import SmallCNN

ROOT = Path(__file__).resolve().parent.parent
SHAPES = (1.15, 1.25, 1.5)                       # medians of train normals (1.22), test normals (1.35) and pneumonias (1.5) lie among them
CUTS = (1400, 1700, 2000)
CUES = ['width', 'shape', 'bits', 'sharpness']
NETWORKS = dict(cnn=SmallCNN, baseline=dense_net)

# --- films, equalised ---

def as_it_is(film): return film

# name → function of a grey film
SMALL = {f'at most {n} px, quality 75': lambda x, n=n: saved_again(shrunk(x, n)) for n in (1000, 500, 300, 200)}
AGAIN = {'saved again at quality 75': saved_again}
SHAPED = {f'{word} to {s:g}': lambda x, make=make, s=s: make(x, s)
          for word, make in (('cropped', cropped), ('padded', padded)) for s in SHAPES}
PUBLISHED = {'as published': as_it_is} | SMALL | AGAIN | SHAPED
HELD_OUT = {'as they are': as_it_is} | {n: f for n, f in SMALL.items() if '300' in n or '200' in n} | AGAIN | SHAPED
RIDDLE = {'as they are': as_it_is, **AGAIN,
          'saved again at quality 30': lambda x: saved_again(x, 30),
          'shrunk to 200 px': lambda x: shrunk(x, 200)}
RIDDLE_SHAPED = {'cropped to shapes of pneumonias': cropped, 'padded to shapes of pneumonias': padded,    # functions of film and shape
                 'cropped, and quality 75': lambda x, shape: saved_again(cropped(x, shape)),
                 'cropped, shrunk to 200 px, and quality 75': lambda x, shape: saved_again(shrunk(cropped(x, shape), 200))}

def sized(path, film, size): return Film(str(path), film, {}, 0.).sized(size)

def squares(paths, make, size):
    "Films, equalised, as a network takes them: uint8 (n, size, size)"
    return np.stack(list(threaded(lambda p: sized(p, make(read_film(p)), size), paths, progress=False)))

def reshaped(paths, make, shapes, size):
    "The same, each film brought to a shape of its own"
    return np.stack([sized(p, make(read_film(p), shape), size) for p, shape in zip(paths, shapes, strict=True)])

# --- figures ---

def positive(films): return (films.label == 'PNEUMONIA').to_numpy()

def shares(films, p, threshold, draws):
    "Accuracy, sensitivity, specificity, AUC of runs (runs, films): first of all films, then of each draw of patients"
    ill = positive(films)
    w = np.vstack([np.ones(len(films)), draw_patients(films.patient, draws, np.random.default_rng(0), ill)])
    right = ((p >= threshold) == ill).mean(0)
    share = lambda m: (w[:, m] @ right[m])/w[:, m].sum(1)
    if not ill.any(): return dict(accuracy=share(~ill), specificity=share(~ill))
    areas = np.mean([ranks(ill, q, w)['auc'] for q in p], axis=0)
    return dict(accuracy=share(np.ones(len(ill), bool)), sensitivity=share(ill), specificity=share(~ill), auc=areas)

def log_odds(p): return np.log(np.clip(p, 1e-9, 1 - 1e-9)/(1 - np.clip(p, 1e-9, 1 - 1e-9)))

def summary(films, p, threshold, first=None, draws=500):
    "Figures of one or more runs (runs, films) on the same films: means over the runs, intervals over patients"
    ill, out = positive(films), {}
    for name, v in shares(films, p, threshold, draws).items():
        out |= {name: v[0], **dict(zip((f'{name}_low', f'{name}_high'), interval(v[1:]), strict=True))}
    if ill.any() and 'width' in films and films.width.notna().all():
        out['matched'] = float(np.mean([pair_auc(q, ill, np.log(films.width.to_numpy()), np.log(1.1))[0] for q in p]))
    if first is not None:
        changed = (p >= threshold) != (first >= threshold)
        shift = (log_odds(p) - log_odds(first))[:, ~ill].mean()
        out |= dict(calls_changed=float(changed.sum(1).mean()), mean_shift=float(shift))
    return out | dict(n=int(len(films)), seeds=len(p))

def specificity(got, model):
    "Of a summary, under a model's name"
    return {f'{model}{end}': got[f'specificity{end}'] for end in ('', '_low', '_high')}

# --- what the files say ---

def joint(cohort, cues, names):
    "AUC of several numbers of the files together, out of fold, with its interval over patients"
    t = blind_folds(cues, cohort, names)
    draws = draw_patients(t.patient, 1000, np.random.default_rng(0))
    a = auc(positive(t), t.p, np.vstack([np.ones(len(t)), draws]))
    return dict(films=len(t), auc=a[0], low=np.quantile(a[1:], .025), high=np.quantile(a[1:], .975))

def files_say(cohort, cues):
    "The numbers of the files, alone and together; the classifiers that never see a picture, and their predictions"
    sets = {'width alone': ('width',), 'width and height': SIZE, 'size and compression': FILE}
    blind = {name: blind_test(cues, cohort, names, name) for name, names in sets.items()}
    told = lambda t: metrics(t)[['value', 'low', 'high']].loc[['accuracy', 'sensitivity', 'specificity', 'auc']].to_dict('index')
    never_sees = {name: dict(counts=counts(t), **told(t)) for name, t in blind.items()}
    together = {', '.join(names): joint(cohort, cues, names) for names in (('width',), SIZE, FILE)}
    numbers = one_number(cues, cohort, 1000).to_dict('records')
    say = dict(numbers=numbers, joint_out_of_fold=together, never_sees_the_picture=never_sees)
    return say, pd.concat(blind.values(), ignore_index=True)

# --- what is left of the committed scores ---

def matched_tables(runs, threshold):
    "What is left of each run's score"
    sets = {c: [c] for c in CUES} | {'width and shape': CUES[:2], 'all four': CUES}
    tables = lambda t: pd.concat({k: matched_auc(t, v, 1000) for k, v in sets.items()}, names=['cue']).reset_index()
    cut = lambda name, t: by_stratum(t, 'width', CUTS, threshold if 'shipped' in name else .5).astype(dict(stratum=str))
    return dict(matched={n: tables(t).to_dict('records') for n, t in runs.items()},
                reach={n: reach_curve(t, 'width', n_boot=500).to_dict('records') for n, t in runs.items()},
                strata={n: cut(n, t).to_dict('records') for n, t in runs.items()})

def committed(name): return load_table(ROOT/'results'/name/'predictions.csv', PREDICTIONS)

def out_of_fold(cues):
    "The recipe on the train films, out of fold: all of them, and those that somebody saved again"
    clean = read_oof(ROOT/'results/model/oof.csv').query('corruption == "clean"')
    oof = clean.assign(p=1/(1 + np.exp(-clean.logit)), model='robust', seed=0, split='train')
    again = cues.path[cues.quality.isna() & cues.width.notna()]
    return {'robust, out of fold, train': oof, 'robust, out of fold, train, files saved again': oof[oof.path.isin(again)]}

def all_runs(cues, names):
    "A line for each run of the committed tables, and for the recipe out of fold on the train films whose size is known"
    model, study = committed('model'), committed('study')
    seeds = lambda t, split: t[t.split == split].groupby(['model', 'seed']).groups
    runs = {f'{m}, seed {s}, test': select_run(t, m, s, 'test') for t in (model, study) for m, s in seeds(t, 'test')} | out_of_fold(cues)
    return [run_line(name, t, cues, names) for name, t in
            (runs | {f'{m}, seed {s}, held-out train': select_run(study, m, s, 'valid') for m, s in seeds(study, 'valid')}).items()]

def run_line(name, t, cues, names):
    "AUC of one run, plain and matched by width, and by width and shape"
    t = t[['path', 'patient', 'label', 'p', 'model', 'seed', 'split']].merge(cues[['path', *names]], on='path')
    t = t.dropna(subset=names[:2]).reset_index(drop=True)
    row = dict(run=name, films=len(t))
    for key, cue in dict(width=['width'], width_shape=['width', 'shape']).items():
        m = matched_auc(t, cue, 1000, ways=('plain', 'pairs'))
        ends = dict(low=m.low, high=m.high, left=m.cue_left, pairs=m.pairs, normal_patients=m.normal_patients)
        row |= dict(plain=m.auc['plain'], **{key: m.auc['pairs']}, **{f'{key}_{end}': v['pairs'] for end, v in ends.items()})
    return row

def strata(values, cuts, unit):
    "Values as ordered words: below the first cut, between two, above the last"
    between = [f'{a:g} to < {b:g}{unit}' for a, b in zip(cuts, cuts[1:], strict=False)]
    words = [f'< {cuts[0]:g}{unit}', *between, f'{cuts[-1]:g}{unit} and more']
    return pd.Categorical.from_codes(np.searchsorted(cuts, values, side='right'), words, ordered=True)

def kinds_of(t):
    "Kinds of films: by shape, by width, and by whether somebody saved the file again"
    quality = np.where(t.quality.isna(), 'saved again by somebody', np.where(t.quality > 90, 'above 90', 'about 75 to 90'))
    return {'width over height': strata(t['shape'], (1.15, 1.25, 1.35), ''), 'width': strata(t.width, CUTS, ' px'),
            'quality of the file': quality}

def over_seeds(films):
    "The summary of one network's scores, over its seeds"
    wide, who = films.pivot(index='path', columns='seed', values='p'), films.drop_duplicates('path').set_index('path')
    return summary(who.loc[wide.index].reset_index()[['path', 'patient', 'label']], wide.to_numpy().T, .5)

def same_kind(cues):
    "The committed scores of the study's networks on normals of one kind, held out of training and from the test"
    study, rows = committed('study'), []
    t = study[study.label == 'NORMAL'].merge(cues[['path', 'width', 'shape', 'quality']].dropna(subset='width'), on='path')
    for kind, which in kinds_of(t).items():
        for (stratum, split), g in t.groupby([pd.Series(which, t.index), 'split'], observed=True):
            row = dict(kind=kind, stratum=str(stratum), films=dict(valid='held-out train', test='test')[split])
            for model, m in g.groupby('model'):
                got = over_seeds(m)
                row |= dict(n=got['n']) | specificity(got, model)
            rows.append(row)
    return rows

# --- the shipped network, asked ---

def with_width(films, cues):
    "The original's width, not the copy's"
    return films.drop(columns='width').merge(cues[['path', 'width']], on='path', how='left')

def ask_shipped(bundle, films, folder, name, make, ledger):
    "Score the published test files, equalised in one way, and record it"
    logits = bundle.logits_features(squares([folder/p for p in films.path], make, bundle.size))[0]
    p = bundle.probability(logits)
    run = films[['path', 'patient', 'label', 'etiology']].assign(p=p, model='shipped', seed=0, split='test')
    why = f'published test files, {name}; what a cue in the picture does, nothing chosen'
    record_scoring(ledger, run, bundle.model[:12], films, 'benchmarks/cues.py', why, round(bundle.points['default'].threshold, 6))
    print(f'asked: {name}', flush=True)
    return run

def shipped_on_published(data, kept, ledger, cues):
    "The shipped network on the published test films, as they are and equalised; its threshold and name"
    published, bundle, rows, first = data.parent/'chest_xray_original', load_bundle(), [], None
    films, threshold = read_cohort(published, progress=False)[0], bundle.points['default'].threshold
    for name, make in PUBLISHED.items():
        file = kept/f'shipped-{bundle.model[:12]}'/f'{name}.csv'     # another network is asked again
        if not file.exists():
            run = ask_shipped(bundle, films, published, name, make, ledger)
            file.parent.mkdir(parents=True, exist_ok=True)
            run.to_csv(file, index=False)
        p = pd.read_csv(file).set_index('path').p.loc[films.path].to_numpy()[None]
        first = p if first is None else first
        rows.append(dict(films=name, **summary(with_width(films, cues), p, threshold, first)))
    return rows, threshold, bundle.model[:12]

# --- the study's networks, asked ---

class Study(NamedTuple):
    "The study's networks and their films"
    folder: Path                    # where the networks lie
    train: pd.DataFrame             # the train films
    films: np.ndarray               # as they were trained on, uint8 (n, size, size)
    held: np.ndarray                # which of them were held out
    dls: object                     # for the learners
    size: int
    seeds: int

    def scores(self, model, films):
        "(seeds, films): what the trainings of one model say"
        out = []
        for seed in range(self.seeds):
            net = NETWORKS[model](self.size, seed=seed)
            net.load_state_dict(load_file(self.folder/'runs'/f'{model}-{seed}.safetensors'))
            out.append(predict(Learner(self.dls, net, loss_func=lambda *a: None), films))
        return np.stack(out)

def study_networks(data, folder):
    "The study's networks, trained by its own stages where they are not there"
    s = study_settings('quick', data)
    run_stages(folder, [x for x in study_stages(s) if x.name in ('cohort', 'films') or ', seed ' in x.name], s, progress_line())
    train = training_films(load_cohort(folder/'cohort.csv'))
    films, split = film_cache(film_paths(train, data), s['size'], progress=False), grouped_split(train, .2)
    dls = film_dls(films, train.label, split, bs=s['bs'])
    return Study(folder, train, films, (split == 'valid').to_numpy(), dls, s['size'], s['seeds'])

def asked(study, films, paths, copies, cues):
    "Both networks on held-out films, equalised"
    ready = {'copies of 224 px, as in training': copies} | {n: squares(paths, f, study.size) for n, f in HELD_OUT.items()}
    table, out = with_width(films, cues), {}
    for model in NETWORKS:
        said = {n: study.scores(model, x) for n, x in ready.items()}
        figures = {n: summary(table, p, .5, said['as they are']) for n, p in said.items()}
        out[f'study: {model}, held out'] = [dict(films=n, **f) for n, f in figures.items()]
    return out

def riddle(study, films, paths, shapes):
    "Both networks on normals that were made like pneumonias"
    changed = {n: squares(paths, f, study.size) for n, f in RIDDLE.items()}
    changed |= {n: reshaped(paths, f, shapes, study.size) for n, f in RIDDLE_SHAPED.items()}
    rows = {n: dict(normals=n, n=len(films)) for n in changed}
    for model in ('baseline', 'cnn'):
        for n, x in changed.items(): rows[n] |= specificity(summary(films, study.scores(model, x), .5), model)
    return list(rows.values())

def draw_shapes(cues, cohort, n):
    "n shapes of train pneumonias"
    ill = cues['shape'][(cohort.split == 'train').to_numpy() & positive(cohort)].dropna()
    return np.random.default_rng(0).choice(ill, n)

def trained_again(study):
    "How near the networks that were trained again come to the committed scores of the study, on the films that it held out"
    then, out = committed('study'), {}
    for model in NETWORKS:
        for seed, p in enumerate(study.scores(model, study.films[study.held])):
            q = select_run(then, model, seed, 'valid').set_index('path').p.loc[study.train.path[study.held]].to_numpy()
            same = float(((p >= .5) == (q >= .5)).mean())
            out[f'{model}, seed {seed}'] = dict(correlation=float(np.corrcoef(p, q)[0, 1]), same_calls=same)
    return out

def study_asked(data, folder, cohort, cues):
    "The study's networks on held-out train films at their true shape, equalised; and the riddle"
    study, true = study_networks(data, folder), data.parent/'chest_xray_384'
    at_hand = study.held & np.array([(true/p).exists() for p in study.train.path])
    films = study.train[at_hand].reset_index(drop=True)
    paths, normal = [true/p for p in films.path], ~positive(films)
    normals = [p for p, m in zip(paths, normal, strict=True) if m]
    shapes = draw_shapes(cues, cohort, len(normals))
    return dict(causal=asked(study, films, paths, study.films[at_hand], cues),
                riddle=riddle(study, films[normal].reset_index(drop=True), normals, shapes),
                held_out_films=int(at_hand.sum()), trained_again=trained_again(study))

def told_before(out):
    "What an earlier run told of the study's networks, or nothing"
    try: told = json.loads((out/'file_cues.json').read_text())
    except FileNotFoundError: return {}
    about = {k: told['about'][k] for k in ('held_out_films', 'trained_again')}
    return dict(causal={k: v for k, v in told['causal'].items() if 'held out' in k}, riddle=told['riddle'], **about)

# --- all of it ---

def cues_of(data, cohort):
    "What the original files said of each film; the test films' sharpness is that of the copies"
    cues, test = original_cues(cohort, find_originals(data)).assign(path=cohort.path), cohort.split == 'test'
    sharp = cues.copy()
    sharp.loc[test, 'sharpness'] = film_sharpness([data/p for p in cohort.path[test]], progress=False)
    return cues, sharp

def committed_runs(cues):
    "The test films' committed scores beside their cues"
    with_cues = lambda t: t.merge(cues, on='path', how='left', validate='1:1')
    model, study = committed('model'), committed('study')
    runs = {'shipped network': with_cues(select_run(model, 'shipped', split='test'))}
    return runs | {f'study: {m}': with_cues(select_run(study, m, split='test')) for m in NETWORKS}

def arguments():
    p = parser(__doc__, ROOT/'results')
    p.add_argument('--data', required=True, type=Path, help='the public films')
    p.add_argument('--networks', help="folder of the study's networks and of kept scores; default: in the cache")
    p.add_argument('--ledger', default=str(ROOT/'results/ledger.csv'))
    p.add_argument('--without-networks', action='store_true', help="leave the study's networks out")
    return p.parse_args()

def main():
    args = arguments()
    data, out, kept = args.data, Path(args.out), Path(args.networks or cache_folder()/'file_cues')
    if find_originals(data) is None:
        raise SystemExit(f'cues.py: there is no originals.csv beside {data.name}: what the original files said is not known here')
    cohort = read_cohort(data, progress=False)[0]
    cues, sharp = cues_of(data, cohort)
    say, table = files_say(cohort, cues.drop(columns='path'))
    write_table(out/'cues'/'predictions.csv', table.assign(p=table.p.round(6)), PREDICTIONS)
    print('files read', flush=True)
    causal, threshold, model = shipped_on_published(data, kept, args.ledger, sharp)
    tables, runs = matched_tables(committed_runs(sharp), threshold), all_runs(sharp, CUES[:2])
    print('matched', flush=True)
    networks = told_before(out) if args.without_networks else study_asked(data, kept, cohort, sharp)
    about = dict(source=source_line(cohort), command='make cues DATA=path/to/chest_xray', threshold=threshold, model=model,
                 original_files=int(sharp.width.notna().sum()), **{k: networks.get(k) for k in ('held_out_films', 'trained_again')})
    told = dict(about=about, **say, **tables, runs=runs, same_kind=same_kind(sharp),
                causal={'shipped network, test': causal, **networks.get('causal', {})}, riddle=networks.get('riddle'))
    save_json(out/'file_cues.json', told)
    print(f'written: {out/"file_cues.json"}, {out/"cues"/"predictions.csv"}')

if __name__ == '__main__': main()
