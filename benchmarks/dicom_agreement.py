"""Our grey beside pydicom's and dcmtk's: dicom_agreement.py [--also FOLDER ...] [--out results/dicom_agreement.csv]

Every DICOM file that pydicom and pydicom-data ship, and that lies in the folders given with --also (pylibjpeg-data is not on PyPI: clone it
and name its folder), is read by this library, by pydicom's own functions (modality table, VOI table or window, inversion) and by dcmtk's
dcm2pnm, dcmj2pnm and dcml2pnm (Debian: apt-get install dcmtk). All are brought to 0-255; `apart` is the mean absolute difference.
"""
import csv
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
import numpy as np
import pydicom
from PIL import Image
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from measured import parser
from pneumo_nb.data.dicom import LUNG
from pneumo_nb.data.film import Film
from pneumo_nb.data.film_file import FilmError, is_dicom

NEAR = 1.5   # of 255: rounding, and the last bit of lossy decoders

def luma(a): return np.asarray(Image.fromarray(a.astype(np.uint8)).convert('L')).astype(float)

def scaled(x, low, high): return 255*np.clip((x.astype(float) - low)/max(high - low, 1e-9), 0, 1)

def ours(data):
    "Our film, or its error's code"
    try: film = Film.read(data)
    except FilmError as e: return None, f'{e.code}: {e.fault}'[:110], {}
    return film.pixels.astype(float), film.facts['grey'], film.facts

def by_pydicom(path):
    "Grey 0-255 by pydicom's functions"
    ds = pydicom.dcmread(path, force=True)
    if 'PixelData' not in ds: return None, 'no pixels'
    if ds.get('NumberOfFrames', 1) > 1: return None, 'several frames'
    if ds.get('Modality') == 'CT': ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = *LUNG, 'LINEAR'
    x, kind = ds.pixel_array, ds.PhotometricInterpretation
    if kind == 'PALETTE COLOR':
        rgb = apply_color_lut(x, ds)
        return luma(rgb[..., :3] >> 8 if rgb.max() > 255 else rgb[..., :3]), 'palette'
    if x.ndim == 3: return luma(x if ds.BitsAllocated == 8 else x/(2**ds.BitsStored - 1)*255 + .5), 'luma'
    grey, how = windowed(ds, apply_modality_lut(x, ds))
    return (255 - grey if kind == 'MONOCHROME1' else grey), how

def windowed(ds, y):
    "Grey 0-255 of values after the modality table, and by which rule"
    if tables := ds.get('VOILUTSequence'): return scaled(apply_voi_lut(y, ds), 0, 2**int(tables[0].LUTDescriptor[2]) - 1), 'VOI table'
    if ds.get('WindowWidth') not in (None, ''):
        ends = np.array([0, 2**ds.BitsStored - 1]) - (2**(ds.BitsStored - 1) if ds.PixelRepresentation else 0)
        low, high = sorted(ends*float(ds.get('RescaleSlope', 1)) + float(ds.get('RescaleIntercept', 0)))
        return scaled(apply_voi_lut(y.astype(float), ds), low, high), 'window'
    if ds.BitsStored == 8 and not ds.PixelRepresentation: return y.astype(float), 'as stored'
    return scaled(y, y.min(), y.max()), 'smallest to largest'

def dcmtk_options(ds):
    "By which rule dcmtk shall find the grey"
    if ds.get('Modality') == 'CT': return ['+Ww', *map(str, LUNG)]
    if ds.get('VOILUTSequence'): return ['+Wl', '1']
    if ds.get('WindowWidth') not in (None, ''): return ['+Wi', '1']
    return [] if ds.get('BitsStored') == 8 else ['+Wm']

def complaint(text):
    "The last line that a command wrote, without names of files"
    words = (text.strip().splitlines() or ['nothing written'])[-1].split()
    return ' '.join(w for w in words if '/' not in w or len(w) < 5)[:90]

def by_dcmtk(path, folder):
    "Grey 0-255 by dcmtk's commands"
    ds = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    syntax = str(ds.file_meta.get('TransferSyntaxUID', ''))
    if syntax in [*pydicom.uid.JPEG2000TransferSyntaxes]: return None, 'no decoder'
    command = 'dcml2pnm' if '.4.8' in syntax else 'dcmj2pnm' if '.4.5' in syntax or '.4.70' in syntax else 'dcm2pnm'
    out, how = Path(folder)/'out.png', dcmtk_options(ds)
    out.unlink(missing_ok=True)
    done = subprocess.run([command, '+on', *how, str(path), str(out)], capture_output=True, text=True, errors='replace')
    if done.returncode or not out.exists(): return None, complaint(done.stderr)
    im = Image.open(out)
    grey = np.asarray(im).astype(float) if im.mode == 'L' else luma(np.asarray(im.convert('RGB')))
    return grey, ' '.join(how) or 'as stored'

