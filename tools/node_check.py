"""The node against a real archive: Debian's Orthanc and dcmtk, on the loopback address, with drawn films.

node_check.py [--out results/node.json] [--away 6]   exit status 1 when a count is not as it must be; with --out the table is kept there

Sixty films go from storescu to Orthanc, from Orthanc to the node, and their reports back into the same studies; then the node is killed in
the middle of two hundred, the archive is away, the disk is full, a film comes five times, a stranger calls, and all of it with TLS. After
each trial: sent = received, received = scored + refused, scored = results found in the archive by its REST interface. At the end dciodvfy
looks at every report, and no log may name a patient.
"""
import argparse
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
import highdicom as hd
import pydicom
import requests
import trustme
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless
from dicom_check import said
from pneumo_nb.core import save_json
from pneumo_nb.data.cohort import read_cohort
from pneumo_nb.data.phantom import phantom_film
from pneumo_nb.data.phantom_files import phantom_dicom, write_phantoms
from pneumo_nb.data.tags import RADIOGRAPH_CLASSES
from pneumo_nb.node.inbox import health
from pneumo_nb.node.node import send_films
from pneumo_nb.node.receive import quiet_network
from pneumo_nb.screen.bundle import load_bundle
from pneumo_nb.study.gate_fit import bundle_for
from repo import ROOT, installed, run

MISSING = '{} is missing. Install it: apt-get install -y orthanc orthanc-dicomweb dcmtk dicom3tools (Debian, Ubuntu)'
PLUGIN = Path('/usr/share/orthanc/plugins/libOrthancDicomWeb.so')
FORWARD = """
function OnStoredInstance(instanceId, tags, metadata, origin)
  if tags['Modality'] ~= 'SR' and origin['RequestOrigin'] == 'DicomProtocol' then SendToModality(instanceId, 'node') end
end
"""
NAME, NUMBER = 'Zwetschgenbaum^Adelheid', 'QX4711'    # no log may hold them

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]

def until(f, seconds=90, every=.2):
    "Wait for something; its last answer"
    end = time.monotonic() + seconds
    while not (answer := f()) and time.monotonic() < end: time.sleep(every)
    return answer

def film(i, **tags):
    "A drawn film of a patient whose name must not be seen"
    syntax = (ExplicitVRLittleEndian, RLELossless, JPEGLSLossless)[i % 3 if i >= 120 else 0]   # dcmtk's sender offers no compressed ones
    kind = dict(SOPClassUID=RADIOGRAPH_CLASSES[1]) if i % 4 else dict(SOPClassUID=RADIOGRAPH_CLASSES[0], Modality='CR')
    drawn = phantom_film(seed=i, label=('NORMAL', 'PNEUMONIA')[i % 2], size=96)
    return phantom_dicom(drawn, syntax, **kind | dict(PatientName=f'{NAME}^{i}', PatientID=f'{NUMBER}-{i}') | tags)

def uid(data): return pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).SOPInstanceUID

class Orthanc:
    "The archive: its own configuration, in a folder of its own"
    def __init__(self, folder, node):
        self.folder, self.dicom, self.http = folder, free_port(), free_port()
        folder.mkdir()
        (folder/'forward.lua').write_text(FORWARD)
        settings = dict(Name='node_check', StorageDirectory=str(folder/'db'), IndexDirectory=str(folder/'db'), DicomAet='PACS',
                        DicomPort=self.dicom, HttpPort=self.http, RemoteAccessAllowed=False, AuthenticationEnabled=False,
                        DicomModalities=dict(node=['PNEUMO', '127.0.0.1', node]), LuaScripts=[str(folder/'forward.lua')],
                        Plugins=[str(PLUGIN)]*PLUGIN.exists(), DicomWeb=dict(Enable=True, Root='/dicom-web/'))
        (folder/'orthanc.json').write_text(json.dumps(settings))
        self.start()

    def start(self):
        self.log = open(self.folder/'log.txt', 'a')
        self.process = subprocess.Popen([shutil.which('Orthanc'), self.folder/'orthanc.json'], stdout=self.log, stderr=self.log)
        if not until(self.up): sys.exit(f'Orthanc does not start:\n{(self.folder/"log.txt").read_text()[-2000:]}')

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def ask(self, path): return requests.get(f'http://127.0.0.1:{self.http}/{path}', timeout=30)

    def up(self):
        try: return self.ask('system').ok
        except requests.RequestException: return False

    def instances(self): return self.ask('instances').json()

    def reports(self):
        "Of each film that a report points at: the reports, when they lie in the film's study, by REST"
        out = Counter()
        for instance in self.ask('instances?expand').json():
            if instance['MainDicomTags'].get('SOPInstanceUID') in self.known: continue
            tags = self.ask(f'instances/{instance["ID"]}/tags?short').json()
            if tags.get('0008,0060') != 'SR': continue
            self.known[tags['0008,0018']] = (tags['0020,000d'], referenced(tags), instance['ID'])
        for study, points_at, _ in self.known.values(): out[points_at, study] += 1
        return out
    known = {}

