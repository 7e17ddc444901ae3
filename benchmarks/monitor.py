"""How often each of the monitor's bells rings for nothing, and how late it rings for a change: simulated → results/monitor.json

monitor.py [--runs 1000] [--out results/monitor.json]
"""
import argparse
import time
from pathlib import Path
import numpy as np
from pneumo_nb.core import save_json
from pneumo_nb.page.alarms import UNSURE, told_years, years
from pneumo_nb.page.monitor import BEGINNING

ALPHA = .005
CASES = [ # bell; films of its kind among all; share at the beginning; rises?; changes in words → share then
    ('refused', 1., .02, True, {'twice as many': .04, 'one workstation in eight inverts': .02 + .98/8}),
    ('called pneumonia, less', .98, .30, False, {'pneumonia falls from 25 % to 15 %': .235, 'a soft machine: calls fall by half': .15}),
    ('called pneumonia, more', .98, .30, True, {'a rise by a fifth': .36, 'a rise by half': .45}),
    ('unsure', .98, .08, True, {'twice as many': .16}),
    ('far from the beginning', .98, .10, True, {'a machine in five is soft': .18, 'all films are soft': .40}),
    ('missed', .5*.25, .08, True, {'twice as many misses': .16, 'four times as many': .32}),
    ('called for nothing', .5*.75, .10, True, {'twice as many': .20}),
]

def rows(runs):
    "A row per bell, department and change"
    for a_day in (30, 150):
        for bell, part, share, up, changes in CASES:
            films = round(a_day*365*part)
            for change, later in {'none': share, **changes}.items():
                start = time.monotonic()
                rang = years(share, later, films, BEGINNING, up, ALPHA, runs, seed=a_day)
                row = dict(bell=bell, a_day=round(a_day*part, 2), department=a_day, change=change, share=share, later=round(later, 4))
                yield row | dict(films=films) | told_years(rang), rang
                print(f'{bell:24} {a_day:4} {change:36} {(rang > 0).mean():7.2%} {time.monotonic() - start:5.1f} s', flush=True)

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--runs', type=int, default=1000)
    parser.add_argument('--out', type=Path, default=Path('results/monitor.json'))
    args = parser.parse_args()
    done = list(rows(args.runs))
    together = {}
    for row, rang in done:
        if row['change'] == 'none': together.setdefault(row['department'], []).append(rang > 0)
    any_ = [dict(department=d, bells=len(r), runs=args.runs, rang=float(np.any(r, axis=0).mean())) for d, r in together.items()]
    print(save_json(args.out, dict(alpha=ALPHA, unsure=UNSURE, beginning=BEGINNING, rows=[r for r, _ in done], together=any_)))

if __name__ == '__main__': main()
