"""From files on disk to scores, films per second and peak memory, side by side in one run:

pneumo_screen   files → worklist: everything that the command does
limit           the bare minimum: Pillow decodes, onnxruntime scores, all cores, nothing is checked or written
torch           Pillow decodes, the same weights in torch, batch by batch
fastai          `learn.get_preds` over a test DataLoader, the same weights

    python benchmarks/screen.py [--data path/to/chest_xray] [--out results/screen_speed.json]

Films: development films (or phantoms) at 224 px, and scaled up to 2000 × 1600 px, as JPEG; and scaled up to 2500 × 2048 px as DICOM of
12 bits in 16: as it is, JPEG lossless, JPEG 2000 (the extra `dicom`; fastai reads none). Every row is a process of its own, warmed up on 16
films. Each way imports what it needs itself: what a process has imported counts in its memory.
"""
import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from PIL import Image
from measured import again, now, parser, versions

LOSSLESS, J2K = '1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.90'
DICOM = {'DICOM': None, 'DICOM, JPEG lossless': LOSSLESS, 'DICOM, JPEG 2000': J2K}                 # name: transfer syntax
SIZES = {'224 px': ((224, 224), 600), '2000 × 1600 px': ((2000, 1600), 120)} | dict.fromkeys(DICOM, ((2048, 2500), 48))   # size, films
WAYS = ('pneumo_screen', 'limit', 'torch', 'fastai')
ROW = ('{films:21} {cores} cores  {way:14} {films_per_second:7.1f} films/s  pneumo_screen is {screen_is_faster:5.2f} times as fast  '
       '{peak_mb:5} MB  gap {largest_gap_in_score:.1e}')

def dicom_of(film, syntax):
    "A film of 8 bits as 12 bits in 16, with a little noise, as a machine sends it"
    import imagecodecs
    from pydicom.encaps import encapsulate
    from pneumo_nb.data.phantom_files import phantom_dicom
    noise = np.random.default_rng(0).integers(0, 16, film.shape, dtype=np.uint16)
    grey = film.astype(np.uint16)*16 + noise
    tags, how = dict(BitsStored=12, HighBit=11, WindowCenter=2048, WindowWidth=4096), dict(bitspersample=12)
    if syntax is None: return phantom_dicom(grey, **tags)
    packed = imagecodecs.ljpeg_encode(grey, **how) if syntax == LOSSLESS else imagecodecs.jpeg2k_encode(
        grey, level=0, reversible=True, codecformat='j2k', **how)
    return phantom_dicom(grey, syntax, **tags, PixelData=encapsulate([packed]))

def write_films(data, folder):
    "Films of each size and kind; whose they are"
    from pneumo_nb.data.cohort import film_paths, read_cohort
    from pneumo_nb.data.film import read_film
    from pneumo_nb.data.sources import find_films
    found = find_films(data)
    cohort = read_cohort(found.root, progress=False)[0]
    cohort = cohort[cohort.split == 'train'].drop_duplicates('sha256')
    paths = film_paths(cohort.sample(min(len(cohort), max(n for _, n in SIZES.values())), random_state=0), found.root)
    for name, (size, n) in SIZES.items():
        (folder/name).mkdir()
        for i in range(n):
            film = Image.fromarray(read_film(paths[i % len(paths)])).resize(size, Image.Resampling.BICUBIC)
            if name in DICOM: (folder/name/f'{i:04}.dcm').write_bytes(dicom_of(np.asarray(film), DICOM[name]))
            else: film.save(folder/name/f'{i:04}.jpeg', quality=92)
    return cohort.source.iloc[0]

def stored(path):
    "A DICOM film's stored values, by the fastest decoder at hand"
    import imagecodecs
    from pydicom import dcmread
    from pydicom.encaps import get_frame
    ds = dcmread(path)
    decode = {LOSSLESS: imagecodecs.ljpeg_decode, J2K: imagecodecs.jpeg2k_decode}.get(ds.file_meta.TransferSyntaxUID)
    return decode(get_frame(ds.PixelData, 0)) if decode else ds.pixel_array

