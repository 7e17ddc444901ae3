"""From files on disk to scores, films per second and peak memory, side by side in one run:

pneumo_screen   files → worklist: everything that the command does
limit           the bare minimum: Pillow decodes, onnxruntime scores, all cores, nothing is checked or written
torch           Pillow decodes, the same weights in torch, batch by batch
fastai          `learn.get_preds` over a test DataLoader, the same weights

    python benchmarks/screen.py [--data path/to/chest_xray] [--out results/screen_speed.json]

Films: development films (or phantoms) at 224 px, and scaled up to 2000 × 1600 px, as JPEG. Every row is a process of its own, warmed up on 16 films.
"""
import argparse, json, os, platform, resource, subprocess, sys, tempfile, time
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

SIZES = {'224 px': ((224, 224), 600), '2000 × 1600 px': ((2000, 1600), 120)}   # name: size, films
WAYS = ('pneumo_screen', 'limit', 'torch', 'fastai')

def write_films(data, folder):
    "JPEGs of each size; returns their folders"
    from PIL import Image
    from pneumo_nb.data.cohort import film_paths, find_films, read_cohort
    from pneumo_nb.data.film import read_film
    found = find_films(data)
    cohort = read_cohort(found.root, progress=False)[0]
    cohort = cohort[cohort.split == 'train'].drop_duplicates('sha256')
    paths = film_paths(cohort.sample(min(len(cohort), max(n for _, n in SIZES.values())), random_state=0), found.root)
    for name, (size, n) in SIZES.items():
        (folder/name).mkdir()
        for i in range(n): Image.fromarray(read_film(paths[i % len(paths)])).resize(size, Image.Resampling.BICUBIC).save(folder/name/f'{i:04}.jpeg', quality=92)
    return cohort.source.iloc[0]

def small(path, size):
    import numpy as np
    from PIL import Image
    with Image.open(path) as im: return np.asarray(im.convert('L').resize((size, size), Image.Resampling.BILINEAR))

def pneumo_screen(paths, cores):
    from pneumo_nb.screen.worklist import Run, run_once
    with tempfile.TemporaryDirectory() as out:
        warm = Run(Path(out)/'warm.jsonl', workers=cores)
        run_once(warm, paths[:16])
        warm.journal.close()
        run = Run(Path(out)/'worklist.jsonl', workers=cores)
        yield
        run_once(run, paths)
        run.journal.close()
        rows = map(json.loads, (Path(out)/'worklist.jsonl').read_text().splitlines())
    score = {r['file']: r['score'] for r in rows}
    yield [score[p] for p in paths]

def limit(paths, cores):
    from concurrent.futures import ThreadPoolExecutor
    import numpy as np
    from pneumo_nb.screen.bundle import load_bundle
    bundle = load_bundle(threads=1)
    batches = [paths[i:i + 16] for i in range(0, len(paths), 16)]
    score = lambda batch: bundle.probability(bundle.logits(np.stack([small(f, bundle.size) for f in batch])))
    score(batches[0])
    yield
    with ThreadPoolExecutor(cores) as pool: p = list(pool.map(score, batches))
    yield np.concatenate(p).tolist()

def torch(paths, cores):
    import numpy as np, torch
    from pneumo_nb.screen.bundle import load_network, read_info, scorer
    torch.set_num_threads(cores)
    info, score = read_info(), scorer(load_network())
    def logits(some):
        with torch.no_grad(): return [score(torch.from_numpy(np.stack([small(f, info['size']) for f in some[i:i + 16]])))[0].numpy() for i in range(0, len(some), 16)]
    logits(paths[:16])
    yield
    logit = logits(paths)
    yield (1/(1 + np.exp(-np.concatenate(logit)/info['temperature']))).tolist()

def fastai(paths, cores):
    import numpy as np, torch
    from fastai.vision.all import CategoryBlock, DataBlock, ImageBlock, Learner, PILImageBW, Resize, ResizeMethod
    from pneumo_nb.screen.bundle import load_network, read_info
    from pneumo_nb.train.robust import pneumonia_logit
    torch.set_num_threads(cores)
    info, net = read_info(), load_network()
    block = DataBlock(blocks=(ImageBlock(PILImageBW), CategoryBlock), get_y=lambda p: 'film', item_tfms=Resize(info['size'], ResizeMethod.Squish))
    dls = block.dataloaders([Path(p) for p in paths[:64]], bs=64)
    learn = Learner(dls, net, loss_func=torch.nn.CrossEntropyLoss())
    def preds(some):
        with learn.no_bar(), learn.no_logging(): return learn.get_preds(dl=dls.test_dl([Path(p) for p in some]), act=lambda x: x)[0]
    preds(paths[:16])
    yield
    out = preds(paths)
    yield (1/(1 + np.exp(-pneumonia_logit(out)[:, 0].numpy()/info['temperature']))).tolist()

