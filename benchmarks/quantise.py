"""Is an 8-bit network worth offering? Static quantisation of the shipped bundle, judged on development films, clean and under every corruption.

    python benchmarks/quantise.py [--data path/to/chest_xray] [--out results/int8.json]

It is offered when the AUC falls by less than 0.001 and at most 0.5 % of the decisions at the operating point change. The network has
learned from these films, so the AUC hardly falls whatever happens; the share of changed decisions is the harder test.
"""
import argparse, json, os, platform, tempfile, time
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
import numpy as np

MAX_AUC_FALL, MAX_FLIPS = .001, .005
CALIBRATION, JUDGED = 300, 2000   # films

def quantised(onnx, films, folder):
    "The network in 8 bits, its ranges taken from films"
    from pneumo_nb.screen.bundle import onnx_runtime
    onnx_runtime()                                   # its telemetry is switched off before anything of it is imported
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process
    class Reader(CalibrationDataReader):
        def __init__(self): self.films = iter(films)
        def get_next(self): return {'film': f[None]} if (f := next(self.films, None)) is not None else None
    plain, small = Path(folder)/'plain.onnx', Path(folder)/'int8.onnx'
    quant_pre_process(str(onnx), str(plain), skip_symbolic_shape=True)
    quantize_static(str(plain), str(small), Reader(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    calibrate_method=CalibrationMethod.MinMax)
    return small

def rate(session, films):
    "Films per second of one session"
    start = time.perf_counter()
    for i in range(0, len(films), 16): session.run(['logit'], {'film': films[i:i + 16]})
    return len(films)/(time.perf_counter() - start)

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data')
    parser.add_argument('--out', default='results/int8.json')
    args = parser.parse_args()
    from sklearn.metrics import roc_auc_score
    from pneumo_nb.screen.bundle import SHIPPED, _session, load_bundle
    from pneumo_nb.data.cohort import film_paths, find_films, read_cohort, source_line
    from pneumo_nb.data.film import film_cache
    from pneumo_nb.core import write_atomic
    from pneumo_nb.train.robust import CORRUPTIONS, corrupt_all
    from pneumo_nb.train.cross_validation import development_films
    found, bundle = find_films(args.data), load_bundle()
    cohort = development_films(read_cohort(found.root, progress=False)[0])
    cohort = cohort.sample(min(len(cohort), CALIBRATION + JUDGED), random_state=0).reset_index(drop=True)
    films, ill, k = np.array(film_cache(film_paths(cohort, found.root), bundle.size)), (cohort.label == 'PNEUMONIA').to_numpy(), min(CALIBRATION, len(cohort)//3)
    with tempfile.TemporaryDirectory() as folder:
        small = quantised(SHIPPED/'children'/'model.onnx', films[:k], folder).read_bytes()
    full, eight = bundle._session, _session(small)
    logits = lambda session, x: np.concatenate([session.run(['logit'], {'film': x[i:i + 16]})[0] for i in range(0, len(x), 16)])
    threshold, rows = bundle.points['default'].threshold, []
    for family in ('clean', *CORRUPTIONS):
        x = films[k:] if family == 'clean' else corrupt_all(films[k:], family, 2)
        p, q = (bundle.probability(logits(s, x)) for s in (full, eight))
        rows.append(dict(family=family, auc_fall=roc_auc_score(ill[k:], p) - roc_auc_score(ill[k:], q), decisions_changed=float(((p >= threshold) != (q >= threshold)).mean()), largest_gap=float(np.abs(p - q).max())))
        print('{family:14} AUC falls by {auc_fall:+.5f}, {decisions_changed:.2%} of decisions change, largest gap {largest_gap:.3f}'.format(**rows[-1]), flush=True)
    worst = dict(auc_fall=max(r['auc_fall'] for r in rows), decisions_changed=max(r['decisions_changed'] for r in rows))
    told = dict(utc=datetime.now(timezone.utc).isoformat(timespec='seconds'), cohort=source_line(cohort), calibrated_on=k, judged_on=len(films) - k, model=bundle.model[:12],
                versions={p: metadata.version(p) for p in ('onnxruntime', 'numpy')}, machine=platform.machine(), cores=os.cpu_count(),
                bytes={'float': (SHIPPED/'children'/'model.onnx').stat().st_size, 'int8': len(small)}, speed_ratio=round(rate(eight, films[:512])/rate(full, films[:512]), 2),
                rows=rows, worst=worst, offered=worst['auc_fall'] < MAX_AUC_FALL and worst['decisions_changed'] <= MAX_FLIPS)
    write_atomic(args.out, json.dumps(told, indent=1) + '\n')
    print(f"worst: {worst}; {told['speed_ratio']} times as fast; offered: {told['offered']}")

if __name__ == '__main__': main()
