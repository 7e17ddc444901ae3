"""Damaged files through the reader: fuzz.py [--runs 20000] [--seed 0] [--out results/fuzz.json]

Sound files of every format and transfer syntax are damaged by `film.damaged`, and whole DICOM files are written with tags that lie; each must
end in a film or a `FilmError`, without a warning, in a few seconds and in little memory. The same seed gives the same files: `--show SEED` writes
one to damaged.bin.
Each thousand runs have a process of their own, so that a decoder that crashes costs its runs and is counted.
"""
import argparse, io, json, platform, resource, subprocess, sys, time, warnings, zlib
from collections import Counter
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
import numpy as np
from PIL import Image, features

CHUNK, SLOW = 1000, 30   # runs in a process; seconds of computing that no film may take (CharLS needs some for one damaged JPEG-LS in many thousands)

def picture():
    "A grey picture that compresses like a film"
    yy, xx = np.mgrid[:120, :104]
    noise = np.random.default_rng(0).normal(0, 4, xx.shape)
    return ((np.sin(xx/9) + np.cos(yy/13))*60 + 127 + noise).clip(0, 255).astype(np.uint8)

def packed(im, fmt, **kw):
    out = io.BytesIO(); im.save(out, fmt, **kw); return out.getvalue()

def pictures(a):
    "Sound files that Pillow writes"
    grey, rgb = Image.fromarray(a), Image.fromarray(np.stack([a, a//2, 255 - a], -1))
    exif = Image.Exif(); exif[0x0112], exif[0x011A] = 6, 300
    alpha, sixteen, pages = rgb.copy(), Image.fromarray(a.astype(np.uint16)*257), dict(save_all=True, append_images=[grey])
    alpha.putalpha(grey)
    out = {f'{fmt} {im.mode}': packed(im, fmt) for fmt in ('JPEG', 'PNG', 'TIFF', 'BMP', 'GIF', 'WEBP') for im in (grey, rgb)}
    out |= {f'PNG {im.mode}': packed(im, 'PNG') for im in (alpha, sixteen, grey.convert('1'), rgb.convert('P'), grey.convert('LA'))}
    out |= {f'TIFF {im.mode} {how}': packed(im, 'TIFF', compression=how) for how in ('tiff_lzw', 'tiff_adobe_deflate', 'packbits') for im in (grey, rgb, sixteen)}
    out |= {f'{fmt} EXIF': packed(rgb, fmt, exif=exif) for fmt in ('JPEG', 'PNG', 'TIFF', 'WEBP')}
    return out | {'TIFF jpeg': packed(rgb, 'TIFF', compression='jpeg'), 'TIFF group4': packed(grey.convert('1'), 'TIFF', compression='group4'),
                  'JPEG progressive': packed(rgb, 'JPEG', progressive=True), 'JPEG CMYK': packed(rgb.convert('CMYK'), 'JPEG'),
                  'WEBP lossless': packed(alpha, 'WEBP', lossless=True), 'MPO': packed(rgb, 'MPO', **pages), **deep(a)}

def deep(a):
    "Sound files of 16-bit samples that hold twelve, which Pillow cannot write"
    from imagecodecs import png_encode
    from tifffile import imwrite
    twelve = a.astype(np.uint16)*16
    rgb = np.stack([twelve]*3, -1)
    imwrite(tiff := io.BytesIO(), rgb, photometric='rgb')
    imwrite(lzw := io.BytesIO(), rgb, photometric='rgb', compression='lzw', byteorder='>')
    return {'PNG of 48 bits': png_encode(rgb), 'PNG LA of 32 bits': png_encode(np.stack([twelve, np.full_like(twelve, 4095)], -1)), 'TIFF of 48 bits': tiff.getvalue(), 'TIFF of 48 bits LZW': lzw.getvalue()}

def dicoms(a):
    "Sound DICOM files of every syntax that can be written here"
    from imagecodecs import htj2k_encode, jpeg8_encode
    from pydicom import Dataset, uid
    from pydicom.encaps import encapsulate
    from pneumo_nb.data.dicom import phantom_dicom
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTData = [256, 0, 12], (np.arange(256)*16).tolist()
    lut['LUTDescriptor'].VR = lut['LUTData'].VR = 'US'
    palette = {f'{c}PaletteColorLookupTable{k}': v for c in ('Red', 'Green', 'Blue')
               for k, v in dict(Descriptor=[256, 0, 8], Data=bytes(range(256))).items()}
    twelve, rgb = a.astype(np.uint16)*16, np.stack([a, a//2, 255 - a], -1)
    syntaxes = uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLSLossless
    tags = dict(BitsStored=12, WindowCenter=2000, WindowWidth=3000, RescaleSlope=1, RescaleIntercept=-10, PixelPaddingValue=0)
    out = {f'DICOM {s.name}': phantom_dicom(twelve, s, **tags) for s in syntaxes} | {f'DICOM RGB {s.name}': phantom_dicom(rgb, s) for s in syntaxes}
    jpeg = lambda x, fmt='JPEG', **kw: encapsulate([packed(Image.fromarray(x), fmt, **kw)])
    turbo = lambda **kw: encapsulate([jpeg8_encode(twelve, **kw)])
    j2k = dict(fmt='JPEG2000', no_jp2=True)
    return out | {'DICOM lossless JPEG': phantom_dicom(twelve, uid.JPEGLosslessSV1, PixelData=turbo(lossless=True), **tags),
                  'DICOM 12-bit JPEG': phantom_dicom(twelve, uid.JPEGExtended12Bit, PixelData=turbo(level=90, bitspersample=12), **tags),
                  'DICOM JPEG': phantom_dicom(a, uid.JPEGBaseline8Bit, PixelData=jpeg(a)),
                  'DICOM RGB JPEG': phantom_dicom(rgb, uid.JPEGBaseline8Bit, PhotometricInterpretation='YBR_FULL_422', PixelData=jpeg(rgb)),
                  'DICOM JPEG 2000': phantom_dicom(a.astype(np.uint16), uid.JPEG2000Lossless, PixelData=jpeg(a.astype(np.uint16)*257, **j2k)),
                  'DICOM RGB JPEG 2000': phantom_dicom(rgb, uid.JPEG2000Lossless, PhotometricInterpretation='YBR_RCT', PixelData=jpeg(rgb, **j2k)),
                  'DICOM HTJ2K': phantom_dicom(twelve, uid.HTJ2KLossless, PixelData=encapsulate([htj2k_encode(twelve)]), **tags),
                  'DICOM tiles': phantom_dicom(a, uid.JPEG2000Lossless, PixelData=jpeg(a, tile_size=(64, 64), **j2k)),
                  'DICOM signed JPEG-LS': phantom_dicom(twelve.astype(np.int16) - 2048, uid.JPEGLSLossless, BitsStored=12),
                  'DICOM overlay': phantom_dicom(twelve | (twelve > 3000).astype(np.uint16) << 15, **tags),
                  'DICOM tables': phantom_dicom(a, VOILUTSequence=[lut], ModalityLUTSequence=[lut]),
                  'DICOM palette': phantom_dicom(a, PhotometricInterpretation='PALETTE COLOR', **palette),
                  'DICOM CT': phantom_dicom(twelve.astype(np.int16) - 1024, Modality='CT', RescaleSlope=1, RescaleIntercept=0)}

def mended(png):
    "The checksums of a damaged PNG made right, so that the damage is reached"
    out, at = png[:8], 8
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at:at + 4], 'big')
        out += png[at:end] + zlib.crc32(png[at + 4:end]).to_bytes(4, 'big')
        at = end + 4
    return out

def lying(rng):
    "A DICOM file that is whole, and whose tags are drawn from good values, bad ones and extreme ones"
    from pydicom import Dataset
    from pneumo_nb.data.dicom import _NATIVE, phantom_dicom
    pick = lambda *these: lambda: rng.choice(these).item()
    short = pick(0, 1, 2, 3, 8, 12, 16, 17, 32, 104, 120, 121, 65535)
    few = lambda: min(short(), 32767)                                 # fits a signed value too
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [pick(0, 1, 255, 256)(), pick(0, 5, 65535)(), pick(1, 8, 12, 16, 17)()], rng.integers(0, 4096, 256).tolist()
    item['LUTDescriptor'].VR = item['LUTData'].VR = 'US'
    counts = ('Rows', 'Columns', 'SamplesPerPixel', 'BitsAllocated', 'BitsStored', 'HighBit', 'PixelRepresentation', 'PlanarConfiguration', 'NumberOfFrames')
    ways = dict.fromkeys(counts, short) | dict.fromkeys(('PixelPaddingValue', 'PixelPaddingRangeLimit'), pick(0, 1, 127, 4095, -1, -32768, 32768, 65535))
    ways |= dict.fromkeys(('WindowCenter', 'WindowWidth', 'RescaleSlope', 'RescaleIntercept'), pick(0., 1, .5, 8, 255, 4096, -32768, 65535, 1e9, -1e300, 1e300, 1e-300))
    ways |= dict.fromkeys(('VOILUTSequence', 'ModalityLUTSequence'), lambda: [item])
    ways |= dict(PhotometricInterpretation=pick('MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR', 'RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_RCT', 'X'),
                 Modality=pick('CT', 'DX', 'CR', ''), PresentationIntentType=pick('FOR PROCESSING'), PresentationLUTShape=pick('INVERSE'),
                 VOILUTFunction=pick('LINEAR', 'LINEAR_EXACT', 'SIGMOID', 'X'), RedPaletteColorLookupTableDescriptor=lambda: [few(), few(), 8],
                 RedPaletteColorLookupTableData=lambda: bytes(range(256)))
    kind = rng.choice(['u1', 'u2', 'i2'])
    pixels = rng.integers(0, 128, (120, 104) + (3,)*int(rng.random() < .2)).astype(kind)
    return phantom_dicom(pixels, rng.choice(_NATIVE), **{k: ways[k]() for k in rng.choice(sorted(ways), rng.integers(1, 6), replace=False)})

def file(sound, seed):
    "The kind and the bytes of one run"
    from pneumo_nb.data.film import damaged
    rng, kinds = np.random.default_rng([seed, 1]), sorted(sound)
    if rng.random() < .2: return 'DICOM that lies', lying(rng)
    kind, other = rng.choice(kinds, 2)
    data = damaged(sound[kind], seed, sound[other])
    return str(kind), mended(data) if kind.startswith('PNG') and rng.random() < .7 else data

def chunk(first, runs):
    "A line of JSON per run: seed, kind, code, seconds"
    from pneumo_nb.data.film import Film, FilmError
    warnings.simplefilter('error')
    sound = pictures(picture()) | dicoms(picture())
    for data in sound.values(): Film.read(data)                # all decoders are loaded
    for seed in range(first, first + runs):
        with warnings.catch_warnings(): warnings.simplefilter('ignore'); kind, data = file(sound, seed)
        start = time.process_time()
        try: code = 'a film' if Film.read(data).pixels.dtype == np.uint8 else 'NOT UINT8'
        except FilmError as e: code = e.code
        except BaseException as e: code = f'{type(e).__name__}: {e}'[:200]
        print(json.dumps([seed, kind, code, round(time.process_time() - start, 4)]), flush=True)

def process(first, runs):
    "The rows of one chunk; a crash is a row, and the rest of the chunk goes on"
    rows = []
    while len(rows) < runs:
        at = first + len(rows)
        done = subprocess.run([sys.executable, __file__, '--chunk', str(at), str(runs - len(rows))], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        rows += [json.loads(line) for line in done.stdout.splitlines()]
        if len(rows) < runs: rows.append([first + len(rows), '', f'CRASH {done.returncode}', 0])
    return rows

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--runs', type=int, default=20_000)
    parser.add_argument('--seed', type=int, default=0, help='the first of the runs')
    parser.add_argument('--out', default='results/fuzz.json')
    parser.add_argument('--show', type=int, metavar='SEED', help='write the file of one run to damaged.bin')
    parser.add_argument('--chunk', nargs=2, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.chunk: return chunk(*args.chunk)
    from pneumo_nb.data.film import FILM_CODES
    if args.show is not None:
        kind, data = file(pictures(picture()) | dicoms(picture()), args.show)
        return print(kind, Path('damaged.bin').write_bytes(data), 'bytes')
    rows = [row for at in range(0, args.runs, CHUNK) for row in process(args.seed + at, min(CHUNK, args.runs - at))]
    codes, slowest = Counter(r[2] for r in rows), max(rows, key=lambda r: r[3])
    wrong = [r for r in rows if r[2] not in FILM_CODES and r[2] != 'a film' or r[3] > SLOW]
    packages, codecs = ('Pillow', 'pydicom', 'numpy', 'pyjpegls', 'imagecodecs'), ('jpg', 'zlib', 'libtiff', 'webp', 'jpg_2000')
    told = dict(utc=datetime.now(timezone.utc).isoformat(timespec='seconds'), runs=len(rows), seed=args.seed, codes=dict(codes.most_common()),
                slowest=dict(zip(('seed', 'kind', 'code', 'seconds'), slowest)), wrong=wrong[:20],
                peak_mb=round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024),
                versions={p: metadata.version(p) for p in packages} | {c: features.version(c) for c in codecs} | dict(python=platform.python_version()))
    Path(args.out).write_text(json.dumps(told, indent=1, ensure_ascii=False) + '\n')
    print(json.dumps(told, indent=1, ensure_ascii=False))
    sys.exit(bool(wrong))

if __name__ == '__main__': main()