def referenced(tags):
    "The film that a report is evidence of"
    return tags['0040,a375'][0]['0008,1115'][0]['0008,1199'][0]['0008,1155']

class Node:
    "The installed command in a process of its own"
    def __init__(self, folder, port, *arguments):
        self.folder, self.port, self.arguments = folder, port, [str(a) for a in arguments]
        self.log = folder.with_name(f'{folder.name}.log')
        self.start()

    def start(self):
        command = [installed('pneumo_node'), '--folder', self.folder, '--port', self.port, *self.arguments]
        with open(self.log, 'a') as log: self.process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
        if not until(self.listens): sys.exit(f'the node does not start:\n{self.log.read_text()[-2000:]}')

    def listens(self):
        if self.process.poll() is not None: sys.exit(f'the node ended:\n{self.log.read_text()[-2000:]}')
        with socket.socket() as s: return s.connect_ex(('127.0.0.1', self.port)) == 0

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        "As systemd stops it"
        self.process.terminate()
        if self.process.wait(60): sys.exit(f'the node ended with {self.process.returncode}:\n{self.log.read_text()[-2000:]}')

    def health(self): return health(self.folder)

    def settled(self, seconds=120):
        "When nothing waits any more"
        until(lambda: not (h := self.health())['films_waiting'] and not h['results_waiting'], seconds)
        return self.health()

SENDER = """
import sys
from pathlib import Path
from pydicom import dcmread
from pynetdicom import AE
ae = AE('MODALITY')
ae.acse_timeout = ae.dimse_timeout = 20
sets = [dcmread(p) for p in sorted(Path(sys.argv[2]).iterdir())]
for kind in dict.fromkeys((ds.SOPClassUID, ds.file_meta.TransferSyntaxUID) for ds in sets): ae.add_requested_context(*kind)
assoc = ae.associate('127.0.0.1', int(sys.argv[1]), ae_title='PNEUMO')
for ds in sets:
    try: print(assoc.send_c_store(ds).get('Status', 'none'), flush=True)
    except RuntimeError: print('none', flush=True)
"""
OTHERS = os.pathsep.join(p for p in os.environ['PATH'].split(os.pathsep) if Path(p) != Path(sys.executable).parent)
SEND = shutil.which('storescu', path=OTHERS)     # Debian's; pynetdicom brings a program of the same name

def storescu(port, *arguments, title='PACS', own='MODALITY'):
    "Debian's sender; its exit status"
    return subprocess.run([SEND, '-aet', own, '-aec', title, *map(str, arguments[:-1]), '127.0.0.1', str(port), str(arguments[-1])],
                          capture_output=True, text=True, timeout=300)

class Table:
    "Counts of each trial, and what is wrong with them"
    def __init__(self): self.rows, self.faults, self.before = [], [], Counter()

    def add(self, trial, sent, said, found, before=None, **more):
        "Counts since the trial before, of the same node"
        b = before or Counter()
        row = dict(trial=trial, sent=sent, received=said['received'] - b['received'], scored=said['scored'] - b['scored'],
                   refused=said['refused'] - b['refused'], found=found, failed=said['failed'], **more)
        self.rows.append(row)
        print('  '.join(f'{k} {v}' for k, v in row.items()), flush=True)
        wrong = [row['sent'] != row['received'], row['received'] != row['scored'] + row['refused'], row['scored'] != found, row['failed']]
        if any(wrong): self.faults.append(f'{trial}: the counts do not agree: {row}')

    def must(self, fact, trial):
        if not fact: self.faults.append(trial); print(f'FAULT {trial}', flush=True)

