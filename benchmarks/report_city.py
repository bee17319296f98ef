"""A city in a store: some sites are simulated with faults drawn at random, and the rest are copies of them."""

import random
from pathlib import Path

from sqlalchemy import Connection, select

from benchmarks.ledger import LOST_SHARE, enter, presence
from benchmarks.ledger_years import CAMERAS, DAY_MS, absences, draw, play
from pantau_collector.store import Store, schema
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite

SEED = 20261130
LENGTH_MS = 50 * DAY_MS
_STRIDE = 1_000_000
"""Distance of the numbers of a copy's rows from those of its original."""


def site_name(copy: int, original: int) -> str:
    """Return the name of a site."""
    return f"s{original}" if not copy else f"s{original}x{copy}"


def build(database: Path, originals: int, copies: int) -> Store:
    """Return a store with `originals` x `copies` sites of eight cameras, from `EPOCH_MS` on for `LENGTH_MS`."""
    dice = random.Random(SEED)
    away = absences(dice, LENGTH_MS)
    store = Store.at(database)
    enter(store, presence(dice, away, LENGTH_MS))
    for original in range(originals):
        site = SimulatedSite(site_name(0, original), CAMERAS)
        play(site, sorted([*draw(dice, LENGTH_MS), *away], key=lambda fault: fault.from_ms), LENGTH_MS, dice)
        enter(store, [record for record in site.records if dice.random() > LOST_SHARE])
    with store.begin() as connection:
        _copy(connection, copies)
    return store


_NUMBERS = {
    schema.ledger_subjects: "id",
    schema.ledger_boots: "id",
    schema.ledger_claims: "subject",
    schema.ledger_latest: "subject",
    schema.ledger_runs: "boot",
    schema.ledger_starts: None,
}
"""The tables that hold what is known of a site, and their column of numbers that are not another site's."""


def _copy(connection: Connection, copies: int) -> None:
    """Copy every site, with a name and numbers of its own."""
    for table, number in _NUMBERS.items():
        rows = [dict(row._mapping) for row in connection.execute(select(table))]
        for copy in range(1, copies):
            for row in rows:
                if number is not None:
                    row[number] += _STRIDE
                if "site" in row:
                    row["site"] = site_name(copy, int(row["site"].partition("x")[0][1:]))
            connection.execute(table.insert(), rows)
