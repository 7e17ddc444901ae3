"""Our grey beside pydicom's and dcmtk's: dicom_agreement.py [--also FOLDER ...] [--out results/dicom_agreement.csv]

Every DICOM file that pydicom and pydicom-data ship, and that lies in the folders given with --also (pylibjpeg-data is not on PyPI: clone it and name
its folder), is read by this library, by pydicom's own functions (modality table, VOI table or window, inversion) and by dcmtk's dcm2pnm, dcmj2pnm and
dcml2pnm (Debian: apt-get install dcmtk). All are brought to 0-255; `apart` is the mean absolute difference.
"""
import argparse, csv, importlib.util, shutil, subprocess, sys, tempfile, warnings
from collections import Counter
from pathlib import Path
import numpy as np, pydicom
from PIL import Image
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from pneumo_nb.data.dicom import LUNG
from pneumo_nb.data.film import Film, FilmError, is_dicom

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
    y, tables, windows = apply_modality_lut(x, ds), ds.get('VOILUTSequence'), ds.get('WindowWidth') not in (None, '')
    if tables: grey, how = scaled(apply_voi_lut(y, ds), 0, 2**int(tables[0].LUTDescriptor[2]) - 1), 'VOI table'
    elif windows:
        ends = np.array([0, 2**ds.BitsStored - 1]) - (2**(ds.BitsStored - 1) if ds.PixelRepresentation else 0)
        low, high = sorted(ends*float(ds.get('RescaleSlope', 1)) + float(ds.get('RescaleIntercept', 0)))
        grey, how = scaled(apply_voi_lut(y.astype(float), ds), low, high), 'window'
    elif ds.BitsStored == 8 and not ds.PixelRepresentation: grey, how = y.astype(float), 'as stored'
    else: grey, how = scaled(y, y.min(), y.max()), 'smallest to largest'
    return (255 - grey if kind == 'MONOCHROME1' else grey), how

def by_dcmtk(path, folder):
    "Grey 0-255 by dcmtk's commands"
    ds = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    syntax = str(ds.file_meta.get('TransferSyntaxUID', ''))
    if '.4.8' in syntax: command = 'dcml2pnm'
    elif '.4.5' in syntax or '.4.70' in syntax: command = 'dcmj2pnm'
    else: command = 'dcm2pnm'
    if syntax in [*pydicom.uid.JPEG2000TransferSyntaxes]: return None, 'no decoder'
    if ds.get('Modality') == 'CT': how = ['+Ww', *map(str, LUNG)]
    elif ds.get('VOILUTSequence'): how = ['+Wl', '1']
    elif ds.get('WindowWidth') not in (None, ''): how = ['+Wi', '1']
    else: how = [] if ds.get('BitsStored') == 8 else ['+Wm']
    out = Path(folder)/'out.png'
    out.unlink(missing_ok=True)
    done = subprocess.run([command, '+on', *how, str(path), str(out)], capture_output=True, text=True, errors='replace')
    if done.returncode or not out.exists(): return None, ' '.join(w for w in (done.stderr.strip().splitlines() or ['nothing written'])[-1].split() if '/' not in w or len(w) < 5)[:90]
    im = Image.open(out)
    return (luma(np.asarray(im.convert('RGB'))) if im.mode != 'L' else np.asarray(im).astype(float)), ' '.join(how) or 'as stored'

def apart(a, b): return '' if a is None or b is None or a.shape != b.shape else round(float(np.abs(a - b).mean()), 2)

def stretched(a, b):
    "Mean difference where neither is at an end, when `b` is stretched to fit: nothing is left if only the ends were chosen otherwise"
    if a is None or b is None or a.shape != b.shape: return ''
    inside = (a > 0) & (a < 255) & (b > 0) & (b < 255)
    if inside.sum() < 100: return ''
    return round(float(np.abs(np.polyval(np.polyfit(b[inside], a[inside], 1), b[inside]) - a[inside]).mean()), 2)

