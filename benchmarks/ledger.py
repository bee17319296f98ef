"""How right the ledger is, and what it costs: `python -m benchmarks.ledger [--json] [--years N]`.

Simulated years of sites with eight cameras, whose faults are drawn at random, with a fixed seed. Their messages go
through the journal's records into an SQLite store, and what is read from it is compared with the truth: of the
minutes that each kind of fault takes, how many are in the right bucket, in a wrong one, or not known. Faults at
the site are looked up as seen at the site, faults of sight as seen from the control room.

The costs: of a live city of 10,000 cameras, beside the sink's conversion of the same records to lines; on the disk
for a year; of reading a month of all cameras; and of writing the days in the series, without the server's part.
"""

import argparse
import json
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from benchmarks.ledger_years import CAMERAS, KINDS, YEAR_MS, Fault, Kind, absences, draw, inventory, play, truth
from pantau_collector.deadletter import DeadLetters
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Record
from pantau_collector.ledger import Bucket, Interval, Ledger
from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import Facts
from pantau_collector.sinks.day_writer import EVERY_S, SETTLE_MS, DayWriter
from pantau_collector.sinks.decided_lives import DecidedLives
from pantau_collector.sinks.schema import lines
from pantau_collector.store import Store
from pantau_contract.messages import Host, Sample, Telemetry
from pantau_contract.states import State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite, listening

SEED = 20261130
YEARS = 20
LOST_SHARE = 0.001
"""Share of the messages that are lost for good."""
CITY_SITES, CITY_CAMERAS = 312, 32
"""Sites of the live city, and cameras at each: 10,000 in all, nearly."""
CITY_STEPS = 20
"""Intervals of the live city that are measured."""
_RECORDS_PER_STEP = 1_000
_MONTH_MS = 30 * 86_400_000


