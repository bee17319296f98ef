"""What a large city's incidents cost the collector: `python -m benchmarks.incidents [--json] [--cameras N]`.

100,000 cameras at 6,000 sites behind 40 uplinks. The journal is in memory; the store is SQLite in the temporary
folder, synchronised as in production; the clock is real except for the waits, which are skipped.
"""

import argparse
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

import psutil
from rich.console import Console
from rich.table import Table

from pantau_collector.delivery.dispatch import dispatch
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.inventory import (
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventorySite,
    InventoryUplink,
)
from pantau_collector.journal import Journal
from pantau_collector.notices.recipients import NoticeRules, People, Recipient
from pantau_collector.pipeline import Pipeline
from pantau_collector.simulation.agents import Agent, MemoryJournal, VirtualClock, to_record
from pantau_collector.store import Store, outbox_rows
from pantau_collector.store.outbox_rows import Status
from pantau_contract.states import Cause, State

CAMERAS = 100_000
SITES = 6_000
UPLINKS = 40
UPDATES = 10_000
OUTAGES = 100
RULES = IncidentRules(restart_grace_s=0, silence_factor=100)
"""The rules, with a silence so long that agents which do not report during the benchmark are not missed."""


class Row(NamedTuple):
    """One line of the table."""

    what: str
    value: float
    unit: str


