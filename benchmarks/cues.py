"""What the files say, what is left of a score where they are silent, and whether networks read it → results/file_cues.json, results/cues/predictions.csv

cues.py --data path/to/chest_xray [--out results] [--networks FOLDER] [--ledger results/ledger.csv] [--without-networks]

Beside the folder of the films lie originals.csv (what the original files said), chest_xray_384 (films at their true shape) and chest_xray_original
(the test films as published). The study's networks are trained again, by the study's own stages, unless FOLDER holds them. The shipped network is asked
about the published test films once for each way of equalising them: a line in the ledger each. Its scores are kept in FOLDER; a second run asks nothing again.
With --without-networks nothing is trained, and what an earlier run wrote about the study's networks stays.
"""
import argparse, json
from pathlib import Path
import numpy as np, pandas as pd

ROOT = Path(__file__).resolve().parent.parent
SHAPES = (1.15, 1.25, 1.5)                       # medians of train normals (1.22), test normals (1.35) and pneumonias (1.5) lie among them
CUTS = (1400, 1700, 2000)

def equalisers():
    "Name → function of a grey film; the first leaves it alone"
    from pneumo_nb.explore.file_cues import cropped, padded, saved_again, shrunk
    small = {f'at most {n} px, quality 75': lambda x, n=n: saved_again(shrunk(x, n)) for n in (1000, 500, 300, 200)}
    shapes = {f'{word} to {s:g}': lambda x, s=s, make=make: make(x, s) for word, make in (('cropped', cropped), ('padded', padded)) for s in SHAPES}
    return small, {'saved again at quality 75': saved_again}, shapes

def squares(paths, make, size):
    "Films, equalised, as a network takes them: uint8 (n, size, size)"
    from pneumo_nb.data.film import Film, read_film, threaded
    one = lambda p: Film(str(p), make(read_film(p)), {}, 0.).sized(size)
    return np.stack(list(threaded(one, paths, progress=False)))

def summary(films, p, threshold, first=None, draws=500):
    "Figures of one or more runs (runs, films) on the same films: means over the runs, intervals over patients"
    from pneumo_nb.evaluate.evaluation import draw_patients, interval, ranks
    from pneumo_nb.evaluate.matched import pair_auc
    ill, w = (films.label == 'PNEUMONIA').to_numpy(), np.vstack([np.ones(len(films)), draw_patients(films, draws, np.random.default_rng(0))])
    called, odds = p >= threshold, lambda q: np.log(np.clip(q, 1e-9, 1 - 1e-9)/(1 - np.clip(q, 1e-9, 1 - 1e-9)))
    share = lambda right, m: (w[:, m] @ right[m])/w[:, m].sum(1)
    right = (called == ill).mean(0)
    out = {}
    for name, v in dict(accuracy=share(right, np.ones(len(ill), bool)), sensitivity=share(right, ill) if ill.any() else None, specificity=share(right, ~ill),
                        auc=np.mean([ranks(ill, q, w)['auc'] for q in p], axis=0) if ill.any() else None).items():
        if v is not None: out |= {name: v[0], **dict(zip((f'{name}_low', f'{name}_high'), interval(v[1:])))}
    if ill.any() and 'width' in films and films.width.notna().all():
        out['matched'] = float(np.mean([pair_auc(q, ill, np.log(films.width.to_numpy()), np.log(1.1))[0] for q in p]))
    if first is not None: out |= dict(calls_changed=float((called != (first >= threshold)).sum(1).mean()), mean_shift=float((odds(p) - odds(first))[:, ~ill].mean()))
    return out | dict(n=int(len(films)), seeds=len(p))

