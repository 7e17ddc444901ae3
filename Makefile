# Two commands, each with all its own set-up: `make study` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV  ?= .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready
DATA  ?=
PRESET ?= quick
OUT   ?= study

# Real films leave a line in the committed ledger when their test set is scored; phantoms need none.
STUDY_FLAGS = --out $(OUT) --preset $(PRESET) $(if $(DATA),--data $(DATA) --ledger results/ledger.csv)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 17

# Compiled when installed: where Python may not write bytecode, every process would compile torch and fastai anew.
$(READY): settings.ini setup.py constraints.txt
	@python3 -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "pneumo_nb needs Python 3.11 or newer; python3 is " + sys.version.split()[0])'
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[train,dev]'
	@touch $@

setup: $(READY) ## the environment in .venv (skipped once it stands)

study: $(READY) ## the whole study: make study [DATA=path/to/chest_xray] [PRESET=smoke|quick|full] [OUT=folder]
	$(BIN)/pneumo_study $(STUDY_FLAGS)

test: $(READY) ## export and clean leave no diff, pages agree, every notebook runs
	$(BIN)/python tools/check.py

test-films: $(READY) ## the notebooks that read films, on the real ones: make test-films DATA=path/to/chest_xray [WITHIN=seconds in which each must begin]
	PNEUMO_DATA=$(DATA) $(BIN)/python tools/check.py --films $(WITHIN)

test-arithmetic: $(READY) ## the notebooks that train, on other threads, instructions and phantoms (hours): make test-arithmetic [ONLY="train/40_explanation …"]
	$(BIN)/python tools/arithmetic.py $(ONLY)

lab: $(READY) ## JupyterLab on the notebooks
	$(BIN)/jupyter lab nbs

chapters: $(READY) ## execute chapters on real films and keep their outputs: make chapters DATA=… [ONLY="explore/25_exploration …"]
	$(BIN)/python tools/chapters.py --data $(DATA) $(ONLY)

results: $(READY) ## the committed results: the quick study of the real films, written to results/study
	$(MAKE) study OUT=results/study PRESET=quick DATA=$(DATA)

model: $(READY) ## the robust model, from folds to bundle: make model [DATA=path/to/chest_xray] [PRESET=smoke|quick|shipped|full] [OUT=model]
	$(BIN)/pneumo_model --out $(if $(filter study,$(OUT)),model,$(OUT)) --preset $(PRESET) $(if $(DATA),--data $(DATA))

shipped: $(READY) ## the committed model, its last step included: make shipped DATA=… ELSEWHERE=folder LATER=folder WITHDRAWN=file (opens the test films)
	$(BIN)/pneumo_model --out results/model --bundle pneumo_nb/bundles/children --preset shipped --data $(DATA) --elsewhere $(ELSEWHERE) --test --later $(LATER) --withdrawn $(WITHDRAWN) --ledger results/ledger.csv
	$(BIN)/python -c "from pneumo_nb.screen.queue import pack_scores; print(pack_scores())"

gate: $(READY) ## what the library's bundle refuses, measured → results/gate.json: make gate DATA=… [ELSEWHERE=folder] [LATER=folder of films that should be scored]
	$(BIN)/pneumo_gate --data $(DATA) $(if $(ELSEWHERE),--elsewhere $(ELSEWHERE)) $(if $(LATER),--also $(LATER))

cues: $(READY) ## what the files say, and what is left of the scores → results/file_cues.json: make cues DATA=… (asks the shipped network about the test files once)
	$(BIN)/python benchmarks/cues.py --data $(DATA)

queue: $(READY) ## the reading queue, simulated → results/triage.json
	$(BIN)/pneumo_queue

hospital: $(READY) ## the page for a hospital's management → results/hospital.html
	$(BIN)/python -c "from pneumo_nb.study.hospital import hospital_report; print(hospital_report('results'))"

pictures: $(READY) ## children called right and wrong, and the hospital's loop, drawn → results/pictures
	$(BIN)/python tools/pictures.py

page-pictures: $(READY) ## list, viewer and monitor of pneumo_page, photographed with drawn films → results/pictures (needs Chromium)
	$(BIN)/python tools/page_pictures.py

