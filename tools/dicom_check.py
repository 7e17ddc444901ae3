"""Results as DICOM, judged by a checker that others wrote: dciodvfy of dicom3tools, on a report and a capture of each decision.

dicom_check.py   exit status 1 on any error, or when the checker is missing; warnings are listed
"""
import shutil, subprocess, sys, tempfile
from pathlib import Path
from pneumo_nb.screen.bundle import bundle_for, load_bundle
from pneumo_nb.data.cohort import read_cohort
from pneumo_nb.data.dicom import phantom_dicom
from pneumo_nb.screen.film_report import EVALUATIONS, dicom_bytes, film_result, to_sc, to_sr
from pneumo_nb.data.phantom import phantom_film, write_phantoms

MISSING = 'dciodvfy is missing. Install it: apt-get install -y dicom3tools (Debian, Ubuntu), or from https://www.dclunie.com/dicom3tools.html'
PATIENTS = {'named': dict(PatientName='Müller^Zoë', PatientID='P-17', SpecificCharacterSet='ISO_IR 192'), 'nameless': dict(PatientName='', PatientID='')}

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
    done = subprocess.run(['dciodvfy', str(path)], capture_output=True, text=True)
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    faults = [line for line in lines if line.startswith(('Error', 'Abort'))]
    return faults or ([f'Error - dciodvfy ended with {done.returncode}'] if done.returncode else []), [line for line in lines if line.startswith('Warning')]

def main():
    if not shutil.which('dciodvfy'): sys.exit(MISSING)
    errors, warnings, files = [], {}, 0
    with tempfile.TemporaryDirectory() as d:
        for path in objects(Path(d)):
            faults, remarks = said(path)
            files += 1
            errors += [f'{path.name}: {line}' for line in faults]
            for line in dict.fromkeys(remarks): warnings.setdefault(line, []).append(path.stem)
    for line, where in warnings.items(): print(f'{line} ({len(where)} of {files} files)')
    for line in errors: print(line)
    print(f'{"FAIL" if errors else "PASS"} {files} DICOM objects, {len(errors)} errors, {len(warnings)} kinds of warnings')
    sys.exit(bool(errors))

if __name__ == '__main__': main()
