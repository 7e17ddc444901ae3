"""Score every row of the ablation on the test films, once, when the choice has been made and committed

ablation_test.py --data FOLDER [--later FOLDER] [--withdrawn CSV] [--rows results/ablation.csv] [--keep ablation]
                 [--ledger results/ledger.csv]

Each row's threshold was fixed on its clean held-out train films. Each scoring leaves a line in the ledger. Writes ROWS_test.csv
beside the rows; where that file is, nothing is scored again. Nothing may be chosen from it.
"""
import argparse
from pathlib import Path
import pandas as pd
from pneumo_nb.data.cohort import read_cohort
from pneumo_nb.data.sources import find_films
from pneumo_nb.evaluate.comparison import seed_table
from pneumo_nb.evaluate.predictions import select_run
from pneumo_nb.stats import balanced_threshold
from pneumo_nb.study.evidence import scored_sets
from pneumo_nb.study.final_films import final_films, score_networks
from pneumo_nb.study.ledger import record_scoring
from pneumo_nb.study.stages import save_table
from pneumo_nb.train.ablation import load_row, read_rows
from pneumo_nb.train.recipes import film_scores

KNOWN = 'recipe', 'seed', 'size', 'epochs', 'score', 'worst', 'unseen', 'cross_auc', 'clean_auc'
METRICS = ['auc', 'accuracy', 'balanced_accuracy', 'sensitivity', 'specificity']
PREFIX = {'public': '', 'later release': 'later_', 'later release, softened': 'softened_'}

def score_row(row, keep, films, cohort, ledger, command, withdrawn):
    "One row: what was known of it, its threshold, and the metrics of each test set"
    kept = pd.read_csv(Path(keep)/f'{row["file"]}.csv')
    clean = kept[kept.corruption == 'clean']
    threshold, net = balanced_threshold(clean.label, clean.p), load_row(row, keep)
    scored = score_networks({(row['recipe'], row['seed']): lambda x: film_scores(net, x)}, films, row['size'])
    record_scoring(ledger, select_run(scored, split='test'), row['weights'], cohort, command, 'row of the ablation', round(threshold, 6))
    told = {k: row[k] for k in KNOWN} | dict(threshold=threshold)
    for name, t in scored_sets(scored, withdrawn).items():
        means = seed_table(t, threshold).loc[row['recipe'], 'mean']
        told |= {f'{PREFIX[name]}{m}': means[m] for m in METRICS}
    return told

def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', help='folder of films; as for pneumo_model')
    parser.add_argument('--later', help="folder of the later release's normal test films")
    parser.add_argument('--withdrawn', help='CSV of the test films that the later release no longer has')
    parser.add_argument('--rows', default='results/ablation.csv')
    parser.add_argument('--keep', default='ablation', help='folder of weights and scores')
    parser.add_argument('--ledger', default='results/ledger.csv')
    args = parser.parse_args(argv)
    rows = Path(args.rows)
    target = rows.with_name(f'{rows.stem}_test.csv')
    if target.exists(): raise SystemExit(f'{target} is there: the rows were scored, and are scored once')
    root = find_films(args.data).root
    cohort, _ = read_cohort(root)
    gone = pd.read_csv(args.withdrawn).iloc[:, 0].tolist() if args.withdrawn else []
    films, table = final_films(cohort, root, args.later, gone, args.keep), []
    for row in read_rows(rows).to_dict('records'):
        table.append(score_row(row, args.keep, films, cohort, args.ledger, 'benchmarks/ablation_test.py', gone))
        got = table[-1]
        print(f"{row['recipe']}, seed {row['seed']}: AUC {got['auc']:.3f}, balanced accuracy {got['balanced_accuracy']:.3f}", flush=True)
    save_table(target.parent, target.stem, pd.DataFrame(table), float_format='%.5g')

if __name__ == '__main__': main()