samples: $(READY) ## a worklist and a film's report → results/samples: drawn films, by a network that learned from such (half an hour)
	$(BIN)/python tools/samples.py

bench: $(READY) ## screening against fastai, torch and the bare limit; 8 bits; fuzzing the reader: make bench [DATA=…]
	$(BIN)/python benchmarks/screen.py $(if $(DATA),--data $(DATA))
	$(BIN)/python benchmarks/quantise.py $(if $(DATA),--data $(DATA))
	$(BIN)/python benchmarks/fuzz.py

site: $(READY) ## the pages in _docs/, and every check of them (needs Chromium)
	$(BIN)/python tools/test_site.py
	$(BIN)/python tools/test_worklist_page.py
	$(BIN)/python tools/site.py --check

pages: $(READY) ## the pages that `make test` left in _docs/: every check again, with Chromium
	$(BIN)/python tools/test_site.py
	$(BIN)/python tools/test_worklist_page.py
	$(BIN)/python tools/site.py --faults _docs

page: $(READY) ## the page for readers in Chromium: list, viewer, reading, two readers, ten thousand rows, a phone
	$(BIN)/python tools/test_page.py

page-bench: $(READY) ## ten thousand rows and a film, timed by the browser, as ratios → results/page.json (needs Chromium)
	$(BIN)/python benchmarks/page.py

monitor: $(READY) ## false alarms and delays of the monitor's bells, simulated → results/monitor.json
	$(BIN)/python benchmarks/monitor.py

package: $(READY) ## wheel and sdist: what is in them, every command with each extra alone, and whether they screen a film elsewhere
	$(BIN)/python tools/package_check.py

dicom: $(READY) ## results as DICOM, judged by dciodvfy (needs Debian's dicom3tools)
	$(BIN)/python tools/dicom_check.py

agreement: $(READY) ## our grey beside pydicom's and dcmtk's → results/dicom_agreement.csv (needs Debian's dcmtk): make agreement [ALSO="folder …"]
	$(BIN)/python benchmarks/dicom_agreement.py $(if $(ALSO),--also $(ALSO))

speed: $(READY) ## films per second of training and of the shipped bundle, as ratios → results/speed.json
	$(BIN)/python benchmarks/speed.py

ablation: $(READY) ## every recipe, judged by the shift score on train films: make ablation DATA=…
	$(BIN)/pneumo_ablation --data $(DATA)

variants: $(READY) ## the taken trial: networks apart, together, averaged; squeezed or padded → results/trial_variants.csv: make variants DATA=… RUNS=folder of its trainings
	$(BIN)/python benchmarks/trial_variants.py --data $(DATA) --runs $(RUNS)

trials: $(READY) ## recipes with the size and length that they need, ranked by the pooled matched AUC → results/trials.csv (a GPU, or a day): make trials DATA=… [WORKERS=processes on a GPU]
	$(BIN)/python benchmarks/trials.py --data $(DATA) $(if $(WORKERS),--workers $(WORKERS))

trim: $(READY) ## flat edges of films, cut off before they are squeezed: what the scores make of it → results/trim.json: make trim DATA=… ELSEWHERE=folder
	$(BIN)/python benchmarks/trim.py --data $(DATA) --elsewhere $(ELSEWHERE)

few-labels: $(READY) ## what 50 to 400 labelled films of a new hospital bring → results/few_labels.csv (about forty minutes): make few-labels DATA=…
	$(BIN)/python benchmarks/few_labels.py --data $(DATA)

export: $(READY) ## notebooks → library, clean notebooks, README
	$(BIN)/python tools/check.py --write

node: $(READY) ## the node against a real archive (needs Debian's orthanc, orthanc-dicomweb, dcmtk, dicom3tools): make node [KEEP=results/node.json]
	$(BIN)/python tools/node_check.py $(if $(KEEP),--out $(KEEP))

node-bench: $(READY) ## the node's throughput as ratios, and its memory over 2,000 objects → results/node.json
	$(BIN)/python benchmarks/node.py

.PHONY: help node node-bench page page-bench monitor setup study test test-films test-arithmetic lab chapters results model shipped ablation gate cues queue hospital pictures page-pictures samples bench site pages package dicom agreement speed trials variants few-labels export