def comparable(a, b): return a is not None and b is not None and a.shape == b.shape

def apart(a, b): return round(float(np.abs(a - b).mean()), 2) if comparable(a, b) else ''

def stretched(a, b):
    "Mean difference where neither is at an end, when `b` is stretched to fit: nothing is left if only the ends were chosen otherwise"
    if not comparable(a, b): return ''
    inside = (a > 0) & (a < 255) & (b > 0) & (b < 255)
    if inside.sum() < 100: return ''
    line = np.polyfit(b[inside], a[inside], 1)
    return round(float(np.abs(np.polyval(line, b[inside]) - a[inside]).mean()), 2)

REFUSED = dict(multi_frame='several pictures: which is the film?', too_small='smaller than any film', unsupported='bits that no film has',
               no_pixels='no picture in it', truncated='cut off: others fill up what is missing',
               bad_dicom='tags that contradict each other or the pixels', no_decoder='no decoder here')
ENDS = 'no window: only in the ends, theirs are the extremes'

def why(row, read, facts):
    "Verdict, and the reason of a difference; `read`: by whom the file was read"
    seen = [d for d in (row['apart_pydicom'], row['apart_dcmtk']) if d != '']
    others = [k for k in ('pydicom', 'dcmtk') if k in read]
    if 'ours' not in read:
        code = row['ours'].split(':')[0]
        return ('refused here', REFUSED.get(code, code)) if others else ('nobody reads it', code)
    if not others: return 'read here only', 'no decoder there' if row['syntax'] else 'their commands want a whole header'
    if not seen: return 'read here only', 'several pictures or another size there'
    if max(seen) <= NEAR: return 'agrees', 'CT, all in the lung window' if facts['modality'] == 'CT' else ''
    if min(seen) <= NEAR: return 'agrees', f'with {others[0] if seen[0] <= NEAR else others[-1]} alone'
    only_ends = facts['guessed_grey'] and row['stretched'] != '' and row['stretched'] <= NEAR
    return 'differs', ENDS if only_ends else 'NOT EXPLAINED'

def theirs(path):
    "Grey by pydicom, or what it says instead"
    try: return by_pydicom(path)
    except RuntimeError: return None, 'no decoder'
    except Exception as e: return None, f'{type(e).__name__}: {e}'.split('\n')[0][:90]

def one(path, name, folder):
    "A row of the table"
    syntax = pydicom.dcmread(path, force=True, stop_before_pixels=True).file_meta.get('TransferSyntaxUID')
    (mine, said, facts), (second, seconds), (third, thirds) = ours(path.read_bytes()), theirs(path), by_dcmtk(path, folder)
    other = third if second is None else second
    row = dict(file=name, syntax=getattr(syntax, 'name', ''), ours=said, pydicom=seconds, dcmtk=thirds,
               apart_pydicom=apart(mine, second), apart_dcmtk=apart(mine, third), apart_others=apart(second, third),
               stretched=stretched(mine, other) if facts.get('guessed_grey') else '')
    read = {k for k, grey in dict(ours=mine, pydicom=second, dcmtk=third).items() if grey is not None}
    return row | dict(zip(('verdict', 'why'), why(row, read, facts), strict=True))

def folders(also):
    "Where test data lie: (name, folder)"
    yield 'pydicom', Path(pydicom.__file__).parent/'data'/'test_files'
    if spec := importlib.util.find_spec('data_store'): yield 'pydicom-data', Path(spec.origin).parent/'data'
    else: sys.exit('pydicom-data is not installed: pip install pydicom-data')
    for folder in also: yield Path(folder).name, Path(folder)

def rows(also):
    "A row for each DICOM file of all folders"
    with tempfile.TemporaryDirectory() as scratch:
        for name, folder in folders(also):
            for p in sorted(p for p in folder.rglob('*') if p.is_file()):
                if is_dicom(p.read_bytes()[:132]): yield one(p, f'{name}/{p.relative_to(folder)}', scratch)

def main():
    p = parser(__doc__, 'results/dicom_agreement.csv')
    p.add_argument('--also', nargs='*', default=[], help='further folders with DICOM files')
    args = p.parse_args()
    if not shutil.which('dcm2pnm'): sys.exit('dcm2pnm is missing: apt-get install dcmtk')
    warnings.simplefilter('ignore')
    told = list(rows(args.also))
    with open(args.out, 'w', newline='') as f:
        out = csv.DictWriter(f, told[0].keys(), lineterminator='\n')
        out.writeheader()
        out.writerows(told)
    for (verdict, reason), n in Counter((r['verdict'], r['why']) for r in told).most_common(): print(f'{n:4} {verdict:16} {reason}')
    sys.exit(any(r['why'] == 'NOT EXPLAINED' for r in told))

if __name__ == '__main__': main()
