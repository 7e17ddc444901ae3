"""The DICOM node beside what it stands between, on the same drawn films, side by side in one run:

echo            the bare pynetdicom store loop: an SCP in a process of its own that answers success and keeps nothing
received        pneumo_node answers success: checked, on the disk, in its table
round trip      pneumo_node from the first film sent to the last report delivered to an archive (an SCP that answers success)
folder          pneumo_screen on the same files: no network, no reports

    python benchmarks/node.py [--out results/node.json] [--films 40] [--objects 2000]

Films: phantoms as DX, 1024 × 1024 px, uncompressed. Then memory: small films, one after the other, and what the node's process holds.
What is kept are ratios of this machine in this run (three rounds in turns, their median), and memory; `tools/node_check.py --out` keeps its
table in the same file.
"""
import argparse
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from pynetdicom import AE, evt
from measured import now, parser, versions
from pneumo_nb.core import save_json
from pneumo_nb.data.cohort import read_cohort
from pneumo_nb.data.phantom import phantom_film
from pneumo_nb.data.phantom_files import phantom_dicom, write_phantoms
from pneumo_nb.data.tags import RADIOGRAPH_CLASSES
from pneumo_nb.node.inbox import health
from pneumo_nb.node.node import send_films
from pneumo_nb.node.receive import quiet_network
from pneumo_nb.screen.worklist import Run, run_once

SMALL = 64                      # px, of the films of the memory trial
LOOKS = (100, 500, 1000, 2000)  # objects after which memory is looked at

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]

def until(f, seconds=3600, every=.1):
    end = time.monotonic() + seconds
    while not f():
        if time.monotonic() > end: sys.exit('it does not come to an end')
        time.sleep(every)

def listens(port):
    with socket.socket() as s: return s.connect_ex(('127.0.0.1', port)) == 0

def echo(port):
    "An SCP that answers success, until it is killed"
    quiet_network()
    ae = AE('PNEUMO')
    for kind in (*RADIOGRAPH_CLASSES, '1.2.840.10008.5.1.4.1.1.88.22'): ae.add_supported_context(kind)
    ae.start_server(('127.0.0.1', port), evt_handlers=[(evt.EVT_C_STORE, lambda event: 0)])

class Process:
    "A program that listens, until the end of a `with`"
    def __init__(self, port, *command):
        self.port, self.process = port, subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    def __enter__(self):
        until(lambda: listens(self.port) or self.process.poll() is not None)
        if self.process.poll() is not None: sys.exit('a program ended before it listened')
        return self
    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)
    def rss(self):
        "MB of memory that the process holds"
        lines = Path(f'/proc/{self.process.pid}/status').read_text().splitlines()
        return round(int(next(line for line in lines if line.startswith('VmRSS')).split()[1])/1024)

def scp(port): return Process(port, sys.executable, __file__, '--echo', port)

def node(at, folder, bundle, port, archive):
    (at/'program.py').write_text('from pneumo_nb.cli_hospital import pneumo_node\npneumo_node()\n')
    return Process(port, sys.executable, at/'program.py', '--folder', folder, '--port', port, '--bundle', bundle, '--to',
                   f'PNEUMO@127.0.0.1:{archive}')

def drawn(n, size, first=0):
    "DICOM films of so many drawings; the UIDs are different even where the drawings are not"
    few = [phantom_film(seed=i, label=('NORMAL', 'PNEUMONIA')[i % 2], size=size) for i in range(min(n, 24))]
    return [phantom_dicom(few[i % len(few)], PatientID=f'BENCH-{first + i}', PatientName='BENCH') for i in range(n)]

def rate(files, port):
    "Films per second that a sender gets rid of"
    start = time.perf_counter()
    if any(send_films(files, port)): sys.exit('a film was not taken')
    return len(files)/(time.perf_counter() - start)

def settled(folder, n):
    h = health(folder)
    return h['received'] >= n and not h['films_waiting'] and not h['results_waiting']

def folder_rate(files, bundle, at):
    "Films per second of the command on the same films"
    (at/'films').mkdir(parents=True)
    for i, f in enumerate(files): (at/'films'/f'{i:04}.dcm').write_bytes(f)
    paths = sorted(map(str, (at/'films').iterdir()))
    warm = Run(at/'warm.jsonl', bundle)
    run_once(warm, paths[:16])
    warm.journal.close()
    run = Run(at/'worklist.jsonl', bundle)
    start = time.perf_counter()
    run_once(run, paths)
    seconds = time.perf_counter() - start
    run.journal.close()
    return len(files)/seconds