def write_all(folder, files):
    folder.mkdir()
    for i, f in enumerate(files): (folder/f'{i:04}.dcm').write_bytes(f)
    return folder

def found_of(orthanc, files):
    "Reports that the archive holds of these films, in their studies; and films with more than one"
    mine, reports = {(uid(f), study_of(f)) for f in files}, orthanc.reports()
    return sum(n for k, n in reports.items() if k in mine), [k for k, n in reports.items() if k in mine and n > 1]

SECONDARY = '1.2.840.10008.5.1.4.1.1.7'          # Secondary Capture Image Storage

def study_of(data): return pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).StudyInstanceUID

# --- the trials ---

def round_trip(t, at, orthanc, node):
    "Sixty films by storescu to Orthanc, from there to the node, reports back"
    odd = [dict(ViewPosition='LL'), dict(PatientAge='044Y'), dict(BodyPartExamined='HAND'), dict(ViewPosition='LL')]
    files = [film(i) for i in range(56)] + [film(56 + i, **tags) for i, tags in enumerate(odd)]
    done = storescu(orthanc.dicom, '+sd', write_all(at/'sixty', files))
    if done.returncode: sys.exit(f'storescu ended with {done.returncode}: {done.stderr[-500:]}')
    until(lambda: node.health()['received'] == 60, 180)
    said_ = node.settled()
    found, twice = found_of(orthanc, files)
    t.add('60 films, Orthanc → node → Orthanc', 60, said_, found)
    t.must(not twice, 'a film has more than one report')
    return files

def five_times(t, at, orthanc, node):
    "The same film five times: one film, one report"
    b, f = Counter(node.health()), film(100)
    t.must(send_films([f]*5, node.port) == [0]*5, 'the same film five times is not taken five times')
    said_ = node.settled()
    t.add('the same film five times', 1, said_, found_of(orthanc, [f])[0], b, repeated=said_['repeated'] - b['repeated'])
    t.must(said_['repeated'] - b['repeated'] == 4, 'four of five are no repetitions')

def stranger(t, at, orthanc, node):
    "A title that is not on the list"
    b = Counter(node.health())
    done = storescu(node.port, '+sd', write_all(at/'strange', [film(110)]), title='PNEUMO', own='STRANGER')
    t.must(done.returncode != 0, "a stranger's film is taken")
    time.sleep(1.5)
    said_ = node.health()
    t.add("a stranger's title", 0, said_, found_of(orthanc, [film(110)])[0], b, turned_away=said_['counts'].get('association_rejected', 0))
    t.must(said_['counts'].get('association_rejected') == 1, 'the stranger is not counted')

def away(t, at, orthanc, node, seconds):
    "The archive is away for a while, and back"
    b, files = Counter(node.health()), [film(120 + i) for i in range(20)]
    orthanc.stop()
    t.must(send_films(files, node.port) == [0]*20, 'films are not taken while the archive is away')
    time.sleep(seconds)
    waiting = node.health()['results_waiting'] + node.health()['films_waiting']
    t.must(waiting == 20, f'{waiting} of 20 results wait while the archive is away')
    orthanc.start()
    said_ = node.settled()
    found, twice = found_of(orthanc, files)
    t.add(f'the archive away for {seconds} s', 20, said_, found, b)
    t.must(not twice, 'a film has more than one report after the archive was away')

