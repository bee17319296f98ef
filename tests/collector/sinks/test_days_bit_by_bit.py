"""Random histories, written in rounds at random times, are what a fresh start writes of the whole."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.sinks import day_writer
from pantau_collector.store import Store, series_day_rows
from pantau_contract.states import Cause, State
from tests.collector.ledger.simulated import SimulatedSite
from tests.collector.sinks.test_day_writer import HOUR, SITE, City

CAUSES = (Cause.REFUSED, Cause.STALLED, Cause.BLACK)


class Points:
    """A store of series that keeps the latest fields of each point in memory."""

    name = "memory"

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def write(self, lines: bytes) -> None:
        for line in lines.decode().splitlines():
            point, fields, time = line.split(" ")
            self.kept[point, time] = fields

    def close(self) -> None:
        pass


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store("sqlite://")
    yield store
    store.close()


@pytest.mark.parametrize("old", [False, True], ids=["agents of today", "agents that say nothing of their starts"])
@pytest.mark.parametrize("seed", range(25, 28))
def test_rounds_miss_nothing(
    seed: int, old: bool, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(seed)
    points = Points()
    city = City(store, points, tmp_path)
    city.site = site = SimulatedSite(SITE, ["cam1", "cam2"], interval_s=120, old=old)
    with monkeypatch.context() as patch:
        patch.setattr(day_writer, "LOOK_BACK_DAYS", 0)  # what is read again once a day would hide what is missed
        running = True
        for _ in range(60):
            running = happen(site, dice, running=running)
            site.run(dice.choice([300, HOUR, 7 * HOUR, 20 * HOUR]))
            if dice.random() < 0.7:
                city.write()
        if not running:
            site.start("machine")
        site.mend_line()
        site.run(2 * HOUR)
        city.write()
    with store.begin() as connection:
        series_day_rows.drop_all_days(connection)
    city.series = fresh = Points()
    city.start()
    city.write()
    assert len(fresh.kept) > 20
    assert {point: points.kept.get(point) for point in fresh.kept} == fresh.kept


def happen(site: SimulatedSite, dice: random.Random, *, running: bool) -> bool:
    """Let something happen at the site, and return whether its agent is running."""
    match dice.choice(["cut", "mend", "stop", "machine", "service", "fault", "mended", "lose", "hang", "nothing"]):
        case "cut":
            site.cut_line()
        case "mend":
            site.mend_line()
        case "stop" if running:
            site.stop(clean=dice.random() < 0.3)
            return False
        case "machine" | "service" as reason if not running:
            site.start(reason)
            return True
        case "fault":
            site.set(dice.choice(CAUSES), dice.choice(["cam1", "cam2"]))
        case "mended":
            site.set(State.OK)
        case "lose":
            site.lose(dice.randrange(30))
        case "hang" if running:
            site.hang(dice.randrange(7200))
    return running