def files_say(cohort, cues):
    "The numbers of the files, alone and together; the classifiers that never see a picture, and their predictions"
    from pneumo_nb.evaluate.evaluation import counts, metrics
    from pneumo_nb.explore.exploration import auc, patient_weights
    from pneumo_nb.explore.file_cues import FILE, SIZE, blind_folds, blind_test, one_number
    joint = {}
    for names in (('width',), SIZE, FILE):
        t = blind_folds(cues, cohort, names)
        a = auc(t.p, (t.label == 'PNEUMONIA').to_numpy(), np.vstack([np.ones(len(t)), patient_weights(t.patient, 1000, np.random.default_rng(0))]))
        joint[', '.join(names)] = dict(films=len(t), auc=a[0], low=np.quantile(a[1:], .025), high=np.quantile(a[1:], .975))
    blind = {name: blind_test(cues, cohort, names, name) for name, names in {'width alone': ('width',), 'width and height': SIZE, 'size and compression': FILE}.items()}
    told = {name: dict(counts=counts(t), **metrics(t)[['value', 'low', 'high']].loc[['accuracy', 'sensitivity', 'specificity', 'auc']].to_dict('index')) for name, t in blind.items()}
    return dict(numbers=one_number(cues, cohort, 1000).to_dict('records'), joint_out_of_fold=joint, never_sees_the_picture=told), pd.concat(blind.values(), ignore_index=True)

def matched_tables(runs, threshold):
    "What is left of each run's score"
    from pneumo_nb.evaluate.matched import by_stratum, matched_auc, reach_curve
    four = ['width', 'shape', 'bits', 'sharpness']
    sets = {c: [c] for c in four} | {'width and shape': ['width', 'shape'], 'all four': four}
    tables = lambda t: pd.concat({k: matched_auc(t, v, 1000) for k, v in sets.items()}, names=['cue']).reset_index().to_dict('records')
    cut = lambda n, t: by_stratum(t, 'width', CUTS, threshold if 'shipped' in n else .5).astype(dict(stratum=str)).to_dict('records')
    return dict(matched={n: tables(t) for n, t in runs.items()}, reach={n: reach_curve(t, 'width', n_boot=500).to_dict('records') for n, t in runs.items()},
                strata={n: cut(n, t) for n, t in runs.items()})

def all_runs(cues, names):
    "A line for each run of the committed tables, and for the recipe out of fold on the train films whose size is known"
    from pneumo_nb.data.cohort import load_cohort
    from pneumo_nb.evaluate.evaluation import pick
    from pneumo_nb.evaluate.matched import matched_auc
    from pneumo_nb.evaluate.operating_point import read_oof
    model, study, rows = load_cohort(ROOT/'results/model/predictions.csv'), load_cohort(ROOT/'results/study/predictions.csv'), []
    some = {f'{m}, seed {s}, test': pick(t, m, s, 'test') for t in (model, study) for m, s in t[t.fold == 'test'].groupby(['model', 'seed']).groups}
    clean = read_oof(ROOT/'results/model/oof.csv').query('family == "clean"')
    some['robust, out of fold, train'] = oof = clean.assign(p=1/(1 + np.exp(-clean.logit)), model='robust', seed=0, fold='train')
    some['robust, out of fold, train, files saved again'] = oof[oof.path.isin(cues.path[cues.quality.isna() & cues.width.notna()])]
    valid = {f'{m}, seed {s}, held-out train': pick(study, m, s, 'valid') for m, s in study[study.fold == 'valid'].groupby(['model', 'seed']).groups}
    for name, t in (some | valid).items():
        t = t[['path', 'patient', 'label', 'p', 'model', 'seed', 'fold']].merge(cues[['path', *names]], on='path').dropna(subset=names[:2]).reset_index(drop=True)
        row = dict(run=name, films=len(t))
        for key, c in dict(width=['width'], width_shape=['width', 'shape']).items():
            m = matched_auc(t, c, 1000, ways=('plain', 'pairs'))
            row |= dict(plain=m.auc['plain'], **{key: m.auc['pairs'], f'{key}_low': m.low['pairs'], f'{key}_high': m.high['pairs'], f'{key}_left': m.cue_left['pairs'], f'{key}_pairs': m.pairs['pairs'],
                                                 f'{key}_normal_patients': m.normal_patients['pairs']})
        rows.append(row)
    return rows