class Share(NamedTuple):
    """Minutes that a kind of fault took, and where the ledger has them."""

    minutes: float
    right: float
    wrong: float
    not_known: float
    worst: str


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--years", type=int, default=YEARS, help="of one site each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shares, disk = simulate(Path(folder) / "years.sqlite", options.years)
        old_shares, _ = simulate(Path(folder) / "old.sqlite", options.years // 4 or 1, old=True)
        costs = {**disk, **live_city(Path(folder))}
    if options.json:
        buckets, old = ({kind: share._asdict() for kind, share in each.items()} for each in (shares, old_shares))
        print(json.dumps({"buckets": buckets, "buckets, agents of 0.2": old, "costs": costs}))
        return
    console = Console()
    console.print(_table(shares, f"{options.years} years of a site"))
    console.print(_table(old_shares, f"{options.years // 4 or 1} years, agents that say nothing of their starts"))
    costs_table = Table("what it costs", "", title=f"{CITY_SITES * CITY_CAMERAS:,} cameras")
    for name, value in costs.items():
        costs_table.add_row(name, f"{value:,.3g}" if value < 1000 else f"{value:,.0f}")
    console.print(costs_table)


def simulate(
    database: Path, sites: int, *, length_ms: int = YEAR_MS, old: bool = False
) -> tuple[dict[str, Share], dict[str, float]]:
    """Play a year of each site, and return where the lost minutes are by kind, and what store and reading cost.

    `old`: the agents are of an earlier version, which says nothing of its starts.
    """
    dice = random.Random(SEED)
    names = [f"s{i}" for i in range(sites)]
    city = inventory(names)
    away = absences(dice, length_ms)
    store = Store.at(database)
    faults: dict[str, list[Fault]] = {}
    enter(store, presence(dice, away, length_ms))
    for name in names:
        site = SimulatedSite(name, CAMERAS, old=old)
        faults[name] = sorted([*draw(dice, length_ms), *away], key=lambda fault: fault.from_ms)
        play(site, faults[name], length_ms, dice)
        enter(store, [record for record in site.records if dice.random() > LOST_SHARE])
    found: dict[Kind, Counter[Bucket]] = {kind: Counter() for kind in KINDS}
    ledger = Ledger(store, city)
    for name in names:
        intervals = ledger.site_intervals(name, EPOCH_MS, EPOCH_MS + length_ms)
        for camera in CAMERAS:
            for at_site in (True, False):
                _compare(truth(camera, faults[name], at_site=at_site), intervals[camera], found)
    shares = {kind.name: _share(kind, found[kind]) for kind in KINDS}
    shares["all but the short"] = _sum(shares[kind.name] for kind in KINDS if kind.median_min > 2)
    costs = {
        "MB on the disk, a year of 10,000 cameras": _megabytes(database)
        / (sites * len(CAMERAS))
        * 10_000
        * YEAR_MS
        / length_ms
    }
    costs["s to read a month of 10,000 cameras"] = _reading_s(ledger, names)
    year = _Days(store, database.parent, EPOCH_MS + length_ms)
    month_share = _MONTH_MS / length_ms * 10_000 / (sites * len(CAMERAS))
    costs["s to write a month of days of 10,000 cameras"] = year.round_s() * month_share
    store.close()
    return shares, costs


def presence(dice: random.Random, away: Iterable[Fault], length_ms: int) -> Iterator[Record]:
    """Yield when the collector says that it listened: up to 30 s before it was away, and from 30 s after."""
    edges = [EPOCH_MS, *(edge for fault in away for edge in fault[:2]), EPOCH_MS + length_ms]
    for from_ms, to_ms in list(pairwise(edges))[::2]:
        yield listening(from_ms + 30_000, to_ms - dice.randrange(30_000))


def enter(store: Store, records: Iterable[Record]) -> None:
    """Enter records into the ledger of a store."""
    records = list(records)
    with store.begin() as connection:
        book = Book(connection)
    for first in range(0, len(records), _RECORDS_PER_STEP):
        facts = Facts()
        for record in records[first : first + _RECORDS_PER_STEP]:
            facts.add(record)
        with store.begin() as connection:
            book.enter(connection, facts)


def _compare(stretches: Iterable[Any], intervals: list[Interval], found: dict[Kind, Counter[Bucket]]) -> None:
    """Add up, for each kind of fault, the milliseconds by the bucket in which the ledger has them."""
    i = 0
    for stretch in stretches:
        while intervals[i].to_ms <= stretch.from_ms:
            i += 1
        for each in intervals[i:]:
            if each.from_ms >= stretch.to_ms:
                break
            common_ms = min(each.to_ms, stretch.to_ms) - max(each.from_ms, stretch.from_ms)
            found[stretch.kind][each.at_site if stretch.kind.at_site else each.bucket] += common_ms


def _share(kind: Kind, found: Counter[Bucket]) -> Share:
    total_ms = sum(found.values())
    wrong = Counter({bucket: ms for bucket, ms in found.items() if bucket not in {kind.bucket, Bucket.NOT_KNOWN}})
    worst = ", ".join(f"{bucket} {ms / total_ms:.2%}" for bucket, ms in wrong.most_common(2))
    right_ms, not_known_ms = found[kind.bucket], found[Bucket.NOT_KNOWN]
    return Share(total_ms / 60_000, right_ms / 60_000, wrong.total() / 60_000, not_known_ms / 60_000, worst)


def _sum(shares: Iterable[Share]) -> Share:
    numbers = [sum(column) for column in zip(*(share[:4] for share in shares), strict=True)]
    return Share(numbers[0], numbers[1], numbers[2], numbers[3], "")


def _megabytes(database: Path) -> float:
    """Return the size of an SQLite database with its write-ahead log merged into it."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size / 1e6


def _reading_s(ledger: Ledger, names: list[str]) -> float:
    began = time.process_time()
    middle_ms = EPOCH_MS + YEAR_MS // 2
    for name in names:
        ledger.site_intervals(name, middle_ms, middle_ms + _MONTH_MS)
    return (time.process_time() - began) / (len(names) * len(CAMERAS)) * 10_000


def live_city(folder: Path) -> dict[str, float]:
    """Return what each live sample costs the ledger and the sink, and how much of one core all of them take."""
    samples = CITY_SITES * CITY_CAMERAS * CITY_STEPS
    steps = [list(_city_records(step)) for step in range(CITY_STEPS)]
    began = time.process_time()
    for step in steps:
        for record in step:
            lines(record)
    sink_s = time.process_time() - began
    store = Store.at(folder / "city.sqlite")
    with store.begin() as connection:
        book = Book(connection)
    began = time.process_time()
    for step in steps:
        facts = Facts()
        for record in step:
            facts.add(record)
        with store.begin() as connection:
            book.enter(connection, facts)
    ledger_s = time.process_time() - began
    days = _Days(store, folder, EPOCH_MS + CITY_STEPS * 30_000 + SETTLE_MS)
    days.round_s()  # of a collector that has just been started, which reads earlier days too
    days.now_ms += 30_000
    round_s = days.round_s()
    store.close()
    return {
        "µs a sample, the ledger with its store": ledger_s / samples * 1e6,
        "µs a sample, the sink's lines alone": sink_s / samples * 1e6,
        "times the sink's lines, the ledger": ledger_s / sink_s,
        "% of a core, the ledger": ledger_s / (CITY_STEPS * 30) * 100,
        "s a round of days, each five minutes": round_s,
        "% of a core, the days": round_s / EVERY_S * 100,
        "times the sink's lines, the days": round_s / EVERY_S / (sink_s / (CITY_STEPS * 30)),
    }


class _Days:
    """The writer of the days, into nothing; it is its clock, and the store of series."""

    name = "nothing"

    def __init__(self, store: Store, folder: Path, now_ms: int) -> None:
        self.now_ms = now_ms
        self.lines = 0
        empty = Inventory()
        self._writer = DayWriter(
            store,
            self,
            DeadLetters(folder / "dead.jsonl", time_ms=self.time_ms),
            DecidedLives(store, lambda: empty),
            zone=ZoneInfo("Asia/Jakarta"),
            clock=self,
        )

    def round_s(self) -> float:
        """Write a round, and return how much of a core it took, in seconds."""
        before, began = self.lines, time.process_time()
        self._writer.write_round()
        took_s = time.process_time() - began
        if self.lines == before:
            raise RuntimeError("the round wrote nothing")
        return took_s

    def time_ms(self) -> int:
        return self.now_ms

    def monotonic(self) -> float:
        return self.now_ms / 1000

    def write(self, lines: bytes) -> None:
        self.lines += lines.count(b"\n") + 1

    def close(self) -> None:
        pass


def _city_records(step: int) -> Iterator[Record]:
    time_ms = EPOCH_MS + step * 30_000
    for site in range(CITY_SITES):
        samples = tuple(
            Sample(
                f"cam{camera}",
                time_ms,
                State.OK,
                EPOCH_MS - 1000,
                codec="h264",
                width=1280,
                height=720,
                fps=24.9,
                bitrate_kbps=1020.5,
                keyframe_interval_s=2.0,
                rtp_loss_pct=0.0,
                jitter_ms=3.1,
                transport="tcp",
            )
            for camera in range(CITY_CAMERAS)
        )
        name = f"s{site}"
        batch = Telemetry(name, "b", step, time_ms, step * 30_000, True, 30, samples, Host(uptime_s=step * 30.0))
        yield Record(time_ms + 200, str(Topic(name, TopicKind.TELEMETRY)), encode(batch, compress=True))


def _table(shares: dict[str, Share], title: str) -> Table:
    table = Table("fault", title=f"lost minutes of {len(CAMERAS)} cameras in {title}")
    for name in ("minutes", "right bucket", "wrong", "not known"):
        table.add_column(name, justify="right")
    table.add_column("of the wrong")
    for kind, share in shares.items():
        parts = (f"{part / share.minutes:.2%}" if share.minutes else "" for part in share[1:4])
        table.add_row(kind, f"{share.minutes:,.0f}", *parts, share.worst)
    return table


if __name__ == "__main__":
    main()