def small(path, size):
    if str(path).endswith('.dcm'):
        grey = Image.fromarray((stored(path) >> 4).astype(np.uint8))
        return np.asarray(grey.resize((size, size), Image.Resampling.BILINEAR))
    with Image.open(path) as im: return np.asarray(im.convert('L').resize((size, size), Image.Resampling.BILINEAR))

def batches(paths, n): return [paths[i:i + n] for i in range(0, len(paths), n)]

def stacked(batch, size): return np.stack([small(f, size) for f in batch])

def probability(logit, info): return (1/(1 + np.exp(-logit/info['temperature']))).tolist()

# --- the ways: generators that get ready, then score ---

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
    from pneumo_nb.screen.bundle import load_bundle
    bundle = load_bundle(threads=1)
    score = lambda batch: bundle.probability(bundle.logits(stacked(batch, bundle.size)))
    score(paths[:16])
    yield
    with ThreadPoolExecutor(cores) as pool: p = list(pool.map(score, batches(paths, 4)))    # as few as stay in the cache
    yield np.concatenate(p).tolist()

def torch(paths, cores):
    import torch
    from pneumo_nb.screen.bundle import read_info
    from pneumo_nb.study.packing import load_network, scorer
    torch.set_num_threads(cores)
    info, score = read_info(), scorer(load_network())
    def logits(some):
        with torch.no_grad(): return [score(torch.from_numpy(stacked(batch, info['size'])))[0].numpy() for batch in batches(some, 16)]
    logits(paths[:16])
    yield
    yield probability(np.concatenate(logits(paths)), info)

def fastai(paths, cores):
    import torch
    from fastai.vision.all import CategoryBlock, DataBlock, ImageBlock, Learner, PILImageBW, Resize, ResizeMethod
    from pneumo_nb.screen.bundle import read_info
    from pneumo_nb.study.packing import load_network
    from pneumo_nb.train.network import pneumonia_logit
    torch.set_num_threads(cores)
    info, net = read_info(), load_network()
    resize = Resize(info['size'], ResizeMethod.Squish)
    block = DataBlock(blocks=(ImageBlock(PILImageBW), CategoryBlock), get_y=lambda p: 'film', item_tfms=resize)
    dls = block.dataloaders([Path(p) for p in paths[:64]], bs=64)
    learn = Learner(dls, net, loss_func=torch.nn.CrossEntropyLoss())
    def preds(some):
        with learn.no_bar(), learn.no_logging(): return learn.get_preds(dl=dls.test_dl([Path(p) for p in some]), act=lambda x: x)[0]
    preds(paths[:16])
    yield
    yield probability(pneumonia_logit(preds(paths))[:, 0].numpy(), info)

# --- what they cost ---

FIRST = '''
import sys
from pneumo_nb.screen.bundle import load_bundle
from pneumo_nb.screen.scoring import Rules
from pneumo_nb.screen.worklist import local_rows
bundle = load_bundle(threads=1)
next(local_rows(bundle, sys.argv[1:], Rules(bundle.points['default']), 1))
'''

def one(way, folder, cores):
    "Run one way in this process: what it scored, and what it cost"
    paths = sorted(map(str, Path(folder).iterdir()))
    steps = globals()[way](paths, cores)
    next(steps)
    start = time.perf_counter()
    scores = next(steps)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024
    print(json.dumps(dict(rate=len(paths)/seconds, peak_mb=peak, scores=scores)))

def allowed(): return sorted(os.sched_getaffinity(0))

def measure(way, folder, cores):
    "One row, in a process that may use so many cores"
    env, some = os.environ | dict(OMP_NUM_THREADS=str(cores), OMP_WAIT_POLICY='passive'), allowed()[:cores]
    done = again(__file__, '--one', way, folder, cores, env=env, stderr=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, some))
    said, fault = done.communicate()
    if done.returncode: sys.exit(f'{way}: {fault[-2000:]}')
    return json.loads(said.splitlines()[-1])

