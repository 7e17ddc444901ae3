"""What becomes of the scores when flat edges (collimation, frames) are cut off before a film is squeezed → results/trim.json

trim.py --data path/to/chest_xray --elsewhere folder [--out results/trim.json]

The shipped networks on the development films that they have not seen, as they are and in a border (the corruption *margins*, severity 2),
and its gate on films from elsewhere (`labels.csv` with file, age_years, patient): each uncut and cut. No test film is read.
About a minute of one core.
"""
import json
from pathlib import Path
import numpy as np
from PIL import Image
from measured import now, parser
from pneumo_nb.core import PNEUMONIA, write_atomic
from pneumo_nb.data.film import read_film, resize_film
from pneumo_nb.evaluate.operating_point import read_oof
from pneumo_nb.screen.bundle import load_bundle
from pneumo_nb.screen.gate import verdicts
from pneumo_nb.stats import auc, bootstrap, interval, rates
from pneumo_nb.study.gate_fit import ADULT, CHILD, read_elsewhere
from pneumo_nb.train.corruptions import corrupt

FLAT, SHARE, MOST = 6, .95, .25   # grey levels about a line's median; pixels of it that are so near; the most that is cut, share of a side
SHOWS = .01                       # from this share of a side on, a film counts as cut

def flat_lines(lines):
    "How many lines there are at this edge whose pixels are nearly all of one grey"
    flat = [np.mean(np.abs(line - np.median(line)) <= FLAT) >= SHARE for line in lines[:int(MOST*len(lines))].astype(float)]
    return flat.index(False) if False in flat else len(flat)

def cut(film):
    "The film without its flat edges, squeezed to its own size; the largest share of a side that went"
    (h, w), edges = film.shape, [flat_lines(a) for a in (film, film[::-1], film.T, film.T[::-1])]
    top, bottom, left, right = edges
    inner = Image.fromarray(np.ascontiguousarray(film[top:h - bottom, left:w - right]))
    return np.array(resize_film(inner, h)), max(edges)/h

def cut_all(films):
    "The films without their flat edges; of which it shows"
    pairs = [cut(f) for f in films]
    return np.stack([film for film, _ in pairs]), np.array([share > SHOWS for _, share in pairs])

def judged(bundle, films, y, threshold):
    "A function of weights (draws, films): AUC, sensitivity, specificity"
    p = bundle.probability(bundle.logits(films))
    called = p >= threshold
    def measures(w):
        share = rates(*(w @ films for films in (called & y, ~called & y, ~called & ~y, called & ~y)))
        return dict(auc=auc(y, p, w), sensitivity=share['sensitivity'], specificity=share['specificity'])
    return measures

def compared(bundle, films, without, held, threshold):
    "Each measure uncut and cut; low and high, a 95 % interval over patients, are of the change"
    y = (held.label == PNEUMONIA).to_numpy()
    found = [judged(bundle, f, y, threshold) for f in (films, without)]
    def change(w): return {m: after - before for (m, before), after in zip(found[0](w).items(), found[1](w).values(), strict=True)}
    low_high = {m: interval(draws) for m, draws in bootstrap(held.patient, change, 500, 0, y).items()}
    before, after = ({m: float(v[0]) for m, v in of(np.ones((1, len(y)))).items()} for of in found)
    return {m: dict(uncut=before[m], cut=after[m], low=low_high[m][0], high=low_high[m][1]) for m in before}

def refused(bundle, films):
    "Share of films that the gate refuses, uncut and cut; and how many are cut at all"
    ask, (without, shows) = lambda x: bundle.logits_features(x)[1], cut_all(films)
    codes = {how: verdicts(bundle.gate, x, ask) for how, x in dict(uncut=films, cut=without).items()}
    return dict(films=len(films), shows=float(shows.mean())) | {how: float(np.mean(c != '')) for how, c in codes.items()}

def main():
    p = parser(__doc__, 'results/trim.json')
    p.add_argument('--data', required=True)
    p.add_argument('--elsewhere', required=True)
    a = p.parse_args()
    bundle, held = load_bundle(), read_oof('results/model/held_out.csv').query("corruption == 'clean'").reset_index(drop=True)
    films = np.stack([read_film(Path(a.data)/path, bundle.size) for path in held.path])
    away = read_elsewhere(a.elsewhere, bundle.size)
    (without, shows), threshold = cut_all(films), bundle.point().threshold
    bordered = np.stack([corrupt(f, 'margins', 2) for f in films])
    told = dict(utc=now(), command='make trim DATA=… ELSEWHERE=…', model=bundle.model, films=len(held), threshold=threshold,
                cut={label: float(shows[held.label == label].mean()) for label in held.label.unique()},
                clean=compared(bundle, films, without, held, threshold),
                margins=compared(bundle, bordered, cut_all(bordered)[0], held, threshold),
                gate=dict(children=refused(bundle, away.films[away.ages <= CHILD]), adults=refused(bundle, away.films[away.ages >= ADULT])))
    write_atomic(Path(a.out), json.dumps(told, indent=1) + '\n')
    print(json.dumps(told, indent=1))

if __name__ == '__main__': main()