def killed(t, at, orthanc, node):
    "kill -9 in the middle of two hundred sends; the sender repeats what was not answered"
    b, files = Counter(node.health()), [film(200 + i) for i in range(200)]
    answered, kills = set(), 0
    for start in range(0, 200, 20):
        part = files[start:start + 20]
        if start in (60, 120):                          # while it sends, judges and delivers
            process = subprocess.Popen([sys.executable, '-c', SENDER, str(node.port), write_all(at/f'part{start}', part)],
                                       stdout=subprocess.PIPE, text=True)
            until(lambda most=start + 7: node.health()['received'] - b['received'] >= most, 60, .005)
            node.kill()
            kills += 1
            out = process.communicate(timeout=120)[0]
            ok = [uid(f) for f, status in zip(part, out.split(), strict=False) if status == '0']
            node.start()
            answered |= set(ok)
            part = [f for f in part if uid(f) not in answered]
        answered |= {uid(f) for f, status in zip(part, send_films(part, node.port), strict=True) if status == 0}
    said_ = node.settled()
    found, twice = found_of(orthanc, files)
    t.add(f'kill -9 in the middle of 200, {kills} times', 200, said_, found, b)
    t.must(len(answered) == 200, f'{len(answered)} of 200 were answered with success')
    t.must(not twice, f'{len(twice)} films have more than one report after kill -9')

def full(t, at, orthanc, options):
    "The disk is full: by the guard, and, where a small disk can be mounted, for real"
    disk = at/'disk'
    disk.mkdir()
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk], capture_output=True).returncode == 0
    try:
        node = Node(disk/'node', free_port(), *options, '--free_mb', 4 if mounted else 10**9)
        files = [film(500 + i) for i in range(10)]
        if mounted: (disk/'ballast').write_bytes(bytes(13*2**20))
        t.must(set(send_films(files, node.port)) == {0xA700}, 'no room, and films are taken')
        node.stop()
        node.arguments[-1] = '0'
        if mounted: (disk/'ballast').write_bytes(bytes(shutil.disk_usage(disk).free + (disk/'ballast').stat().st_size - 60_000))
        node.start()
        answers = send_films(files, node.port)
        if mounted: t.must(answers[-1] == 0xA700, f'the disk is full, and the answers are {answers}')
        print(f'small disk mounted: {mounted}; answers when it is full: {Counter(answers)}', flush=True)
        (disk/'ballast').unlink(missing_ok=True)
        t.must(node.process.poll() is None, 'the node ended on a full disk')
        again = [f for f, a in zip(files, answers, strict=True) if a]
        t.must(set(send_films(again, node.port)) <= {0} if again else True, 'there is room again, and films are not taken')
        said_ = node.settled()
        t.add('the disk full', 10, said_, found_of(orthanc, files)[0], refused_A700=said_['counts'].get('disk_full', 0))
        node.stop()
        return (disk/'node.log').read_text()
    finally:
        if mounted: subprocess.run(['umount', disk])

def tls(t, at, orthanc, options):
    "Encrypted, with a certificate that the sender must show; results by STOW-RS"
    authority, other = trustme.CA(), trustme.CA()
    for ca, name in ((authority, 'own'), (authority, 'guest'), (other, 'strange')):
        made = ca.issue_cert('127.0.0.1')
        made.private_key_pem.write_to_path(at/f'{name}.key')
        made.cert_chain_pems[0].write_to_path(at/f'{name}.pem')
    authority.cert_pem.write_to_path(at/'ca.pem')
    node = Node(at/'tls', free_port(), *options, '--cert', at/'own.pem', '--key', at/'own.key', '--ca', at/'ca.pem')
    folder, files = at/'twenty', [film(70 + i) for i in range(20)]
    write_all(folder, files)
    with_key = lambda name: ['+tls', at/f'{name}.key', at/f'{name}.pem', '+cf', at/'ca.pem', '+sd']
    t.must(storescu(node.port, *with_key('strange'), folder, title='PNEUMO').returncode != 0, 'a strange certificate is let in')
    t.must(storescu(node.port, '+sd', folder, title='PNEUMO').returncode != 0, 'without TLS a film is taken')
    done = storescu(node.port, *with_key('guest'), folder, title='PNEUMO')
    t.must(done.returncode == 0, f'storescu with TLS ended with {done.returncode}: {done.stderr[-300:]}')
    said_ = node.settled()
    how = 'STOW-RS' if PLUGIN.exists() else 'C-STORE'
    t.add(f'TLS, results by {how}', 20, said_, found_of(orthanc, files)[0])
    node.stop()

