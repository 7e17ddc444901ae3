"""Films per second of training and of the shipped bundle, as ratios measured side by side in one run: speed.py [--out results/speed.json]

Training: lite0 at 128 px, batches of 32 random films; one process with all threads against one process per core with one thread each,
and the same with `robust.keep_memory`. Bundle: scores from arrays in memory, all cores, at the bundle's own size.
"""
import argparse
import os
import platform
import subprocess
import time
import numpy as np
import torch
from measured import again, now, parser, versions
from pneumo_nb.core import save_json
from pneumo_nb.screen.bundle import load_bundle
from pneumo_nb.train.ablation import keep_memory
from pneumo_nb.train.network import SetLoss, lite_net

STEPS, BATCH, SIZE = 12, 32, 128

def train(threads, keep):
    "Films per second of one process"
    torch.set_num_threads(threads)
    if keep: keep_memory()
    net = lite_net(pretrained=False).to(memory_format=torch.channels_last).train()
    opt, loss = torch.optim.Adam(net.parameters(), 1e-3), SetLoss()
    x, y = torch.rand(BATCH, 1, SIZE, SIZE), torch.eye(3)[torch.randint(0, 3, (BATCH,))]
    def step():
        loss(net(x), y).backward()
        opt.step()
        opt.zero_grad()
    for _ in range(3): step()
    start = time.perf_counter()
    for _ in range(STEPS): step()
    return STEPS*BATCH/(time.perf_counter() - start)

def beside(processes, threads, keep):
    "Films per second of several processes together"
    env = os.environ | dict(OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY='passive')
    runs = [again(__file__, '--one', threads, int(keep), env=env, stderr=subprocess.DEVNULL) for _ in range(processes)]
    return sum(float(r.communicate()[0]) for r in runs)

def bundle(films=512):
    "Films per second of the shipped bundle on all cores, from arrays"
    b = load_bundle()
    x = np.random.default_rng(0).integers(0, 256, (films, b.size, b.size), dtype=np.uint8)
    b.logits(x[:64])
    start = time.perf_counter()
    b.logits(x)
    return films/(time.perf_counter() - start), b.size

def main():
    p = parser(__doc__, 'results/speed.json')
    p.add_argument('--one', nargs=2, type=int, help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.one: return print(train(*args.one))
    cores = os.cpu_count()
    ways = {'one process, all threads': (1, cores, False), 'one process per core': (cores, 1, False),
            'one process per core, memory kept': (cores, 1, True)}
    speed = {name: beside(*way) for name, way in ways.items()}
    (scored, size), base = bundle(), speed['one process, all threads']
    save_json(args.out, dict(
        utc=now(), cores=cores, processor=platform.machine(), versions=versions('torch', 'onnxruntime', 'numpy'),
        training_films_per_second={k: round(v, 1) for k, v in speed.items()},
        training_ratio={k: round(v/base, 2) for k, v in speed.items()},
        bundle_films_per_second=round(scored, 1), bundle_size=size))
    for k, v in speed.items(): print(f'{k:36} {v:7.1f} films/s  {v/base:5.2f}')
    print(f'shipped bundle at {size} px             {scored:7.1f} films/s')

if __name__ == '__main__': main()
