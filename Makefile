# What a newcomer needs: `make demo`, `make test`. What a developer needs as well: `make check`, `make bench`.

PYTHON ?= python3
BIN := .venv/bin
FOR ?= 0
KILLS ?= 200
JOBS ?= 4
TRIALS ?= 100

.PHONY: help demo test check prepare wheel extras deb bench chaos fuzz lock release servers hosts screenshot clean

help:
	@echo 'make demo            a city of three sites on this machine, with a story; Ctrl-C ends it'
	@echo 'make demo FOR=90     the story once; exit 0 only if all came as told'
	@echo 'make test            all tests, four at a time (JOBS=4); servers that are not installed are skipped'
	@echo 'make check           ruff, mypy, codespell, and which room may import which'
	@echo 'make bench           what it costs here beside others, and how soon faults are told: half an hour (TRIALS=10: less)'
	@echo 'make fuzz            a million inputs that no camera or site should send, and 2,000 odd cameras beside FFmpeg'
	@echo 'make chaos           everything fails at random, and nothing is lost (KILLS=200 SEED=1)'
	@echo 'sudo make hosts      boots a control room and sites, and runs the playbooks on them: half an hour (SHORT=1: minutes)'
	@echo 'make lock            pins every dependency in locks/ (UPGRADE=1: the newest version of each)'
	@echo 'make wheel           the wheel of this tree, in build/wheel, to be installed beside a lock'
	@echo 'make extras          each program in an environment with its lock and the wheel alone: does it start?'
	@echo 'make deb             Debian packages of agent and collector in build/deb (DEB="--python 3.11 --architecture arm64")'
	@echo 'make release         wheel, sdist and their SBOM in dist/, once tag, version and changelog agree'
	@echo 'sudo make servers    the Debian packages that the tests use as real servers'

demo: $(BIN)/.demo
	$(BIN)/pantau-demo --for $(FOR)

test: $(BIN)/.dev check prepare
	$(BIN)/pytest -n $(JOBS) --dist worksteal

check: $(BIN)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# What the tests use and must not make themselves: the wheel of this tree, cameras that others wrote, and the types
# of Grafana's dashboards with a compiler for them.
prepare: wheel build/peers/.made build/grafana-schema/.made

wheel: $(BIN)/.dev
	@mkdir -p build
	rm -rf build/wheel
	$(BIN)/python -m build --wheel --no-isolation --outdir build/wheel . > build/wheel.log || { cat build/wheel.log; exit 1; }

extras: wheel
	$(BIN)/python -m release.extras

deb: wheel
	$(BIN)/python -m release.deb $(DEB)

bench: $(BIN)/.dev
	$(BIN)/python -m benchmarks --trials $(TRIALS) $(if $(DATA),--data $(DATA))

fuzz: $(BIN)/.dev
	$(BIN)/python -m fuzzing
	$(BIN)/python -m fuzzing.cameras

chaos: $(BIN)/.dev
	$(BIN)/python -m tests.chaos --kills $(KILLS) $(if $(SEED),--seed $(SEED))

hosts: $(BIN)/.dev wheel
	PANTAU_HOSTS=$(if $(SHORT),short,1) $(BIN)/pytest tests/hosts -p no:xdist -rs

lock: $(BIN)/.dev
	$(BIN)/python -m release.lock $(if $(UPGRADE),--upgrade)

release: $(BIN)/.dev
	$(BIN)/python -m release

screenshot: $(BIN)/.dev
	$(BIN)/python -m docs.screenshot
	$(BIN)/python -m docs.page_pictures

servers:
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	  mosquitto influxdb victoria-metrics postgresql prometheus-alertmanager ffmpeg chromium libatomic1 systemd iproute2 \
	  openssl systemd-container debootstrap nginx-light \
	  gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
	  gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
	# A Node.js of other makers brings npm along, and conflicts with Debian's package of it.
	command -v npm || DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nodejs npm

$(BIN)/python:
	$(PYTHON) -m venv .venv

$(BIN)/.demo: $(BIN)/python pyproject.toml locks/demo.txt
	$(BIN)/pip install --quiet --require-hashes --requirement locks/demo.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

$(BIN)/.dev: $(BIN)/python pyproject.toml locks/dev.txt
	$(BIN)/pip install --quiet --require-hashes --requirement locks/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(BIN)/.demo

# They have wheels for few machines; where there are none, only their own tests are missing.
build/peers/.made: $(BIN)/.dev locks/peers.txt
	rm -rf build/peers
	mkdir -p build/peers
	$(BIN)/pip install --quiet --no-deps --only-binary :all: --require-hashes --target build/peers \
	  --requirement locks/peers.txt || echo 'the tests with foreign cameras cannot run here'
	@touch $@

# Without npm or a network, only the test that needs them is missing.
build/grafana-schema/.made: tests/grafana/schema/package.json tests/grafana/schema/package-lock.json
	rm -rf build/grafana-schema
	mkdir -p build/grafana-schema
	cp tests/grafana/schema/package*.json build/grafana-schema/
	cd build/grafana-schema && npm ci --silent --ignore-scripts --no-audit --no-fund \
	  || echo 'the dashboards cannot be checked against the types of Grafana here'
	@touch $@

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
