"Execute chapters on the real films, in place, keeping their outputs: chapters.py --data FOLDER [NAME ...]"
import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from repo import NBS, notebooks

def keep(output):
    "Progress bars, warnings and names of temporary folders are for who runs it, not for who reads it"
    if output.output_type == 'stream': return output.name != 'stderr' and f'{tempfile.gettempdir()}/' not in output.text
    return not any('widget' in k for k in output.get('data', {}))

def execute(path):
    "Execute one notebook top to bottom; its file changes only when all of it ran"
    nb = nbformat.read(path, 4)
    NotebookClient(nb, timeout=3600, kernel_name='python3', resources={'metadata': {'path': str(path.parent)}}).execute()
    for cell in (c for c in nb.cells if c.cell_type == 'code'):
        cell.metadata, cell.execution_count = {k: v for k, v in cell.metadata.items() if k == 'slideshow'}, None
        cell.outputs = [o for o in cell.outputs if keep(o)]
        for o in cell.outputs:
            if 'execution_count' in o: o['execution_count'] = None
    nbformat.write(nb, path)

def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True, help='the real films')
    parser.add_argument('names', nargs='*', help='chapters, e.g. explore/25_exploration; all when none is named')
    args = parser.parse_args()
    if not Path(args.data).is_dir(): sys.exit(f'{args.data}: there is no such folder. Give the real films with DATA=path/to/chest_xray.')
    for path in [NBS/f'{n.removesuffix(".ipynb")}.ipynb' for n in args.names] or notebooks():
        start, os.environ['PNEUMO_DATA'] = time.time(), os.path.relpath(args.data, path.parent)
        try: execute(path)
        except CellExecutionError as e: sys.exit(f'{path.name}: {e}')
        print(f'{path.name}: executed in {time.time() - start:.0f} s', flush=True)

if __name__ == '__main__': main()