class Bench:
    """A city whose agents all report, and its collector."""

    def __init__(self, folder: Path, cameras: int) -> None:
        self.clock = VirtualClock(time.time_ns() // 1_000_000)
        self.journal = MemoryJournal()
        self.store = Store.at(folder / "store.sqlite")
        self.inventory = _inventory(cameras)
        well = (State.OK, None, self.clock.true_ms())
        self.agents = {site: Agent(site, self.clock, {}) for site in self.inventory.sites}
        for site, camera in self.inventory.cameras:
            self.agents[site].cameras[camera] = well
        recipient = Recipient.model_validate({"id": "noc", "urls": ["json://localhost/noc"]})
        self.recipients = {"noc": recipient}
        self.count = 0
        """Rows in the outbox."""
        self.start()

    def start(self) -> None:
        """Start the collector, also again."""
        self.pipeline = Pipeline(
            cast("Journal", self.journal),
            self.store,
            self.inventory,
            People(recipient=list(self.recipients.values())),
            RULES,
            self.clock,
            listening=lambda: True,
            notice_rules=NoticeRules(gather_s=0),
        )

    def hear(self, agent: Agent, camera: str, cause: Cause | None) -> None:
        """Have a camera change."""
        self.journal.append([to_record(message, self.clock.time_ms()) for message in agent.set(camera, cause)])

    def read_all(self) -> None:
        """Step until everything that has arrived is judged."""
        while self.pipeline.position < self.journal.end:
            self.pipeline.step()

    def wait(self, seconds: float) -> None:
        """Let this many seconds pass without an event."""
        for _ in range(round(seconds)):
            self.clock.s += 1
            self.pipeline.step()

    def look(self) -> None:
        """Step once, and write the notifications into the outbox."""
        self.pipeline.step()
        with self.store.begin() as connection:
            dispatch(connection, self.recipients, self.clock.time_ms())
            self.count = outbox_rows.count(connection, Status.DUE)


def _inventory(cameras: int) -> Inventory:
    sites = SITES * cameras // CAMERAS
    uplinks = [InventoryUplink(id=f"u{i}") for i in range(UPLINKS)]
    names = [f"s{i:05}" for i in range(sites)]
    return Inventory(
        uplinks=uplinks,
        sites=[InventorySite(id=name, uplink=f"u{i % UPLINKS}") for i, name in enumerate(names)],
        devices=[InventoryDevice(site=name, id=f"d{j}", kind="switch") for name in names for j in range(2)],
        cameras=[
            InventoryCamera(site=names[i % sites], id=f"c{i // sites:02}", via=f"d{i // sites % 2}")
            for i in range(cameras)
        ],
    )


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(folder: Path, cameras: int) -> list[Row]:
    """Measure all figures."""
    bench = Bench(folder, cameras)
    for agent in bench.agents.values():
        bench.journal.append([to_record(each, bench.clock.time_ms()) for each in (*agent.birth(), agent.batch())])
    first_s = seconds(bench.read_all)
    bench.wait(3)
    began_cpu = time.process_time()
    updates_s = _updates(bench)
    updates_cpu_s = time.process_time() - began_cpu
    bench.wait(30)
    delays = _outages(bench)
    uplink_s, sites = _uplink(bench)
    memory_mb = psutil.Process().memory_info().rss / 1e6
    began_cpu = time.process_time()
    restart_s = seconds(bench.start) + seconds(bench.pipeline.step)
    restart_cpu_s = time.process_time() - began_cpu
    bench.store.close()
    return [
        Row(f"{cameras:,} cameras at {len(bench.agents):,} sites, births and first batches", first_s, "s"),
        Row("cameras that change, judged and kept", UPDATES / updates_s, "updates/s"),
        Row("  of one core (and back again, and the agents' part)", 2 * UPDATES / updates_cpu_s, "updates/s"),
        Row("last evidence settled, to notice in the outbox, p50", statistics.median(delays) * 1000, "ms"),
        Row("  p99", statistics.quantiles(delays, n=100)[98] * 1000, "ms"),
        Row(f"an uplink with {sites} sites due, to notice in the outbox", uplink_s * 1000, "ms"),
        Row("resident, the simulated agents included", memory_mb, "MB"),
        Row("restart: loaded from the store and judged", restart_s, "s"),
        Row("  of it the processor", restart_cpu_s, "s"),
    ]


def _updates(bench: Bench) -> float:
    """Measure the cameras all over the city that go down for a moment and come back."""
    agents = list(bench.agents.values())
    for i in range(UPDATES):
        agent = agents[i % len(agents)]
        camera = list(agent.cameras)[i // len(agents) % len(agent.cameras)]
        bench.hear(agent, camera, None if agent.cameras[camera][1] else Cause.STALLED)
    took = seconds(bench.read_all)
    for agent in agents:
        for camera, (_, cause, _) in agent.cameras.items():
            if cause is not None:
                bench.hear(agent, camera, None)
    bench.read_all()
    return took


def _outages(bench: Bench) -> list[float]:
    """Measure an outage each second: how long the step takes in which one is due, up to its notice's row."""
    agents = list(bench.agents.values())
    delays = []
    for second in range(OUTAGES + int(RULES.settle_s) + 2):
        if second < OUTAGES:
            agent = agents[second * 7 % len(agents)]
            bench.hear(agent, list(agent.cameras)[second // len(agents)], Cause.STALLED)
        bench.clock.s += 1
        before = bench.count
        took = seconds(bench.look)
        if bench.count > before:
            delays.append(took)
    return delays


def _uplink(bench: Bench) -> tuple[float, int]:
    """Measure the loss of all sites behind one uplink, from when it is due until its notice is in the outbox."""
    lost = [bench.agents[site.id] for site in bench.inventory.sites.values() if site.uplink == "u0"]
    bench.wait(30)
    for agent in lost:
        agent.connected = False
        bench.journal.append([to_record(agent.death(), bench.clock.time_ms())])
    bench.read_all()
    bench.wait(RULES.settle_s - 1)
    bench.look()
    before = bench.count

    def told() -> None:
        while bench.count == before:
            bench.clock.s += 1
            bench.look()

    return seconds(told), len(lost)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cameras", type=int, default=CAMERAS)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        rows = run(Path(folder), arguments.cameras)
    if arguments.json:
        print(json.dumps([row._asdict() for row in rows]))
        return
    table = Table("", "", "")
    for row in rows:
        table.add_row(row.what, f"{row.value:,.1f}", row.unit)
    Console().print(table)


if __name__ == "__main__":
    main()