def first_score(folder):
    "Seconds from the start of Python to the first score, best of three"
    def once():
        start = time.perf_counter()
        subprocess.run([sys.executable, '-c', FIRST, str(next(Path(folder).iterdir()))], check=True)
        return time.perf_counter() - start
    return min(once() for _ in range(3))

def reduced_decoding(folder):
    "Large JPEGs decoded as the pixel rule asks, and at half of that: how far scores move, calls that change, how much faster reading is"
    from pneumo_nb.data.film import FINE, Film
    from pneumo_nb.screen.bundle import load_bundle
    bundle, paths = load_bundle(), sorted(Path(folder).iterdir())
    def scores(side):
        start = time.perf_counter()
        films = np.stack([Film.read(p, reduced=side).sized(bundle.size) for p in paths])
        return bundle.probability(bundle.logits(films)), time.perf_counter() - start
    (full, seconds), threshold = scores(None), bundle.points['default'].threshold
    def row(side):
        p, faster = scores(side)
        gap, changed = np.abs(p - full), (p >= threshold) != (full >= threshold)
        return dict(shorter_side_at_least=side, largest_gap=float(gap.max()), moved_over_5_thousandths=float((gap > .005).mean()),
                    calls_changed=float(changed.mean()), reading_is_faster=round(seconds/faster, 2))
    return [row(side) for side in (FINE*bundle.size, FINE*bundle.size//2)]

def peak_of(n, folder):
    "Peak memory in MB of the command on n films (links to those that there are)"
    many = Path(folder)/'many'
    many.mkdir()
    films = sorted((Path(folder)/'224 px').iterdir())
    for i in range(n): os.link(films[i % len(films)], many/f'{i:06}.jpeg')
    row = measure('pneumo_screen', many, len(allowed()))
    return dict(films=n, peak_mb=round(row['peak_mb']), films_per_second=round(row['rate'], 1))

def row_of(name, cores, way, got):
    "What one way did, beside pneumo_screen and the limit"
    mine, base = got[way], got['limit']['scores']
    gaps = [abs(a - b) for a, b in zip(mine['scores'], base, strict=True) if a is not None]
    row = dict(films=name, cores=cores, way=way, films_per_second=round(mine['rate'], 1),
               screen_is_faster=round(got['pneumo_screen']['rate']/mine['rate'], 2), peak_mb=round(mine['peak_mb']),
               largest_gap_in_score=max(gaps), scored=len(gaps))
    print(ROW.format(**row), flush=True)
    return row

def compared(folder):
    "A row per size, number of cores, and way"
    for name in SIZES:
        for cores in sorted({1, len(allowed())}):
            got = {way: measure(way, folder/name, cores) for way in WAYS if way != 'fastai' or name not in DICOM}
            yield from (row_of(name, cores, way, got) for way in got)

def main():
    p = parser(__doc__, 'results/screen_speed.json')
    p.add_argument('--data')
    p.add_argument('--many', type=int, default=10_000)
    p.add_argument('--one', nargs=3, help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.one: return one(args.one[0], args.one[1], int(args.one[2]))
    with tempfile.TemporaryDirectory() as d:
        folder = Path(d)
        told = dict(utc=now(), machine=platform.machine(), cores=os.cpu_count(), source=write_films(args.data, folder),
                    versions=versions('pneumo_nb', 'onnxruntime', 'torch', 'fastai', 'pillow', 'numpy'), rows=list(compared(folder)),
                    reduced=reduced_decoding(folder/'2000 × 1600 px'), seconds_to_first_score=round(first_score(folder/'224 px'), 2),
                    large_folder=peak_of(args.many, folder))
    from pneumo_nb.core import save_json
    save_json(args.out, told)
    print(f"start to first score: {told['seconds_to_first_score']} s; {args.many:,} films: {told['large_folder']['peak_mb']} MB")

if __name__ == '__main__': main()
