"""Is an 8-bit network worth offering? The shipped bundle, quantised, judged on development films, clean and under every corruption.

    python benchmarks/quantise.py [--data path/to/chest_xray] [--out results/int8.json]

It is offered when the AUC falls by less than 0.001 and at most 0.5 % of the decisions at the operating point change. The network has
learned from these films, so the AUC hardly falls whatever happens; the share of changed decisions is the harder test.
"""
import os
import platform
import tempfile
import time
from pathlib import Path
import numpy as np
from sklearn.metrics import roc_auc_score
from measured import now, parser, versions
from pneumo_nb.core import save_json
from pneumo_nb.data.cache import film_cache
from pneumo_nb.data.cohort import film_paths, read_cohort, source_line
from pneumo_nb.data.sources import find_films
from pneumo_nb.screen.bundle import SHIPPED, load_bundle, onnx_runtime, onnx_session
from pneumo_nb.train.corruptions import CORRUPTIONS, corrupt_all
from pneumo_nb.train.holdouts import development_films

MAX_AUC_FALL, MAX_FLIPS = .001, .005
CALIBRATION, JUDGED = 300, 2000   # films
ROW = '{corruption:14} AUC falls by {auc_fall:+.5f}, {decisions_changed:.2%} of decisions change, largest gap {largest_gap:.3f}'
PLAIN = SHIPPED/'children'/'model.onnx'

def quantised(onnx, films, folder):
    "The network in 8 bits, its ranges taken from films"
    onnx_runtime()                                   # switches its telemetry off; so nothing of it is imported at the top
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process
    class Reader(CalibrationDataReader):
        def __init__(self): self.films = iter(films)
        def get_next(self): return {'film': f[None]} if (f := next(self.films, None)) is not None else None
    plain, small = Path(folder)/'plain.onnx', Path(folder)/'int8.onnx'
    quant_pre_process(str(onnx), str(plain), skip_symbolic_shape=True)
    how = dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    quantize_static(str(plain), str(small), Reader(), per_channel=True, calibrate_method=CalibrationMethod.MinMax, **how)
    return small

def rate(session, films):
    "Films per second of one session"
    start = time.perf_counter()
    for i in range(0, len(films), 16): session.run(['logit'], {'film': films[i:i + 16]})
    return len(films)/(time.perf_counter() - start)

def logits(session, films):
    "The network's outputs, in batches of 16"
    return np.concatenate([session.run(['logit'], {'film': films[i:i + 16]})[0] for i in range(0, len(films), 16)])

def judged(bundle, eight, films, ill, corruption):
    "How far 8 bits are from the whole network under one corruption"
    x, threshold = films if corruption == 'clean' else corrupt_all(films, corruption, 2), bundle.points['default'].threshold
    p, q = (bundle.probability(logits(s, x)) for s in (bundle._session, eight))
    row = dict(corruption=corruption, auc_fall=roc_auc_score(ill, p) - roc_auc_score(ill, q),
               decisions_changed=float(((p >= threshold) != (q >= threshold)).mean()), largest_gap=float(np.abs(p - q).max()))
    print(ROW.format(**row), flush=True)
    return row

def draw(data, size):
    "Development films: their table and their squares"
    found = find_films(data)
    cohort = development_films(read_cohort(found.root, progress=False)[0])
    cohort = cohort.sample(min(len(cohort), CALIBRATION + JUDGED), random_state=0).reset_index(drop=True)
    return cohort, np.array(film_cache(film_paths(cohort, found.root), size))

def main():
    p = parser(__doc__, 'results/int8.json')
    p.add_argument('--data')
    args, bundle = p.parse_args(), load_bundle()
    cohort, films = draw(args.data, bundle.size)
    ill, k = (cohort.label == 'PNEUMONIA').to_numpy(), min(CALIBRATION, len(cohort)//3)
    with tempfile.TemporaryDirectory() as folder: small = quantised(PLAIN, films[:k], folder).read_bytes()
    eight = onnx_session(small)
    rows = [judged(bundle, eight, films[k:], ill[k:], corruption) for corruption in ('clean', *CORRUPTIONS)]
    worst = {name: max(r[name] for r in rows) for name in ('auc_fall', 'decisions_changed')}
    told = dict(utc=now(), cohort=source_line(cohort), calibrated_on=k, judged_on=len(films) - k, model=bundle.model[:12],
                versions=versions('onnxruntime', 'numpy'), machine=platform.machine(), cores=os.cpu_count(),
                bytes=dict(float=PLAIN.stat().st_size, int8=len(small)),
                speed_ratio=round(rate(eight, films[:512])/rate(bundle._session, films[:512]), 2), rows=rows, worst=worst,
                offered=worst['auc_fall'] < MAX_AUC_FALL and worst['decisions_changed'] <= MAX_FLIPS)
    save_json(args.out, told)
    print(f"worst: {worst}; {told['speed_ratio']} times as fast; offered: {told['offered']}")

if __name__ == '__main__': main()
