"""The last step's films through the whole of pneumo_screen: are its decisions those of `evaluate/42_evaluation`, and does it refuse none?

test_worklist.py --data path/to/chest_xray [--out results/screen_test.json]

The test films are scored once more by the same bundle, so a line goes into the ledger. Nothing is chosen from it.
"""
import argparse
import json
from collections import Counter
from pathlib import Path
import numpy as np
import pandas as pd
from pneumo_nb.core import plain_data, save_json
from pneumo_nb.data.cohort import read_cohort
from pneumo_nb.evaluate.predictions import select_run
from pneumo_nb.screen.bundle import load_bundle
from pneumo_nb.screen.worklist_table import screen
from pneumo_nb.study.ledger import record_scoring
from pneumo_nb.study.published import normal_groups
from pneumo_nb.tables import PREDICTIONS, load_table

MODEL, WHY = Path('results/model'), 'pneumo_screen on the test films: the same bundle, nothing chosen'

def both(data):
    "A row per test film: what was evaluated and what pneumo_screen says"
    evaluated, listed = select_run(load_table(MODEL/'predictions.csv', PREDICTIONS), 'shipped', 0, 'test'), screen(data/'test')
    listed['path'] = [Path(f).relative_to(data).as_posix() for f in listed.file]
    return listed, evaluated.merge(listed.drop(columns='model'), on='path', how='outer', indicator=True)

def record(ledger, scored, bundle, threshold, data):
    "The ledger's line"
    run = scored.assign(p=scored.score, split='test')[['path', 'patient', 'label', 'etiology', 'p', 'model', 'seed', 'split']]
    films = read_cohort(data, progress=False)[0]
    record_scoring(ledger, run, bundle.model[:12], films, 'tools/test_worklist.py', WHY, round(threshold, 6))

def unsure(films): return int((films.decision == 'unsure').sum())

def unsure_normals(scored):
    "How many normals are unsure, by what later releases made of them"
    normals, withdrawn = scored[scored.label == 'NORMAL'].assign(split='test'), pd.read_csv(MODEL/'withdrawn.csv').iloc[:, 0].tolist()
    return {g: f'{unsure(part)} of {len(part)}' for g, part in normal_groups(normals, withdrawn).groupby('group')}

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True)
    parser.add_argument('--out', default='results/screen_test.json')
    parser.add_argument('--ledger', default='results/ledger.csv')
    args = parser.parse_args()
    data, bundle = Path(args.data), load_bundle()
    threshold, (listed, films) = bundle.points['default'].threshold, both(data)
    scored = films[films.score.notna()]
    record(args.ledger, scored, bundle, threshold, data)
    called = np.where(scored.p >= threshold, 'pneumonia', 'normal')
    told = dict(
        model=bundle.model, films=len(listed), in_both=int((films._merge == 'both').sum()),
        refused=Counter(listed.reason[listed.decision == 'refused']), decisions=Counter(listed.decision),
        flags=Counter(' '.join(listed['flags']).split()), same_calls=int((called == scored.call).sum()), scored=len(scored),
        largest_gap_in_score=float((scored.p - scored.score).abs().max()),
        unsure={f'{label}': unsure(part) for label, part in scored.groupby('label')}, unsure_normals=unsure_normals(scored))
    save_json(args.out, told)
    print(json.dumps(plain_data(told), indent=1))

if __name__ == '__main__': main()