def same_kind(cues):
    "The study's networks on normals of one kind, held out of training and from the test: committed scores, by shape, by width, and by whether somebody saved the file again"
    from pneumo_nb.data.cohort import load_cohort
    study, rows = load_cohort(ROOT/'results/study/predictions.csv'), []
    t = study[study.label == 'NORMAL'].merge(cues[['path', 'width', 'shape', 'quality']].dropna(subset='width'), on='path')
    cut = lambda v, at, unit: pd.Categorical.from_codes(np.searchsorted(at, v, side='right'), [f'< {at[0]:g}{unit}', *(f'{a:g} to < {b:g}{unit}' for a, b in zip(at, at[1:])), f'{at[-1]:g}{unit} and more'], ordered=True)
    kinds = {'width over height': cut(t['shape'], (1.15, 1.25, 1.35), ''), 'width': cut(t.width, CUTS, ' px'), 'quality of the file': np.where(t.quality.isna(), 'saved again by somebody', np.where(t.quality > 90, 'above 90', 'about 75 to 90'))}
    for kind, which in kinds.items():
        for (stratum, fold), g in t.groupby([pd.Series(which, t.index), 'fold'], observed=True):
            row = dict(kind=kind, stratum=str(stratum), films=dict(valid='held-out train', test='test')[fold])
            for model, m in g.groupby('model'):
                wide, who = m.pivot(index='path', columns='seed', values='p'), m.drop_duplicates('path').set_index('path')
                got = summary(who.loc[wide.index].reset_index()[['path', 'patient', 'label']], wide.to_numpy().T, .5)
                row |= {'n': got['n'], model: got['specificity'], f'{model}_low': got['specificity_low'], f'{model}_high': got['specificity_high']}
            rows.append(row)
    return rows

def shipped_on_published(data, kept, ledger, command, cues):
    "The shipped network on the published test films, as they are and equalised"
    from pneumo_nb.screen.bundle import load_bundle
    from pneumo_nb.data.cohort import read_cohort
    from pneumo_nb.evaluate.evaluation import record_scoring
    published = data.parent/'chest_xray_original'
    films = read_cohort(published, progress=False)[0]
    small, again, shapes = equalisers()
    bundle, rows, first = load_bundle(), [], None
    point = bundle.points['default']
    table = films.drop(columns='width').merge(cues[['path', 'width']], on='path', how='left')   # the original's width, not the copy's
    for name, make in ({'as published': lambda x: x} | small | again | shapes).items():
        file = kept/'shipped'/f'{name}.csv'
        if not file.exists():
            logits = bundle.logits_features(squares([published/p for p in films.path], make, bundle.size))[0]
            run = films[['path', 'patient', 'label', 'etiology']].assign(p=bundle.probability(logits), model='shipped', seed=0, fold='test')
            record_scoring(ledger, run, bundle.model[:12], films, command, f'published test files, {name}; what a cue in the picture does, nothing chosen', round(point.threshold, 6))
            file.parent.mkdir(parents=True, exist_ok=True); run.to_csv(file, index=False)
            print(f'asked: {name}', flush=True)
        p = pd.read_csv(file).set_index('path').p.loc[films.path].to_numpy()[None]
        first = p if first is None else first
        rows.append(dict(films=name, **summary(table, p, point.threshold, first)))
    return rows, point.threshold, bundle.model[:12]

def study_networks(data, folder):
    "The study's networks, trained by its own stages where they are not there; films, cohort of the train films, held out or not, settings"
    from pneumo_nb.train.baseline import film_dls, training_films
    from pneumo_nb.data.cohort import film_paths, grouped_split, load_cohort
    from pneumo_nb.data.film import film_cache
    from pneumo_nb.study.study import progress_line, run_stages, study_settings, study_stages
    s = study_settings('quick', data)
    run_stages(folder, [x for x in study_stages(s) if x.name in ('cohort', 'films') or ', seed ' in x.name], s, progress_line())
    train = training_films(load_cohort(folder/'cohort.csv'))
    films, split = film_cache(film_paths(train, data), s['size'], progress=False), grouped_split(train, .2)
    return train, films, (split == 'valid').to_numpy(), film_dls(films, train.label, split, bs=s['bs']), s

