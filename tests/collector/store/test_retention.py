from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.notices.letter import Form
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.retention import StateRetention
from pantau_collector.store import Store, downtime_rows, incident_rows, notice_rows, outbox_rows, schema
from pantau_collector.store.outbox_rows import Status
from tests.collector.commands.state import OPENED_MS, incident
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import until

DAY_MS = 86_400_000


class OldState:
    """A store with an incident for each day, and a retention of ten days, whose present time can be set."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now_ms = OPENED_MS
        self.retention = StateRetention(self.store, 10, lambda: self.now_ms)

    def add_resolved(self, number: int, day: int, status: Status = Status.SENT) -> None:
        """Add an incident that began and ended on a day, with a notice to one person."""
        at_ms = OPENED_MS + day * DAY_MS
        over = replace(incident(number), opened_ms=at_ms, resolved_ms=at_ms)
        notice = Notice(NoticeKind.OPENED, number, "kabil", "", "gate", "", "stalled", "down", at_ms, ())
        with self.store.begin() as connection:
            steps = [
                Transition(TransitionKind.OPENED, over, at_ms),
                Transition(TransitionKind.RESOLVED, over, at_ms),
            ]
            incident_rows.save_incidents(connection, [over], steps)
            notice_rows.add(connection, [Notification("noc", notice, at_ms)], created_ms=at_ms)
            letter = connection.execute(select(func.max(schema.notices.c.id))).scalar_one()
            notice_rows.put_in_letter(connection, [letter], letter)
            outbox_rows.add(
                connection, letter, Form.SINGLE, notice.kind, [number], "noc", ["1-json"], created_ms=at_ms
            )
            [row] = [each for each in outbox_rows.unfinished(connection, 1000) if each.letter == letter]
            outbox_rows.finish(connection, row.id, status, time_ms=at_ms)

    def journal_all(self) -> None:
        with self.store.begin() as connection:
            last = connection.execute(select(func.max(schema.timeline.c.id))).scalar_one()
            incident_rows.save_journaled(connection, last)

    def numbers(self) -> dict[str, list[int]]:
        """Return the incidents or letters that each table refers to."""
        with self.store.begin() as connection:
            return {
                "incidents": list(connection.execute(select(schema.incidents.c.id)).scalars()),
                "timeline": sorted(connection.execute(select(schema.timeline.c.incident).distinct()).scalars()),
                "notices": list(connection.execute(select(schema.notices.c.incident)).scalars()),
                "outbox": list(connection.execute(select(schema.outbox.c.letter)).scalars()),
            }


@pytest.fixture
def state(tmp_path: Path) -> OldState:
    return OldState(Store.at(tmp_path / "collector.sqlite"))


def test_what_is_over_for_long_goes_with_all_that_was_said_of_it_and_the_rest_stays(state: OldState) -> None:
    for number in range(1, 6):
        state.add_resolved(number, day=number)
    state.journal_all()
    state.now_ms += 13 * DAY_MS + 1
    assert state.retention.remove_some() == 3 * 5
    assert state.retention.remove_some() == 0
    assert state.numbers() == {each: [4, 5] for each in ("incidents", "timeline", "notices", "outbox")}


def test_the_newest_of_each_stays_so_that_no_number_is_given_again(state: OldState) -> None:
    state.add_resolved(1, day=1)
    state.add_resolved(2, day=2)
    state.journal_all()
    state.now_ms += 900 * DAY_MS
    state.retention.remove_some()
    assert state.numbers() == {each: [2] for each in ("incidents", "timeline", "notices", "outbox")}
    with state.store.begin() as connection:
        assert incident_rows.next_id(connection) == 3
    state.add_resolved(3, day=900)
    with state.store.begin() as connection:
        assert [step.incident for _, step in incident_rows.load_unjournaled(connection, 10)] == [3, 3]


def test_what_is_not_in_the_journal_yet_stays(state: OldState) -> None:
    state.add_resolved(1, day=1)
    state.add_resolved(2, day=2)
    state.now_ms += 900 * DAY_MS
    assert state.retention.remove_some() == 0
    assert state.numbers()["timeline"] == [1, 2]


def test_what_is_still_to_be_delivered_stays(state: OldState) -> None:
    state.add_resolved(1, day=1, status=Status.DUE)
    state.add_resolved(2, day=2)
    state.journal_all()
    state.now_ms += 900 * DAY_MS
    state.retention.remove_some()
    assert state.numbers()["notices"] == [1, 2]
    assert state.numbers()["outbox"] == [1, 2]


def test_an_outage_that_goes_on_keeps_what_was_said_of_it_however_old(state: OldState) -> None:
    state.add_resolved(1, day=1)
    state.add_resolved(2, day=2)
    state.journal_all()
    with state.store.begin() as connection:
        incident_rows.save_incidents(connection, [replace(incident(1), resolved_ms=None)], [])
    state.now_ms += 900 * DAY_MS
    state.retention.remove_some()
    assert state.numbers() == {each: [1, 2] for each in ("incidents", "timeline", "notices", "outbox")}


def test_it_goes_in_small_steps(state: OldState) -> None:
    for number in range(1, 252):
        state.add_resolved(number, day=1)
    state.journal_all()
    state.now_ms += 900 * DAY_MS
    sizes = [state.retention.remove_some() for _ in range(4)]
    assert sizes == [500, 500, 250, 0]


def test_maintenance_goes_400_days_later_if_it_is_over_or_was_cancelled_and_what_recurs_stays(
    state: OldState,
) -> None:
    def plan(**values: object) -> None:
        planned = Downtime(0, Scope.SITE, "kabil", OPENED_MS, **values)  # type: ignore[arg-type] # each its own
        with state.store.begin() as connection:
            downtime_rows.add_downtime(connection, planned)

    plan(end_ms=OPENED_MS + 1000)
    plan(rrule="FREQ=WEEKLY", duration_s=3600, cancelled_ms=OPENED_MS + 1000)
    plan(rrule="FREQ=WEEKLY", duration_s=3600)
    plan(end_ms=OPENED_MS + 900 * DAY_MS)
    plan(end_ms=OPENED_MS + 1000)
    state.now_ms += 410 * DAY_MS
    for last, kept in ((0, [1, 2, 3, 4, 5]), (1001, [3, 4, 5])):
        state.now_ms += last
        state.retention.remove_some()
        with state.store.begin() as connection:
            assert [each.id for each in downtime_rows.load_downtimes(connection).downtimes] == kept


def test_it_works_by_itself(state: OldState) -> None:
    state.add_resolved(1, day=1)
    state.add_resolved(2, day=2)
    state.journal_all()
    state.now_ms += 900 * DAY_MS
    state.retention.start()
    try:
        assert until(lambda: state.numbers()["incidents"] == [2])
    finally:
        state.retention.stop()


def test_postgresql_does_the_same(postgresql: PostgreSQL) -> None:
    state = OldState(Store(postgresql.create_database("retention")))
    for number in range(1, 6):
        state.add_resolved(number, day=number)
    state.journal_all()
    state.now_ms += 13 * DAY_MS + 1
    assert state.retention.remove_some() == 3 * 5
    assert state.numbers() == {each: [4, 5] for each in ("incidents", "timeline", "notices", "outbox")}
    state.store.close()


def test_the_next_step_comes_in_1_s_while_there_is_more_and_in_600_s_otherwise(state: OldState) -> None:
    state.add_resolved(1, 0)
    state.add_resolved(2, 1)
    state.journal_all()
    state.now_ms += 20 * DAY_MS
    assert state.retention._step() == 1
    assert state.retention._step() == 600