def throughput(at, bundle, n, rounds=3):
    "Films per second of each way, in turns: a list per way; how many films the node refused, and MB of one"
    port, sink, archive = free_port(), free_port(), free_port()
    out = {way: [] for way in ('echo', 'received', 'round trip', 'folder')}
    with scp(sink), scp(archive), node(at, at/'node', bundle, port, archive):
        for k in range(rounds + 1):                       # the first round warms up
            files = drawn(n, 1024, first=k*n)
            row = dict(echo=rate(files, sink))
            start = time.perf_counter()
            row['received'] = rate(files, port)
            until(lambda most=(k + 1)*n: settled(at/'node', most))
            row['round trip'] = n/(time.perf_counter() - start)
            row['folder'] = folder_rate(files, bundle, at/f'round{k}')
            if k: any(out[way].append(v) for way, v in row.items())
        refused = health(at/'node')['refused']
    return out, refused, round(len(files[0])/2**20, 2)

def memory(at, bundle, n):
    "MB that the node holds after so many objects, each judged and its report delivered"
    port, archive = free_port(), free_port()
    looks = [k for k in LOOKS if k < n] + [n]
    rows, sent = [], 0
    with scp(archive), node(at, at/'many', bundle, port, archive) as process:
        for k in looks:
            while sent < k:
                part = drawn(min(100, k - sent), SMALL, first=sent)
                rate(part, port)
                sent += len(part)
                until(lambda most=sent: settled(at/'many', most))
            rows.append(dict(objects=k, mb=process.rss()))
            print(f'{k:6,} objects: {rows[-1]["mb"]} MB', flush=True)
        said = health(at/'many')
    left = sum(1 for d in ('films', 'results') for _ in (at/'many'/d).iterdir())
    return dict(rows=rows, growth_mb=rows[-1]['mb'] - rows[min(1, len(rows) - 1)]['mb'], received=said['received'], scored=said['scored'],
                refused=said['refused'], sent=said['sent'], files_left=left)

def main():
    p = parser(__doc__, 'results/node.json')
    p.add_argument('--films', type=int, default=40, help='of a round; a ratio is the median of three rounds')
    p.add_argument('--objects', type=int, default=2000, help='of the memory trial; 0: keep the one that is there')
    p.add_argument('--echo', type=int, help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.echo: return echo(args.echo)
    quiet_network()
    kept = json.loads(Path(args.out).read_text()) if Path(args.out).exists() else {}
    from pneumo_nb.study.gate_fit import bundle_for  # reads torch, which the processes of this program need not wait for
    with tempfile.TemporaryDirectory() as d:
        at = Path(d)
        films = write_phantoms(at/'drawn', n=120, size=96, progress=False)
        bundle = bundle_for(read_cohort(films, progress=False)[0], films, at/'bundle')
        rates, refused, mb = throughput(at, bundle, args.films)
        ratios = {f'{a} / {b}': median(x/y for x, y in zip(rates[a], rates[b], strict=True))
                  for a, b in (('received', 'echo'), ('round trip', 'folder'))}
        for k, v in rates.items(): print(f'{k:12} {median(v):6.1f} films/s', flush=True)
        for k, v in ratios.items(): print(f'{k:20} {v:.2f}', flush=True)
        told = dict(utc=now(), machine=platform.machine(), cores=os.cpu_count(), films=args.films, film_mb=mb, refused=refused,
                    films_per_second={k: round(median(v), 1) for k, v in rates.items()}, ratios={k: round(v, 3) for k, v in ratios.items()},
                    memory=memory(at, bundle, args.objects) if args.objects else kept['speed']['memory'],
                    versions=versions('pynetdicom', 'pydicom', 'highdicom', 'onnxruntime'))
    save_json(args.out, (json.loads(Path(args.out).read_text()) if Path(args.out).exists() else {}) | dict(speed=told))
    print(f"memory: {told['memory']['growth_mb']:+} MB from {LOOKS[1]:,} objects to the last")

if __name__ == '__main__': main()
