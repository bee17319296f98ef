"""What the report of a month costs: `python -m benchmarks.report [--json] [--copies N]`.

A city of 10,080 cameras at 1,260 sites, whose faults are drawn at random with a fixed seed, with 50 contracts:
each camera is in one for its maintenance, and in one for its line. Each report is made in a process of its own,
from opening the store to the last byte: seconds, seconds of CPU, and the most memory that it held. The peer reads
each camera by itself, for itself and for each of its contracts; it is measured on some cameras, and multiplied.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.ledger_years import CAMERAS
from benchmarks.report_city import COPIES, MONTH, ZONE, build, contracts, inventory, site_names
from pantau_collector.contracts import Contracts
from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.ledger import Ledger
from pantau_collector.reports.document import Report
from pantau_collector.reports.formats import Format, render
from pantau_collector.reports.maker import ReportMaker, Sources
from pantau_collector.store import Store
from pantau_contract.words import words

_PEER_CAMERAS = 100
_PEER_READINGS = 3
"""How often the peer reads each camera: for the city, and for each of its two contracts."""
_DAY_MS = 86_400_000


class Cost(NamedTuple):
    """What a report cost, and the size of its file."""

    seconds: float
    cpu_s: float
    megabytes: float
    file_megabytes: float


REPORTS: dict[str, tuple[Callable[[ReportMaker], Report], Format]] = {
    "the city by owner, HTML": (lambda maker: maker.city("owner"), "html"),
    "the city by owner, PDF": (lambda maker: maker.city("owner"), "pdf"),
    "the city by owner, XLSX": (lambda maker: maker.city("owner"), "xlsx"),
    "the city by owner, JSON": (lambda maker: maker.city("owner"), "json"),
    "a contract, PDF": (lambda maker: maker.contract("m0"), "pdf"),
}
CLOSE = "closing the month"


def main() -> None:
    """Print the table, or as the process of one report its costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--copies", type=int, default=COPIES, help="of each of 20 sites")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_make(options.one, options.store, options.copies)))
        return
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "store.sqlite"
        build(database, options.copies)
        costs = {name: _in_own_process(name, database, options.copies) for name in (*REPORTS, CLOSE)}
        peer_s = _peer_s(database, options.copies)
    if options.json:
        print(
            json.dumps({"reports": {name: cost._asdict() for name, cost in costs.items()}, "peer cpu_s": peer_s})
        )
        return
    cameras = len(site_names(options.copies)) * len(CAMERAS)
    table = Table("report", title=f"a month of {cameras:,} cameras and {len(list(contracts()))} contracts")
    for column in ("s", "s of CPU", "MB held", "MB of file"):
        table.add_column(column, justify="right")
    for name, cost in costs.items():
        table.add_row(name, *(f"{value:,.1f}" for value in cost))
    table.add_row("reading alone, each camera and contract by itself", "", f"{peer_s:,.1f}")
    Console().print(table)


def _in_own_process(name: str, database: Path, copies: int) -> Cost:
    arguments = ["--one", name, "--store", str(database), "--copies", str(copies)]
    command = [sys.executable, "-m", "benchmarks.report", *arguments]
    began = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    cpu_s, megabytes, file_megabytes = json.loads(done.stdout)
    return Cost(time.monotonic() - began, cpu_s, megabytes, file_megabytes)


def _make(name: str, database: Path, copies: int) -> tuple[float, float, float]:
    """Make a report in this process, and return the CPU seconds, and megabytes held and written."""
    store = Store.at(database)
    history = InventoryHistory((), otherwise=inventory(site_names(copies)))
    known = Contracts({each.id: each for each in sorted(contracts(), key=lambda each: each.id)})
    now_ms = MONTH.span(ZONE).to_ms + _DAY_MS
    maker = ReportMaker(Sources(store, Ledger(store, history), history, known, (), now_ms), MONTH, ZONE)
    size = 0
    if name == CLOSE:
        maker.close("the benchmark")
        size = database.stat().st_size
    else:
        make, form = REPORTS[name]
        report = make(maker)
        size = len(render(report, form, words("en")))
    store.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1000, size / 1e6


def _peer_s(database: Path, copies: int) -> float:
    """Return the CPU seconds that it takes to read every camera by itself."""
    sites = site_names(copies)
    store = Store.at(database)
    ledger = Ledger(store, InventoryHistory((), otherwise=inventory(sites)))
    period = MONTH.span(ZONE)
    began = time.process_time()
    for i in range(_PEER_CAMERAS):
        ledger.intervals(sites[i % len(sites)], CAMERAS[i % len(CAMERAS)], *period)
    spent_s = time.process_time() - began
    store.close()
    return spent_s / _PEER_CAMERAS * len(sites) * len(CAMERAS) * _PEER_READINGS


if __name__ == "__main__":
    main()