def scores_of(model, folder, dls, s, films):
    "(seeds, films): what the trainings of one model say"
    from fastai.learner import Learner
    from safetensors.torch import load_file
    from pneumo_nb.train.baseline import dense_net, predict
    from pneumo_nb.train.cnn import SmallCNN
    out = []
    for seed in range(s['seeds']):
        net = dict(baseline=dense_net, cnn=SmallCNN)[model](s['size'], seed=seed)
        net.load_state_dict(load_file(folder/'runs'/f'{model}-{seed}.safetensors'))
        out.append(predict(Learner(dls, net, loss_func=lambda *a: None), films))
    return np.stack(out)

def draw_shapes(cues, cohort, n):
    "n shapes of train pneumonias"
    ill = cues['shape'][(cohort.split == 'train').to_numpy() & (cohort.label == 'PNEUMONIA').to_numpy()].dropna()
    return np.random.default_rng(0).choice(ill, n)

def study_asked(data, folder, cohort, cues):
    "The study's networks on held-out train films at their true shape, equalised; and the riddle: normals made like pneumonias"
    from pneumo_nb.data.cohort import load_cohort
    from pneumo_nb.explore.file_cues import cropped, padded, saved_again, shrunk
    train, copies, held, dls, s = study_networks(data, folder)
    true = data.parent/'chest_xray_384'
    at_hand = held & np.array([(true/p).exists() for p in train.path])
    films, paths = train[at_hand].reset_index(drop=True), [true/p for p in train.path[at_hand]]
    table = films.drop(columns='width').merge(cues[['path', 'width']], on='path', how='left')   # the original's width, not the copy's
    small, again, shapes = equalisers()
    ways = {'as they are': lambda x: x} | {n: f for n, f in small.items() if '300' in n or '200' in n} | again | shapes
    ready = {'copies of 224 px, as in training': copies[at_hand]} | {n: squares(paths, f, s['size']) for n, f in ways.items()}
    causal, said = {}, {}
    for model in ('cnn', 'baseline'):
        said[model] = {n: scores_of(model, folder, dls, s, x) for n, x in ready.items()}
        causal[f'study: {model}, held out'] = [dict(films=n, **summary(table, p, .5, said[model]['as they are'])) for n, p in said[model].items()]
    normal = (films.label == 'NORMAL').to_numpy()
    nf, np_ = films[normal].reset_index(drop=True), [p for p, m in zip(paths, normal) if m]
    drawn = dict(zip(map(str, np_), draw_shapes(cues, cohort, len(np_))))
    def shaped(make):   # each film gets the shape of a pneumonia, drawn at random
        from pneumo_nb.data.film import Film, read_film
        return np.stack([Film(str(p), make(read_film(p), drawn[str(p)]), {}, 0.).sized(s['size']) for p in np_])
    changed = {'as they are': squares(np_, lambda x: x, s['size']), 'saved again at quality 75': squares(np_, saved_again, s['size']),
               'saved again at quality 30': squares(np_, lambda x: saved_again(x, 30), s['size']), 'shrunk to 200 px': squares(np_, lambda x: shrunk(x, 200), s['size']),
               'cropped to shapes of pneumonias': shaped(cropped), 'padded to shapes of pneumonias': shaped(padded),
               'cropped, and quality 75': shaped(lambda x, shape: saved_again(cropped(x, shape))),
               'cropped, shrunk to 200 px, and quality 75': shaped(lambda x, shape: saved_again(shrunk(cropped(x, shape), 200)))}
    rows = {n: dict(normals=n, n=len(nf)) for n in changed}
    for model in ('baseline', 'cnn'):
        for n, x in changed.items():
            got = summary(nf, scores_of(model, folder, dls, s, x), .5)
            rows[n] |= {model: got['specificity'], f'{model}_low': got['specificity_low'], f'{model}_high': got['specificity_high']}
    study = load_cohort(ROOT/'results/study/predictions.csv')
    return causal, list(rows.values()), int(at_hand.sum()), _same(study, train, held, dls, s, folder, copies)

