"""What a camera that means ill does to the other fifteen: `python -m benchmarks.hostile_camera [--minutes 10]`.

It does all that TCP lets it, one way after the other, and the agent has a quarter of a core. The others are
simulated; three of them fail by turns, which has to be told meanwhile, and the rest is well all the time. A second
after each failure the agent tries again, so that it meets each way again and again. It exits with 1 if anything
was told of the fifteen that is not true, or a fault was not told in time.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import httpx
import psutil
import tomli_w
from rich.console import Console
from rich.table import Table

from benchmarks.hostile_modes import MODES
from benchmarks.slow_core import started
from pantau_contract.messages import CameraState
from pantau_contract.states import State
from tests.agent.certificate import make_certificate
from tests.agent.listener import Listener, listening
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until

CAMERAS = [f"cam{number}" for number in range(1, 16)]
FAILING = CAMERAS[-3:]
"""Cameras that fail by turns; the others are well all the time."""
FAULTS = ("stall", "refuse")
SHARE = 0.25
"""Share of a processor core that the agent has."""
READY_S = 180.0
"""Seconds in which all cameras must be well before the first mode begins."""
LEAST_S = 12.0
"""Seconds that each mode lasts at least."""
TOLD_S = 10.0
"""Seconds in which a fault, and its end, must be told."""
SLOW = State.DEGRADED
"""Counted, but not held to be wrong: the simulated cameras share this machine, and may be slow."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one mode did. Shares are of one core; the guilty's is what was used beyond what is used otherwise.

    `states` counts what was told of the fifteen meanwhile; `wrong` is what of it is not true.
    """

    mode: str
    told: str
    agent_pct: float
    guilty_pct: float
    resident_mb: float
    starved_s: float
    states: dict[str, int]
    wrong: list[str] = field(default_factory=list)


class Site:
    """The running agent, and what it says."""

    def __init__(self, process: psutil.Process, listener: Listener, control: httpx.Client) -> None:
        self._process = process
        self._listener = listener
        self._control = control
        self._down_until_ms: dict[str, float] = {}

    def all_well(self) -> bool:
        """Return whether each of the fifteen is well."""
        latest = {state.camera: state.state for state in self._listener.states()}
        return all(latest.get(camera) is State.OK for camera in CAMERAS)

    def run(self, mode: str, seconds: float, failing: str, fault: str) -> Row:
        """Observe the agent for a while, in which one camera fails for as long as it takes to be told."""
        seen, batches = len(self._listener.states()), len(self._listener.telemetry())
        cpu_s, began = self._cpu_s(), time.monotonic()
        self._down_until_ms[failing] = float("inf")
        self._control.put(f"/cameras/{failing}/fault", json={"fault": fault}).raise_for_status()
        told = until(lambda: self._is_down(failing, seen), within_s=TOLD_S)
        self._control.delete(f"/cameras/{failing}/fault").raise_for_status()
        self._down_until_ms[failing] = 1000 * (time.time() + TOLD_S)
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
        used_pct = 100 * (self._cpu_s() - cpu_s) / (time.monotonic() - began)
        states = [state for state in self._listener.states()[seen:] if state.camera in CAMERAS]
        wrong = [_named(state) for state in states if not self._is_true(state)]
        if not told:
            wrong.append(f"{failing}: {fault} was not told")
        hosts = [batch.host for batch in self._listener.telemetry()[batches:] if batch.host is not None]
        evil = [state for state in self._listener.states() if state.camera == id_of(mode)]
        return Row(
            mode,
            _named(evil[-1]).partition(": ")[2] if evil else "",
            used_pct,
            0.0,
            self._process.memory_info().rss / 1e6,
            sum(host.starved_s or 0.0 for host in hosts),
            dict(Counter(state.state.value for state in states)),
            wrong,
        )

    def _is_down(self, camera: str, seen: int) -> bool:
        return any(
            state.camera == camera and state.state is State.DOWN for state in self._listener.states()[seen:]
        )

    def _is_true(self, state: CameraState) -> bool:
        if state.state is State.DOWN:
            return state.time <= self._down_until_ms.get(state.camera, 0.0)
        return state.state in {State.OK, SLOW}

    def _cpu_s(self) -> float:
        """Return the processor seconds of the agent and its processes, those that have ended among them."""
        own = self._process.cpu_times()
        used = own.children_user + own.children_system
        for process in (self._process, *self._process.children(recursive=True)):
            with suppress(psutil.Error):
                times = process.cpu_times()
                used += times.user + times.system
        return used


def _named(state: CameraState) -> str:
    return f"{state.camera}: {state.state}{f' {state.cause}' if state.cause else ''}"


@contextmanager
def simulated_cameras() -> Iterator[tuple[str, dict[str, str]]]:
    """Run the fifteen; yield the address of their control, and their URLs."""
    command = [sys.executable, "-m", "pantau_simcam", "--json", "--port-per-camera"]
    command += [part for camera in CAMERAS for part in ("--camera", camera)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            yield told["control"], told["cameras"]
        finally:
            process.terminate()


@contextmanager
def hostile_camera(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run the hostile camera; yield its process, and a URL for each mode."""
    made = make_certificate(folder)
    command = [sys.executable, "-m", "benchmarks.hostile_modes", str(made.certificate), str(made.key)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def write_configuration(folder: Path, port: int, good: dict[str, str], evil: dict[str, str]) -> Path:
    """Write the agent's configuration."""
    cameras: list[dict[str, object]] = [{"id": name, "url": url} for name, url in good.items()]
    cameras += [{"id": id_of(mode), "url": url, "timeout_s": 5} for mode, url in evil.items()]
    path = folder / "agent.toml"
    content = {
        "site": {"id": "bench"},
        "broker": {"host": "127.0.0.1", "port": port},
        "report": {"interval_s": 2},
        "spool": {"path": str(folder / "spool.sqlite")},
        "camera": cameras,
    }
    path.write_text(tomli_w.dumps(content))
    return path


def id_of(mode: str) -> str:
    """Return the id of the camera that a mode is."""
    return f"evil-{mode.lower().replace(' ', '-')}"


def bench(minutes: float, console: Console) -> tuple[list[Row], str]:
    """Run all modes, and return their rows and how the agent was given its share of a core."""
    seconds = max(LEAST_S, minutes * 60 / len(MODES))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(Mosquitto(folder / "broker"))
        control, good = stack.enter_context(simulated_cameras())
        hostile, evil = stack.enter_context(hostile_camera(folder))
        listener = stack.enter_context(listening(broker.port))
        client = stack.enter_context(httpx.Client(base_url=control, timeout=60))
        config = write_configuration(folder, broker.port, good, evil)
        command = [sys.executable, "-m", "benchmarks.hostile_agent", "run", "--config", str(config)]
        process, how = stack.enter_context(started(command, folder / "agent.log", SHARE))
        site = Site(psutil.Process(process.pid), listener, client)
        if not until(site.all_well, within_s=READY_S):
            raise RuntimeError(f"the cameras are not well:\n{(folder / 'agent.log').read_text()[-3000:]}")
        failing, rows = itertools.cycle(FAILING), list[Row]()
        faults = itertools.cycle(FAULTS)
        for mode in ("none", *MODES):
            assert hostile.stdin is not None
            hostile.stdin.write(f"{mode}\n")
            hostile.stdin.flush()
            with console.status(f"{mode} ..."):
                row = site.run(mode, seconds, next(failing), next(faults))
            usual_pct = rows[0].agent_pct if rows else row.agent_pct
            rows.append(replace(row, guilty_pct=max(0.0, row.agent_pct - usual_pct)))
        if not until(site.all_well, within_s=READY_S):
            rows.append(replace(rows[0], mode="afterwards", wrong=["not all cameras are well again"]))
    return rows, how


def show(rows: list[Row], how: str, console: Console) -> None:
    """Print the table."""
    table = Table(title=f"One hostile camera, 15 others, {SHARE:.0%} of a core ({how})")
    for column in ("mode", "told of it", "agent %", "guilty %", "MB", "starved s", "told of the others", "wrong"):
        table.add_column(column)
    for row in rows:
        states = ", ".join(f"{count} {state}" for state, count in row.states.items())
        figures = (
            f"{row.agent_pct:.1f}",
            f"{row.guilty_pct:.1f}",
            f"{row.resident_mb:.0f}",
            f"{row.starved_s:.1f}",
        )
        table.add_row(row.mode, row.told, *figures, states, "; ".join(row.wrong))
    console.print(table)


def main() -> int:
    """Run the benchmark, and return 1 if anything untrue was said of the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=0.0, help="for all modes together; default: the shortest")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    console = Console(stderr=options.json)
    rows, how = bench(options.minutes, console)
    if options.json:
        print(json.dumps({"how": how, "rows": [asdict(row) for row in rows]}))
    else:
        show(rows, how, console)
    return 1 if any(row.wrong for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
