"""One site cannot fill the ledger, or hold the store, with invented boots and changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from pantau_collector.journal import Record
from pantau_collector.ledger import growth, rows
from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import CAMERA, Facts
from pantau_collector.ledger.growth import MAX_BOOTS_A_DAY, MAX_ROWS_A_DAY, Growth
from pantau_collector.store import Store
from pantau_contract.messages import Birth, Sample, Start, Telemetry
from pantau_contract.states import State
from pantau_contract.wire import encode
from tests.collector.ledger.simulated import EPOCH_MS

DAY_MS = 86_400_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.at(tmp_path / "store.sqlite")
    yield store
    store.close()


def batch(site: str, boot: str, seq: int, at_ms: int, state: State = State.OK) -> Record:
    samples = (Sample("cam1", at_ms, state, at_ms - 1000),)
    return Record(
        at_ms, f"pantau/v1/{site}/telemetry", encode(Telemetry(site, boot, seq, at_ms, 1, True, 30, samples))
    )


def facts_of(records: list[Record]) -> Facts:
    facts = Facts()
    for record in records:
        facts.add(record)
    return facts


def enter(store: Store, records: list[Record], book: Book | None = None) -> Book:
    with store.begin() as connection:
        book = book or Book(connection)
        book.enter(connection, facts_of(records))
    return book


def boots(store: Store, site: str) -> int:
    with store.begin() as connection:
        return len(rows.load_site_boots(connection, site))


def test_the_limits_are_as_documented() -> None:
    assert (MAX_BOOTS_A_DAY, MAX_ROWS_A_DAY) == (1_000, 50_000)


def test_a_site_has_a_thousand_new_boots_a_day(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    day_ms = EPOCH_MS - EPOCH_MS % DAY_MS
    first = [batch("hostile", f"a{i}", 1, day_ms + i) for i in range(1200)]
    book = enter(store, [*first, batch("kabil", "b", 1, day_ms)])
    assert (boots(store, "hostile"), boots(store, "kabil")) == (1_000, 1)
    enter(store, [batch("hostile", f"b{i}", 1, day_ms + DAY_MS - 1) for i in range(10)], book)
    assert boots(store, "hostile") == 1_000
    assert caplog.text.count("the site hostile has reported 1000 boots or starts today") == 1
    enter(store, [batch("hostile", f"c{i}", 1, day_ms + DAY_MS) for i in range(10)], book)
    assert boots(store, "hostile") == 1_010
    enter(store, [batch("hostile", "a7", 2, day_ms + 30_000)], book)  # one of those that are known goes on
    with store.begin() as connection:
        runs = rows.load_site_runs(connection, "hostile", 0, day_ms + DAY_MS)
    assert max(run.run.last_seq for run in runs if run.boot == "a7") == 2


def test_starts_are_counted_with_the_boots(store: Store) -> None:
    def birth(i: int) -> Record:
        start = Start(time=EPOCH_MS + i, reason="machine", before=EPOCH_MS - i)
        message = Birth("hostile", "b", 1, EPOCH_MS, "1", 5, start=start)
        return Record(EPOCH_MS, "pantau/v1/hostile/agent", encode(message))

    enter(store, [birth(i) for i in range(1, 1300)])
    with store.begin() as connection:
        assert len(rows.load_site_starts(connection, "hostile")) <= 1_000


def test_a_site_that_changes_all_the_time_is_left_out_until_the_next_day(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "MAX_ROWS_A_DAY", 50)
    day_ms = EPOCH_MS - EPOCH_MS % DAY_MS
    changing = [
        batch("hostile", "b", i, day_ms + i * 30_000, State.OK if i % 2 else State.DOWN) for i in range(200)
    ]
    book = enter(store, changing[:100])
    enter(store, changing[100:], book)
    next_day = [batch("hostile", "b", 5000, day_ms + DAY_MS + 1000, State.DEGRADED)]
    with store.begin() as connection:
        number = next(
            number
            for number, subject in rows.load_site_subjects(connection, "hostile").items()
            if subject.kind == CAMERA
        )
        last = rows.load_latest(connection)[number]
    assert last.to_ms == day_ms + 99 * 30_000
    enter(store, next_day, book)
    with store.begin() as connection:
        assert rows.load_latest(connection)[number].to_ms == day_ms + DAY_MS + 1000


def test_a_step_of_a_thousand_boots_takes_no_more_statements_than_one_of_ten(store: Store) -> None:
    statements: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    enter(store, [batch("hostile", f"a{i}", 1, EPOCH_MS + i) for i in range(10)])
    of_ten = len(statements)
    statements.clear()
    enter(store, [batch("hostile", f"b{i}", 1, EPOCH_MS + i) for i in range(900)])
    assert 0 < len(statements) <= of_ten + 1


def test_what_is_counted_lasts_as_long_as_the_day() -> None:
    limit = Growth()
    limit.begin(EPOCH_MS)
    limit.add("hostile", 50_000)
    assert (limit.may_grow("hostile"), limit.may_grow("kabil")) == (False, True)
    limit.begin(EPOCH_MS - DAY_MS)  # a record from before: the day does not begin anew
    assert not limit.may_grow("hostile")
    limit.begin(EPOCH_MS + DAY_MS)
    assert limit.may_grow("hostile")
