"""Results as DICOM, judged by a checker that others wrote: dciodvfy of dicom3tools, on a report and a capture of each decision.

dicom_check.py   exit status 1 on any error, or when the checker is missing; warnings are listed
"""
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from pneumo_nb.data.cohort import read_cohort
from pneumo_nb.data.phantom import phantom_film
from pneumo_nb.data.phantom_files import phantom_dicom, write_phantoms
from pneumo_nb.screen.bundle import load_bundle
from pneumo_nb.screen.dicom_results import EVALUATIONS, dicom_bytes, to_sc, to_sr
from pneumo_nb.screen.film_report import film_result
from pneumo_nb.study.gate_fit import bundle_for
from repo import run

MISSING = ('dciodvfy is missing. Install it: apt-get install -y dicom3tools (Debian, Ubuntu), '
           'or from https://www.dclunie.com/dicom3tools.html')
PATIENTS = {'named': dict(PatientName='Müller^Zoë', PatientID='P-17', SpecificCharacterSet='ISO_IR 192'),
            'nameless': dict(PatientName='', PatientID='')}

def objects(folder):
    "Yield the files: report and capture of every decision, of a patient with a name and one without"
    drawn = write_phantoms(folder/'drawn', n=120, size=128)
    bundle = load_bundle(bundle_for(read_cohort(drawn, progress=False)[0], drawn, folder/'bundle'))   # its gate knows phantoms
    (folder/'PHANTOM.json').write_text('{}')   # what is made of them says that they are phantoms
    for patient, tags in PATIENTS.items():
        film = folder/f'{patient}.dcm'
        film.write_bytes(phantom_dicom(phantom_film(seed=3, label='PNEUMONIA', size=256), **tags))
        result = film_result(film, bundle)
        for decision in EVALUATIONS:
            for kind, make in (('sr', to_sr), ('sc', to_sc)):
                path = folder/f'{patient}-{decision}-{kind}.dcm'
                path.write_bytes(dicom_bytes(make(result._replace(decision=decision))))
                yield path

def said(path):
    "What the checker says of a file, a line each, without the name of the object"
    done = run('dciodvfy', path)
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    faults = [line for line in lines if line.startswith(('Error', 'Abort'))]
    if done.returncode and not faults: faults = [f'Error - dciodvfy ended with {done.returncode}']
    return faults, [line for line in lines if line.startswith('Warning')]

def main():
    if not shutil.which('dciodvfy'): sys.exit(MISSING)
    with tempfile.TemporaryDirectory() as d: found = [(path.name, *said(path)) for path in objects(Path(d))]
    errors = [f'{name}: {line}' for name, faults, _ in found for line in faults]
    warnings = Counter(line for *_, remarks in found for line in dict.fromkeys(remarks))
    for line, n in warnings.items(): print(f'{line} ({n} of {len(found)} files)')
    for line in errors: print(line)
    print(f'{"FAIL" if errors else "PASS"} {len(found)} DICOM objects, {len(errors)} errors, {len(warnings)} kinds of warnings')
    sys.exit(bool(errors))

if __name__ == '__main__': main()
