"""Damaged files through the reader: fuzz.py [--runs 20000] [--seed 0] [--out results/fuzz.json]

Sound files of every format and transfer syntax are damaged by `film.damaged`, and whole DICOM files are written with tags that lie; each
must end in a film or a `FilmError`, without a warning, in a few seconds and in little memory. The same seed gives the same files:
`--show SEED` writes one to damaged.bin.
Each thousand runs have a process of their own, so that a decoder that crashes costs its runs and is counted.
"""
import argparse
import io
import json
import resource
import subprocess
import sys
import time
import warnings
import zlib
from collections import Counter
from pathlib import Path
import numpy as np
from imagecodecs import htj2k_encode, jpeg8_encode, png_encode
from PIL import Image, features
from pydicom import Dataset, uid
from pydicom.encaps import encapsulate
from tifffile import imwrite
from measured import again, now, parser, versions
from pneumo_nb.core import save_json
from pneumo_nb.data.dicom_pixels import NATIVE
from pneumo_nb.data.film import Film
from pneumo_nb.data.film_file import FILM_CODES, FilmError, damaged
from pneumo_nb.data.phantom_files import phantom_dicom

CHUNK = 1000     # runs in a process
SLOW = 30        # seconds of computing that no film may take (CharLS needs some for one damaged JPEG-LS in many thousands)

def picture():
    "A grey picture that compresses like a film"
    yy, xx = np.mgrid[:120, :104]
    noise = np.random.default_rng(0).normal(0, 4, xx.shape)
    return ((np.sin(xx/9) + np.cos(yy/13))*60 + 127 + noise).clip(0, 255).astype(np.uint8)

def packed(im, fmt, **kw):
    im.save(out := io.BytesIO(), fmt, **kw)
    return out.getvalue()

