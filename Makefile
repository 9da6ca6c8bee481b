# Every task of the project; `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint format wheel train bench fuzz audit picture docs npm clean

help:  ## list the tasks
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.demo: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install -qq -e '.[cpu,demo]'
	touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install -qq -e '.[dev]'
	touch $@ $(VENV)/.demo

$(VENV)/.docs: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install -qq -e '.[docs]'
	touch $@

demo: $(VENV)/.demo  ## set up and run the main job: a head of known tilt, truth beside result
	$(BIN)/callosal demo --output callosal-demo --overwrite

# Three workers on two cores: many tests wait for a browser, a server or another process.
test: $(VENV)/.dev  ## set up and run all tests
	$(BIN)/python -m pytest -n 3 --dist worksteal

test-fast: $(VENV)/.dev  ## the tests that take seconds
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not slow"

lint: $(VENV)/.dev  ## ruff and mypy strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(VENV)/.dev  ## build the wheel into dist/
	$(BIN)/python -m build --wheel

train: $(VENV)/.dev  ## train the shipped segmenter (half an hour with bf16 units)
	$(BIN)/callosal fit --config configs/attention_unet.yaml

picture: $(VENV)/.dev  ## draw the pictures of README and docs again from the MNI152 average head
	$(BIN)/python docs/make_pictures.py
	$(BIN)/python docs/make_review_pictures.py

npm: $(BIN)/python  ## set up what tests of pages, JavaScript and C++ need, into .venv/npm
	npm install --prefix $(VENV)/npm --no-save --no-audit --no-fund --ignore-scripts --silent \
	    axe-core@4 onnxruntime-web@1 onnxruntime-node@1 com.github.asus4.onnxruntime@0

docs: $(VENV)/.docs  ## build the documentation into build/site, warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

bench: $(VENV)/.dev  ## midsagittal precision on the MNI152 average head
	$(BIN)/python benchmarks/accuracy/midsagittal_precision.py

FUZZ ?= --reader 10000 --pipeline 300 --seed 1

fuzz: $(VENV)/.dev  ## ten thousand broken DICOM files and five thousand volume files (FUZZ="--reader N --pipeline N --seed S")
	$(BIN)/python benchmarks/faults/fuzz_dicom.py $(FUZZ)
	$(BIN)/python benchmarks/faults/fuzz_nifti.py

audit: $(VENV)/.dev  ## known vulnerabilities of the oldest versions that are allowed (network)
	$(BIN)/python -m pip install -qq 'pip-audit>=2.7'
	$(BIN)/python benchmarks/release/audit_floors.py

clean:  ## remove what the tasks made
	rm -rf $(VENV) build dist *.egg-info callosal-demo .mypy_cache .ruff_cache .pytest_cache