def why(row, facts, ds):
    "Verdict, and the reason of a difference"
    seen = [d for d in (row['apart_pydicom'], row['apart_dcmtk']) if d != '']
    others = [k for k in ('pydicom', 'dcmtk') if row[f'read_{k}']]
    if not row['read_ours']:
        code = row['ours'].split(':')[0]
        if not others: return 'nobody reads it', code
        reasons = dict(multi_frame='several pictures: which is the film?', too_small='smaller than any film', unsupported='bits that no film has', no_pixels='no picture in it',
                       truncated='cut off: others fill up what is missing', bad_dicom='tags that contradict each other or the pixels', no_decoder='no decoder here')
        return 'refused here', reasons.get(code, code)
    if not others: return 'read here only', 'no decoder there' if row['syntax'] else 'their commands want a whole header'
    if not seen: return 'read here only', 'several pictures or another size there'
    if max(seen) <= NEAR: return 'agrees', 'CT, all in the lung window' if facts['modality'] == 'CT' else ''
    if min(seen) <= NEAR: return 'agrees', f'with {others[0] if seen[0] <= NEAR else others[-1]} alone'
    if facts['guessed_grey'] and row['stretched'] != '' and row['stretched'] <= NEAR: return 'differs', 'no window: only in the ends, theirs are the extremes'
    return 'differs', 'NOT EXPLAINED'

def one(path, name, folder):
    "A row of the table"
    data = path.read_bytes()
    ds = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    syntax = ds.file_meta.get('TransferSyntaxUID')
    mine, said, facts = ours(data)
    try: theirs, their = by_pydicom(path)
    except RuntimeError: theirs, their = None, 'no decoder'
    except Exception as e: theirs, their = None, f'{type(e).__name__}: {e}'.split('\n')[0][:90]
    third, thirds = by_dcmtk(path, folder)
    row = dict(file=name, syntax=getattr(syntax, 'name', ''), ours=said, pydicom=their, dcmtk=thirds, apart_pydicom=apart(mine, theirs), apart_dcmtk=apart(mine, third),
               apart_others=apart(theirs, third), stretched=stretched(mine, third if theirs is None else theirs) if facts.get('guessed_grey') else '')
    row['verdict'], row['why'] = why(row | dict(read_ours=mine is not None, read_pydicom=theirs is not None, read_dcmtk=third is not None), facts, ds)
    return row

def folders(also):
    "Where test data lie: (name, folder)"
    yield 'pydicom', Path(pydicom.__file__).parent/'data'/'test_files'
    if spec := importlib.util.find_spec('data_store'): yield 'pydicom-data', Path(spec.origin).parent/'data'
    else: sys.exit('pydicom-data is not installed: pip install pydicom-data')
    for folder in also: yield Path(folder).name, Path(folder)

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--also', nargs='*', default=[], help='further folders with DICOM files')
    parser.add_argument('--out', default='results/dicom_agreement.csv')
    args = parser.parse_args()
    if not shutil.which('dcm2pnm'): sys.exit('dcm2pnm is missing: apt-get install dcmtk')
    warnings.simplefilter('ignore')
    with tempfile.TemporaryDirectory() as scratch:
        rows = [one(p, f'{name}/{p.relative_to(folder)}', scratch) for name, folder in folders(args.also) for p in sorted(folder.rglob('*')) if p.is_file() and is_dicom(p.read_bytes()[:132])]
    with open(args.out, 'w', newline='') as f:
        out = csv.DictWriter(f, rows[0].keys(), lineterminator='\n')
        out.writeheader(); out.writerows(rows)
    for (verdict, reason), n in Counter((r['verdict'], r['why']) for r in rows).most_common(): print(f'{n:4} {verdict:16} {reason}')
    sys.exit(any(r['why'] == 'NOT EXPLAINED' for r in rows))

if __name__ == '__main__': main()