def one(way, folder, cores):
    "Run one way in this process: what it scored, and what it cost"
    paths = sorted(map(str, Path(folder).iterdir()))
    steps = globals()[way](paths, cores)
    next(steps)
    start = time.perf_counter()
    scores = next(steps)
    seconds = time.perf_counter() - start
    print(json.dumps(dict(rate=len(paths)/seconds, peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024, scores=scores)))

def measure(way, folder, cores):
    "One row, in a process that may use so many cores"
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    env = os.environ | dict(OMP_NUM_THREADS=str(cores), OMP_WAIT_POLICY='passive')
    done = subprocess.run([sys.executable, __file__, '--one', way, str(folder), str(cores)], env=env, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, allowed))
    if done.returncode: sys.exit(f'{way}: {done.stderr[-2000:]}')
    return json.loads(done.stdout.splitlines()[-1])

def first_score(folder):
    "Seconds from the start of Python to the first score, best of three"
    code = ('from pneumo_nb.screen.worklist import _open_bundle, local_rows\nimport sys\nnext(local_rows(_open_bundle(None), sys.argv[1:], .5, 1))')
    def once():
        start = time.perf_counter()
        subprocess.run([sys.executable, '-c', code, str(next(Path(folder).iterdir()))], check=True)
        return time.perf_counter() - start
    return min(once() for _ in range(3))

def reduced_decoding(folder):
    "Large JPEGs decoded at 1/2 and 1/4: how far scores move, how many calls change, how much faster reading is"
    import numpy as np
    from pneumo_nb.screen.bundle import load_bundle
    from pneumo_nb.data.film import Film
    bundle, paths = load_bundle(), sorted(Path(folder).iterdir())
    def scores(side):
        start = time.perf_counter()
        films = np.stack([Film.read(p, reduced=side).sized(bundle.size) for p in paths])
        return bundle.probability(bundle.logits(films)), time.perf_counter() - start
    (full, seconds), threshold = scores(None), bundle.points['default'].threshold
    def row(side):
        p, faster = scores(side)
        return dict(shorter_side_at_least=side, largest_gap=float(np.abs(p - full).max()), moved_over_5_thousandths=float((np.abs(p - full) > .005).mean()),
                    calls_changed=float(((p >= threshold) != (full >= threshold)).mean()), reading_is_faster=round(seconds/faster, 2))
    return [row(side) for side in (800, 400)]

def peak_of(n, folder):
    "Peak memory in MB of the command on n films (links to those that there are)"
    many = Path(folder)/'many'
    many.mkdir()
    films = sorted((Path(folder)/'224 px').iterdir())
    for i in range(n): os.link(films[i % len(films)], many/f'{i:06}.jpeg')
    row = measure('pneumo_screen', many, len(os.sched_getaffinity(0)))
    return dict(films=n, peak_mb=round(row['peak_mb']), films_per_second=round(row['rate'], 1))

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data')
    parser.add_argument('--out', default='results/screen_speed.json')
    parser.add_argument('--many', type=int, default=10_000)
    parser.add_argument('--one', nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one: return one(args.one[0], args.one[1], int(args.one[2]))
    with tempfile.TemporaryDirectory() as folder:
        source, rows = write_films(args.data, Path(folder)), []
        for name in SIZES:
            for cores in sorted({1, len(os.sched_getaffinity(0))}):
                got = {way: measure(way, Path(folder)/name, cores) for way in WAYS}
                for way, g in got.items():
                    gaps = [abs(a - b) for a, b in zip(g['scores'], got['limit']['scores']) if a is not None]
                    rows.append(dict(films=name, cores=cores, way=way, films_per_second=round(g['rate'], 1), screen_is_faster=round(got['pneumo_screen']['rate']/g['rate'], 2),
                                     peak_mb=round(g['peak_mb']), largest_gap_in_score=max(gaps), scored=len(gaps)))
                    print('{films:16} {cores} cores  {way:14} {films_per_second:7.1f} films/s  pneumo_screen is {screen_is_faster:5.2f} times as fast  {peak_mb:5} MB  gap {largest_gap_in_score:.1e}'.format(**rows[-1]), flush=True)
        told = dict(utc=datetime.now(timezone.utc).isoformat(timespec='seconds'), machine=platform.machine(), cores=os.cpu_count(), source=source,
                    versions={p: metadata.version(p) for p in ('pneumo_nb', 'onnxruntime', 'torch', 'fastai', 'pillow', 'numpy')} | dict(python=platform.python_version()),
                    rows=rows, reduced=reduced_decoding(Path(folder)/list(SIZES)[-1]), seconds_to_first_score=round(first_score(Path(folder)/'224 px'), 2), large_folder=peak_of(args.many, folder))
    from pneumo_nb.core import write_atomic
    write_atomic(args.out, json.dumps(told, indent=1) + '\n')
    print(f"start to first score: {told['seconds_to_first_score']} s; {args.many:,} films: {told['large_folder']['peak_mb']} MB")

if __name__ == '__main__': main()