def captured(t, at, orthanc, options):
    "Pictures with outlines, too: a secondary capture in the film's study, beside the report"
    node, files = Node(at/'capture', free_port(), *options, '--capture'), [film(600 + i) for i in range(2)]
    t.must(send_films(files, node.port) == [0]*2, 'films are not taken by a node that sends pictures')
    said_ = node.settled()
    t.add('with pictures', 2, said_, found_of(orthanc, files)[0], sent_back=said_['sent'])
    node.stop()
    shown, faults = [], Counter()
    for instance in orthanc.instances():
        tags = orthanc.ask(f'instances/{instance}/tags?short').json()
        if tags['0008,0016'] != SECONDARY or tags['0020,000d'] not in map(study_of, files): continue
        (path := at/f'{instance}.dcm').write_bytes(orthanc.ask(f'instances/{instance}/file').content)
        faults.update(said(path)[0])
        shown.append(tags['0020,000d'])
    t.must(sorted(shown) == sorted(map(study_of, files)), f'{len(shown)} pictures are found, not one in each of two studies')
    t.must(not faults, f'dciodvfy finds {sum(faults.values())} errors in pictures')
    print(f'{len(shown)} pictures from the archive: {sum(faults.values())} errors by dciodvfy')

def judge_reports(t, at, orthanc, bundle):
    "Every report by dciodvfy; and by highdicom: film, model, threshold"
    point, faults = bundle.point(), Counter()
    (at/'reports').mkdir()
    for study, points_at, instance in orthanc.known.values():
        data = orthanc.ask(f'instances/{instance}/file').content
        path = at/'reports'/f'{instance}.dcm'
        path.write_bytes(data)
        faults.update(said(path)[0])
        sr = hd.sr.srread(path)
        group, = sr.content.get_image_measurement_groups()
        names = points_at == group.source_images[0].referenced_sop_instance_uid and sr.StudyInstanceUID == study
        words = bundle.model.encode() in data and f'{point.threshold:.6f}'.encode() in data and pydicom.dcmread(path).Modality == 'SR'
        t.must(names and words, 'a report does not name its film, model and threshold')
    for line in faults: print(line)
    t.must(not faults, f'dciodvfy finds {sum(faults.values())} errors')
    print(f'{len(orthanc.known)} reports from the archive: {sum(faults.values())} errors by dciodvfy; each names film, model, threshold')

def silent(t, at, logs):
    "No log, and nothing else that the nodes keep, names a patient"
    texts = [p.read_bytes() for folder in (at/'node', at/'tls', at/'capture') for p in folder.rglob('*') if p.is_file()]
    texts += [p.read_bytes() for p in at.glob('*.log')] + [log.encode() for log in logs]
    words = [NAME.encode(), NAME.split('^')[0].encode(), NUMBER.encode()]
    t.must(not any(w in text for w in words for text in texts), 'a log or a table names a patient')
    print(f'{len(texts)} logs and files of the nodes: no name and no number of a patient')

def copied(t, at):
    "The tutorial, by copying its commands into an empty folder; only its ports are others"
    cells = json.loads((ROOT/'nbs'/'tutorials'/'from_pacs.ipynb').read_text())['cells']
    text = '\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'markdown')
    blocks = [b for b in re.findall(r'^```bash\n(.*?)^```$', text, flags=re.M | re.S) if 'pip install' not in b]
    node, dicom, http = free_port(), free_port(), free_port()
    script = '\n'.join(blocks).replace('11112', str(node)).replace('4242', str(dicom)).replace('8042', str(http))
    script = script.replace('--folder node --to', f'--folder node --port {node} --to').replace('sleep 20', 'sleep 40')
    (folder := at/'laptop').mkdir()
    env = os.environ | dict(PATH=f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}')   # as an activated environment
    wait = 'until (exec 3<>/dev/tcp/127.0.0.1/PORT) 2>/dev/null; do sleep .2; done\n'       # who copies by hand is slower than this
    script = script.replace('2>&1 &\n', '2>&1 &\nWAIT\n')
    for p in (dicom, node): script = script.replace('WAIT\n', wait.replace('PORT', str(p)), 1)
    ends = "trap 'kill $(jobs -p) || true; wait || true' EXIT\n"
    done = subprocess.run(['bash', '-ec', ends + script], cwd=folder, env=env, capture_output=True, text=True, timeout=400)
    said_ = health(folder/'node')
    print('the tutorial, copied:', ', '.join(f'{k} {said_[k]}' for k in ('received', 'scored', 'refused', 'sent')), flush=True)
    right = done.returncode == 0 and said_['received'] == said_['scored'] + said_['refused'] == 6 and said_['sent'] == said_['scored']
    t.must(right, f'the tutorial ends with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}')

