"""The last step's films through the whole of pneumo_screen: are its decisions those of `evaluate/40_evaluation`, and does it refuse none?

test_worklist.py --data path/to/chest_xray [--out results/screen_test.json]

The test films are scored once more by the same bundle, so a line goes into the ledger. Nothing is chosen from it.
"""
import argparse, json
from collections import Counter
from pathlib import Path

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', required=True)
    parser.add_argument('--out', default='results/screen_test.json')
    parser.add_argument('--ledger', default='results/ledger.csv')
    args = parser.parse_args()
    import numpy as np, pandas as pd
    from pneumo_nb.screen.bundle import load_bundle
    from pneumo_nb.data.cohort import load_cohort, read_cohort
    from pneumo_nb.evaluate.evaluation import normal_groups, pick, record_scoring
    from pneumo_nb.core import write_atomic
    from pneumo_nb.screen.worklist import screen
    bundle = load_bundle()
    evaluated = pick(load_cohort('results/model/predictions.csv'), 'shipped', 0, 'test')
    listed = screen(Path(args.data)/'test')
    listed['path'] = [Path(f).relative_to(args.data).as_posix() for f in listed.file]
    both = evaluated.merge(listed.drop(columns='model'), on='path', how='outer', indicator=True)
    scored = both[both.score.notna()]
    point = bundle.points['default']
    run = scored.assign(p=scored.score, fold='test')[['path', 'patient', 'label', 'etiology', 'p', 'model', 'seed', 'fold']]
    record_scoring(args.ledger, run, bundle.model[:12], read_cohort(args.data, progress=False)[0], 'tools/test_worklist.py', 'pneumo_screen on the test films: the same bundle, nothing chosen', round(point.threshold, 6))
    called = np.where(scored.p >= point.threshold, 'pneumonia', 'normal')
    groups = normal_groups(scored[scored.label == 'NORMAL'].assign(fold='test'), pd.read_csv('results/model/withdrawn.csv').iloc[:, 0].tolist())
    told = dict(model=bundle.model, films=len(listed), in_both=int((both._merge == 'both').sum()), refused=Counter(listed.reason[listed.decision == 'refused']),
                decisions=Counter(listed.decision), flags=Counter(' '.join(listed['flags']).split()), same_calls=int((called == scored.call).sum()), scored=len(scored),
                largest_gap_in_score=float((scored.p - scored.score).abs().max()), unsure={f'{label}': int((part.decision == 'unsure').sum()) for label, part in scored.groupby('label')},
                unsure_normals={g: f"{int((part.decision == 'unsure').sum())} of {len(part)}" for g, part in groups.groupby('group')})
    write_atomic(args.out, json.dumps(told, indent=1) + '\n')
    print(json.dumps(told, indent=1))

if __name__ == '__main__': main()
