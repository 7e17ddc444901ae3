"What the benchmarks share: their arguments, when and with what they ran, and themselves in another process"
import argparse
import platform
import subprocess
import sys
from datetime import datetime, timezone
from importlib import metadata

def parser(doc, out):
    "Arguments: the docstring as it is written, and where to write"
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--out', default=str(out))
    return p

def now(): return datetime.now(timezone.utc).isoformat(timespec='seconds')

def versions(*packages): return {p: metadata.version(p) for p in packages} | dict(python=platform.python_version())

def again(file, *arguments, **kw):
    "A program in a process of its own, whose output can be read"
    return subprocess.Popen([sys.executable, file, *map(str, arguments)], stdout=subprocess.PIPE, text=True, **kw)