def deployed(t):
    "The unit by systemd-analyze, the Dockerfile by hadolint, where these are"
    unit, lint = ROOT/'deploy'/'pneumo_node.service', installed('hadolint')
    if shutil.which('systemd-analyze'):
        with tempfile.TemporaryDirectory() as d:
            here = re.sub('^ExecStart=.*', 'ExecStart=/bin/true', unit.read_text(), flags=re.M)   # it is not installed here
            here = here.replace('EnvironmentFile=', 'EnvironmentFile=-')
            (copy := Path(d)/unit.name).write_text(here)
            done = run('systemd-analyze', 'verify', copy)
        t.must(not done.returncode, f'systemd-analyze: {done.stderr}')
        print('deploy/pneumo_node.service: verified by systemd-analyze')
    if Path(lint).exists():
        done = run(lint, ROOT/'deploy'/'Dockerfile')
        t.must(not done.returncode, f'hadolint: {done.stdout}')
        print('deploy/Dockerfile: linted by hadolint')

def trials(t, at, seconds):
    drawn = write_phantoms(at/'drawn', n=120, size=96, progress=False)
    bundle_folder = bundle_for(read_cohort(drawn, progress=False)[0], drawn, at/'bundle')     # its gate knows phantoms
    port = free_port()
    orthanc = Orthanc(at/'orthanc', port)
    logs = []
    try:
        shared = ['--bundle', bundle_folder, '--allow', 'MODALITY', '--allow', 'PACS']
        to_pacs = [*shared, '--to', f'PACS@127.0.0.1:{orthanc.dicom}']
        node = Node(at/'node', port, *to_pacs)
        round_trip(t, at, orthanc, node)
        five_times(t, at, orthanc, node)
        stranger(t, at, orthanc, node)
        away(t, at, orthanc, node, seconds)
        killed(t, at, orthanc, node)
        node.stop()
        logs.append(full(t, at, orthanc, to_pacs))
        web = f'http://127.0.0.1:{orthanc.http}/dicom-web' if PLUGIN.exists() else f'PACS@127.0.0.1:{orthanc.dicom}'
        tls(t, at, orthanc, [*shared, '--to', web])
        captured(t, at, orthanc, to_pacs)
        judge_reports(t, at, orthanc, load_bundle(bundle_folder))
    finally: orthanc.stop()
    silent(t, at, logs)
    copied(t, at)
    deployed(t)

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--out', help='JSON in which the table is kept, under orthanc')
    p.add_argument('--away', type=float, default=6, help='seconds for which the archive is away')
    args = p.parse_args()
    for program in ('Orthanc', 'storescu', 'dciodvfy'):
        if not shutil.which(program, path=OTHERS): sys.exit(MISSING.format(program))
    quiet_network()
    t, start = Table(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix='node_check-') as d: trials(t, Path(d), args.away)
    if args.out:
        kept = json.loads(Path(args.out).read_text()) if Path(args.out).exists() else {}
        save_json(args.out, kept | dict(orthanc=dict(rows=t.rows, faults=t.faults, away_s=args.away)))
    for f in t.faults: print(f)
    print(f'{"FAIL" if t.faults else "PASS"} {len(t.rows)} trials against Orthanc, {len(t.faults)} faults, '
          f'{time.monotonic() - start:.0f} s')
    sys.exit(bool(t.faults))

if __name__ == '__main__': main()