def _same(study, train, held, dls, s, folder, copies):
    "How near the networks that were trained again come to the committed scores of the study, on the films that it held out"
    from pneumo_nb.evaluate.evaluation import pick
    out = {}
    for model in ('cnn', 'baseline'):
        p = scores_of(model, folder, dls, s, copies[held])
        for seed in range(s['seeds']):
            then = pick(study, model, seed, 'valid').set_index('path').p.loc[train.path[held]].to_numpy()
            out[f'{model}, seed {seed}'] = dict(correlation=float(np.corrcoef(p[seed], then)[0, 1]), same_calls=float(((p[seed] >= .5) == (then >= .5)).mean()))
    return out

def _before(out):
    "What an earlier run told of the study's networks, or nothing"
    try: told = json.loads((out/'file_cues.json').read_text())
    except FileNotFoundError: return {}
    return dict(causal={k: v for k, v in told['causal'].items() if 'held out' in k}, riddle=told['riddle'], **{k: told['about'][k] for k in ('held_out_films', 'trained_again')})

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True, help='the public films'); parser.add_argument('--out', default=str(ROOT/'results'))
    parser.add_argument('--networks', help="folder of the study's networks and of kept scores; default: in the cache")
    parser.add_argument('--ledger', default=str(ROOT/'results/ledger.csv'))
    parser.add_argument('--without-networks', action='store_true', help="leave the study's networks out")
    args = parser.parse_args()
    from pneumo_nb.data.cohort import load_cohort, read_cohort, source_line
    from pneumo_nb.evaluate.evaluation import pick
    from pneumo_nb.explore.file_cues import film_sharpness, find_originals, original_cues
    from pneumo_nb.data.film import cache_folder
    from pneumo_nb.core import write_atomic
    from pneumo_nb.screen.queue import _plain
    data, out, kept = Path(args.data), Path(args.out), Path(args.networks or cache_folder()/'file_cues')
    if find_originals(data) is None: raise SystemExit(f'cues.py: there is no originals.csv beside {data.name}: what the original files said is not known here')
    cohort = read_cohort(data, progress=False)[0]
    cues = original_cues(cohort, find_originals(data)).assign(path=cohort.path)
    say, table = files_say(cohort, cues.drop(columns='path'))
    write_atomic(out/'cues'/'predictions.csv', table.assign(p=table.p.round(6)).to_csv(index=False, lineterminator='\n'))
    test = cohort.split == 'test'
    cues.loc[test, 'sharpness'] = film_sharpness([data/p for p in cohort.path[test]], progress=False)
    print('files read', flush=True)
    causal, threshold, model = shipped_on_published(data, kept, args.ledger, 'benchmarks/cues.py', cues)
    with_cues = lambda t: t.merge(cues, on='path', how='left', validate='1:1')
    scored = {n: load_cohort(ROOT/f'results/{n}/predictions.csv') for n in ('model', 'study')}
    runs = {'shipped network': with_cues(pick(scored['model'], 'shipped', fold='test'))} | {f'study: {m}': with_cues(pick(scored['study'], m, fold='test')) for m in ('cnn', 'baseline')}
    tables, lines = matched_tables(runs, threshold), all_runs(cues, ['width', 'shape'])
    print('matched', flush=True)
    networks = _before(out) if args.without_networks else dict(zip(('causal', 'riddle', 'held_out_films', 'trained_again'), study_asked(data, kept, cohort, cues)))
    about = dict(source=source_line(cohort), command='make cues DATA=path/to/chest_xray', threshold=threshold, model=model, original_files=int(cues.width.notna().sum()), held_out_films=networks.get('held_out_films'), trained_again=networks.get('trained_again'))
    told = dict(about=about, **say, **tables, runs=lines, same_kind=same_kind(cues), causal={'shipped network, test': causal, **networks.get('causal', {})}, riddle=networks.get('riddle'))
    write_atomic(out/'file_cues.json', json.dumps(_plain(told), indent=1, default=float) + '\n')
    print(f'written: {out/"file_cues.json"}, {out/"cues"/"predictions.csv"}')

if __name__ == '__main__': main()