def pictures(a):
    "Sound files that Pillow writes"
    grey, rgb = Image.fromarray(a), Image.fromarray(np.stack([a, a//2, 255 - a], -1))
    exif, alpha, sixteen = Image.Exif(), rgb.copy(), Image.fromarray(a.astype(np.uint16)*257)
    exif[0x0112], exif[0x011A] = 6, 300
    alpha.putalpha(grey)
    out = {f'{fmt} {im.mode}': packed(im, fmt) for fmt in ('JPEG', 'PNG', 'TIFF', 'BMP', 'GIF', 'WEBP') for im in (grey, rgb)}
    out |= {f'PNG {im.mode}': packed(im, 'PNG') for im in (alpha, sixteen, grey.convert('1'), rgb.convert('P'), grey.convert('LA'))}
    ways = 'tiff_lzw', 'tiff_adobe_deflate', 'packbits'
    out |= {f'TIFF {im.mode} {how}': packed(im, 'TIFF', compression=how) for how in ways for im in (grey, rgb, sixteen)}
    out |= {f'{fmt} EXIF': packed(rgb, fmt, exif=exif) for fmt in ('JPEG', 'PNG', 'TIFF', 'WEBP')}
    return out | {'TIFF jpeg': packed(rgb, 'TIFF', compression='jpeg'),
                  'TIFF group4': packed(grey.convert('1'), 'TIFF', compression='group4'),
                  'JPEG progressive': packed(rgb, 'JPEG', progressive=True),
                  'JPEG CMYK': packed(rgb.convert('CMYK'), 'JPEG'),
                  'WEBP lossless': packed(alpha, 'WEBP', lossless=True),
                  'MPO': packed(rgb, 'MPO', save_all=True, append_images=[grey]), **deep(a)}

def deep(a):
    "Sound files of 16-bit samples that hold twelve, which Pillow cannot write"
    twelve = a.astype(np.uint16)*16
    rgb = np.stack([twelve]*3, -1)
    imwrite(tiff := io.BytesIO(), rgb, photometric='rgb')
    imwrite(lzw := io.BytesIO(), rgb, photometric='rgb', compression='lzw', byteorder='>')
    alpha = np.stack([twelve, np.full_like(twelve, 4095)], -1)
    return {'PNG of 48 bits': png_encode(rgb), 'PNG LA of 32 bits': png_encode(alpha),
            'TIFF of 48 bits': tiff.getvalue(), 'TIFF of 48 bits LZW': lzw.getvalue()}

SYNTAXES = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian,
            uid.RLELossless, uid.JPEGLSLossless)
TAGS = dict(BitsStored=12, WindowCenter=2000, WindowWidth=3000, RescaleSlope=1, RescaleIntercept=-10, PixelPaddingValue=0)
PALETTE = {f'{c}PaletteColorLookupTable{k}': v for c in ('Red', 'Green', 'Blue')
           for k, v in dict(Descriptor=[256, 0, 8], Data=bytes(range(256))).items()}
J2K = dict(fmt='JPEG2000', no_jp2=True)

def lookup_table(descriptor, data):
    "An item of a sequence of tables"
    item = Dataset()
    item.LUTDescriptor, item.LUTData = descriptor, data
    item['LUTDescriptor'].VR = item['LUTData'].VR = 'US'
    return item

def jpeg(x, fmt='JPEG', **kw): return encapsulate([packed(Image.fromarray(x), fmt, **kw)])

def compressed(a, twelve, rgb):
    "Sound DICOM files of JPEG's family"
    turbo = lambda **kw: encapsulate([jpeg8_encode(twelve, **kw)])
    colour = lambda syntax, kind, data: phantom_dicom(rgb, syntax, PhotometricInterpretation=kind, PixelData=data)
    sixteen = a.astype(np.uint16)
    return {'DICOM lossless JPEG': phantom_dicom(twelve, uid.JPEGLosslessSV1, PixelData=turbo(lossless=True), **TAGS),
            'DICOM 12-bit JPEG': phantom_dicom(twelve, uid.JPEGExtended12Bit, PixelData=turbo(level=90, bitspersample=12), **TAGS),
            'DICOM JPEG': phantom_dicom(a, uid.JPEGBaseline8Bit, PixelData=jpeg(a)),
            'DICOM RGB JPEG': colour(uid.JPEGBaseline8Bit, 'YBR_FULL_422', jpeg(rgb)),
            'DICOM JPEG 2000': phantom_dicom(sixteen, uid.JPEG2000Lossless, PixelData=jpeg(sixteen*257, **J2K)),
            'DICOM RGB JPEG 2000': colour(uid.JPEG2000Lossless, 'YBR_RCT', jpeg(rgb, **J2K)),
            'DICOM HTJ2K': phantom_dicom(twelve, uid.HTJ2KLossless, PixelData=encapsulate([htj2k_encode(twelve)]), **TAGS),
            'DICOM tiles': phantom_dicom(a, uid.JPEG2000Lossless, PixelData=jpeg(a, tile_size=(64, 64), **J2K))}

def dicoms(a):
    "Sound DICOM files of every syntax that can be written here"
    lut = lookup_table([256, 0, 12], (np.arange(256)*16).tolist())
    twelve, rgb = a.astype(np.uint16)*16, np.stack([a, a//2, 255 - a], -1)
    signed = twelve.astype(np.int16)
    out = {f'DICOM {s.name}': phantom_dicom(twelve, s, **TAGS) for s in SYNTAXES}
    out |= {f'DICOM RGB {s.name}': phantom_dicom(rgb, s) for s in SYNTAXES} | compressed(a, twelve, rgb)
    return out | {'DICOM signed JPEG-LS': phantom_dicom(signed - 2048, uid.JPEGLSLossless, BitsStored=12),
                  'DICOM overlay': phantom_dicom(twelve | (twelve > 3000).astype(np.uint16) << 15, **TAGS),
                  'DICOM tables': phantom_dicom(a, VOILUTSequence=[lut], ModalityLUTSequence=[lut]),
                  'DICOM palette': phantom_dicom(a, PhotometricInterpretation='PALETTE COLOR', **PALETTE),
                  'DICOM CT': phantom_dicom(signed - 1024, Modality='CT', RescaleSlope=1, RescaleIntercept=0)}

def sound_files(): return pictures(picture()) | dicoms(picture())

def mended(png):
    "The checksums of a damaged PNG made right, so that the damage is reached"
    out, at = png[:8], 8
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at:at + 4], 'big')
        out += png[at:end] + zlib.crc32(png[at + 4:end]).to_bytes(4, 'big')
        at = end + 4
    return out

COUNTS = ('Rows', 'Columns', 'SamplesPerPixel', 'BitsAllocated', 'BitsStored', 'HighBit', 'PixelRepresentation', 'PlanarConfiguration',
          'NumberOfFrames')
REALS = 0., 1, .5, 8, 255, 4096, -32768, 65535, 1e9, -1e300, 1e300, 1e-300
SHORTS = 0, 1, 2, 3, 8, 12, 16, 17, 32, 104, 120, 121, 65535
WORDS = dict(PhotometricInterpretation=('MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR', 'RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_RCT', 'X'),
             Modality=('CT', 'DX', 'CR', ''), PresentationIntentType=('FOR PROCESSING',), PresentationLUTShape=('INVERSE',),
             VOILUTFunction=('LINEAR', 'LINEAR_EXACT', 'SIGMOID', 'X'))

def lies(rng):
    "Tag → a function that draws its value"
    pick = lambda *these: lambda: rng.choice(these).item()
    short = pick(*SHORTS)
    few = lambda: min(short(), 32767)                                 # fits a signed value too
    descriptor = [pick(0, 1, 255, 256)(), pick(0, 5, 65535)(), pick(1, 8, 12, 16, 17)()]
    item = lookup_table(descriptor, rng.integers(0, 4096, 256).tolist())
    ways = dict.fromkeys(COUNTS, short)
    ways |= dict.fromkeys(('PixelPaddingValue', 'PixelPaddingRangeLimit'), pick(0, 1, 127, 4095, -1, -32768, 32768, 65535))
    ways |= dict.fromkeys(('WindowCenter', 'WindowWidth', 'RescaleSlope', 'RescaleIntercept'), pick(*REALS))
    ways |= dict.fromkeys(('VOILUTSequence', 'ModalityLUTSequence'), lambda: [item])
    return ways | {tag: pick(*words) for tag, words in WORDS.items()} | dict(
        RedPaletteColorLookupTableDescriptor=lambda: [few(), few(), 8], RedPaletteColorLookupTableData=lambda: bytes(range(256)))

def lying(rng):
    "A DICOM file that is whole, and whose tags are drawn from good values, bad ones and extreme ones"
    ways = lies(rng)
    kind = rng.choice(['u1', 'u2', 'i2'])
    pixels = rng.integers(0, 128, (120, 104) + (3,)*int(rng.random() < .2)).astype(kind)
    syntax = rng.choice(NATIVE)
    return phantom_dicom(pixels, syntax, **{k: ways[k]() for k in rng.choice(sorted(ways), rng.integers(1, 6), replace=False)})

def file(sound, seed):
    "The kind and the bytes of one run"
    rng, kinds = np.random.default_rng([seed, 1]), sorted(sound)
    if rng.random() < .2: return 'DICOM that lies', lying(rng)
    kind, other = rng.choice(kinds, 2)
    data = damaged(sound[kind], seed, sound[other])
    return str(kind), mended(data) if kind.startswith('PNG') and rng.random() < .7 else data

def outcome(data):
    "What the reader makes of a file: a film, the code of its error, or what must not be"
    try: return 'a film' if Film.read(data).pixels.dtype == np.uint8 else 'NOT UINT8'
    except FilmError as e: return e.code
    except BaseException as e: return f'{type(e).__name__}: {e}'[:200]

def chunk(first, runs):
    "A line of JSON per run: seed, kind, code, seconds"
    warnings.simplefilter('error')
    sound = sound_files()
    for data in sound.values(): Film.read(data)                # all decoders are loaded
    for seed in range(first, first + runs):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            kind, data = file(sound, seed)
        start = time.process_time()
        code = outcome(data)
        print(json.dumps([seed, kind, code, round(time.process_time() - start, 4)]), flush=True)

def process(first, runs):
    "The rows of one chunk; a crash is a row, and the rest of the chunk goes on"
    rows = []
    while len(rows) < runs:
        done = again(__file__, '--chunk', first + len(rows), runs - len(rows), stderr=subprocess.DEVNULL)
        rows += [json.loads(line) for line in done.communicate()[0].splitlines()]
        if len(rows) < runs: rows.append([first + len(rows), '', f'CRASH {done.returncode}', 0])
    return rows

def arguments():
    p = parser(__doc__, 'results/fuzz.json')
    p.add_argument('--runs', type=int, default=20_000)
    p.add_argument('--seed', type=int, default=0, help='the first of the runs')
    p.add_argument('--show', type=int, metavar='SEED', help='write the file of one run to damaged.bin')
    p.add_argument('--chunk', nargs=2, type=int, help=argparse.SUPPRESS)
    return p.parse_args()

def used():
    "Versions of the readers and of their codecs"
    codecs = ('jpg', 'zlib', 'libtiff', 'webp', 'jpg_2000')
    return versions('Pillow', 'pydicom', 'numpy', 'pyjpegls', 'imagecodecs') | {c: features.version(c) for c in codecs}

def main():
    args = arguments()
    if args.chunk: return chunk(*args.chunk)
    if args.show is not None:
        kind, data = file(sound_files(), args.show)
        return print(kind, Path('damaged.bin').write_bytes(data), 'bytes')
    rows = [row for at in range(0, args.runs, CHUNK) for row in process(args.seed + at, min(CHUNK, args.runs - at))]
    codes, slowest = Counter(r[2] for r in rows), max(rows, key=lambda r: r[3])
    wrong = [r for r in rows if r[2] not in FILM_CODES and r[2] != 'a film' or r[3] > SLOW]
    told = dict(utc=now(), runs=len(rows), seed=args.seed, codes=dict(codes.most_common()),
                slowest=dict(zip(('seed', 'kind', 'code', 'seconds'), slowest, strict=True)), wrong=wrong[:20],
                peak_mb=round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024), versions=used())
    print(save_json(args.out, told).read_text(), end='')
    sys.exit(bool(wrong))

if __name__ == '__main__': main()
