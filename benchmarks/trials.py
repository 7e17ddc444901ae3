"""Recipes with the size and length that they need, ranked by a score written down before → results/trials.csv, results/trial_choice.json

trials.py --data path/to/chest_xray [--out results] [--keep trials] [--workers N] [--seconds S]

Beside the folder of the films lies originals.csv (what the original files said). Weights and tables of scores are kept in --keep, and a
training whose files are there is not run again. After S seconds no further training begins. Only train films are read. Eight trials of
three seeds on two folds are 48 trainings: minutes on one large GPU with a process per core, about a day on two cores.
"""
import time
from pathlib import Path
from measured import parser
from pneumo_nb.core import save_json, write_atomic
from pneumo_nb.data.cohort import read_cohort
from pneumo_nb.explore.file_cues import find_originals, original_cues
from pneumo_nb.study.trials import TRIALS, run_trials, trial_choice, trial_films, trial_jobs, trial_ranking, trial_rows
from pneumo_nb.train.ablation import ablation_data
from pneumo_nb.train.holdouts import development_films

def films_at(size, cohort, root):
    "The development films at one size, with what is known of their originals"
    data = ablation_data(development_films(cohort), root, size, progress=False)
    return trial_films(data, original_cues(data.cohort, find_originals(root)))

def main():
    p = parser(__doc__, 'results')
    p.add_argument('--data', required=True)
    p.add_argument('--keep', default='trials')
    p.add_argument('--workers', type=int)
    p.add_argument('--seconds', type=float, default=float('inf'))
    a = p.parse_args()
    until, jobs = time.time() + a.seconds, trial_jobs()
    cohort, _ = read_cohort(a.data, progress=False)
    films = {size: films_at(size, cohort, a.data) for size in sorted({t.size for t in TRIALS})}
    print(f'films ready; {len(jobs)} trainings', flush=True)
    run_trials(jobs, films, a.keep, a.workers, until, log=lambda line: print(line, flush=True))
    rows = trial_rows(jobs, a.keep)
    write_atomic(Path(a.out)/'trials.csv', rows.to_csv(index=False, float_format='%.5f'))
    ranked = trial_ranking(rows)
    save_json(Path(a.out)/'trial_choice.json', chosen := trial_choice(rows, min(6, int(ranked.trainings.max()))))
    print(ranked.round(4).to_string(), '\ntaken:', chosen['recipe'], chosen['size'], chosen['epochs'])

if __name__ == '__main__': main()
