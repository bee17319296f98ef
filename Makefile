# What a newcomer needs: `make demo`, `make test`. What a developer needs beside them: `make check`, `make bench`.

PYTHON ?= python3
BIN := .venv/bin
FOR ?= 0
KILLS ?= 200
JOBS ?= 2
TRIALS ?= 100

.PHONY: help demo test check bench chaos fuzz servers screenshot clean

help:
	@echo 'make demo            a city of three sites on this machine, with a story; Ctrl-C ends it'
	@echo 'make demo FOR=90     the story once; exit 0 only if all came as told'
	@echo 'make test            all tests, two at a time (JOBS=2); servers that are not installed are skipped'
	@echo 'make check           ruff, mypy, and which room may import which'
	@echo 'make bench           what it costs here beside others, and how soon faults are told: half an hour (TRIALS=10: less)'
	@echo 'make fuzz            a million inputs that no camera should send'
	@echo 'make chaos           everything fails at random, and nothing is lost (KILLS=200 SEED=1)'
	@echo 'sudo make servers    the Debian packages that the tests use as real servers'

demo: $(BIN)/.demo
	$(BIN)/pantau-demo --for $(FOR)

test: $(BIN)/.dev check
	$(BIN)/pytest -n $(JOBS) --dist worksteal

check: $(BIN)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(BIN)/.dev
	$(BIN)/python -m benchmarks --trials $(TRIALS) $(if $(DATA),--data $(DATA))

fuzz: $(BIN)/.dev
	$(BIN)/python -m fuzzing

chaos: $(BIN)/.dev
	$(BIN)/python -m tests.chaos --kills $(KILLS) $(if $(SEED),--seed $(SEED))

screenshot: $(BIN)/.dev
	$(BIN)/python -m docs.screenshot

servers:
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	  mosquitto influxdb victoria-metrics postgresql prometheus-alertmanager ffmpeg chromium libatomic1 systemd iproute2 \
	  gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
	  gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly

$(BIN)/python:
	$(PYTHON) -m venv .venv

$(BIN)/.demo: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[demo]'
	@touch $@

$(BIN)/.dev: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@ $(BIN)/.demo

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
