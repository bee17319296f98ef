"""kill -9 at any instant: everything goes on, no notice is lost, and a repeat has the same key."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection

from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.store import StoreError
from tests.collector.incidents.play import Play

Make = Callable[..., Play]

RULES = IncidentRules(restart_grace_s=0, settle_s=10, recovery_s=10, regroup_s=20)
EXPECTED = Counter(
    [
        ("opened", "noc", "kabil/cam1", "stalled"),
        ("resolved", "noc", "kabil/cam1", "stalled"),
        ("opened", "noc", "nongsa", "agent_gone"),
        ("resolved", "noc", "nongsa", "agent_gone"),
        ("opened", "noc", "kabil", "site_dark"),
        ("resolved", "noc", "kabil", "site_dark"),
    ]
)
END_S = 200


def story(play: Make) -> Play:
    city = play({"kabil": 2, "nongsa": 1}, rules=RULES)
    city.at(10, city.fail("kabil", "cam1"), city.cut("nongsa"))
    city.at(40, city.mend("kabil", "cam1"), city.join("nongsa"))
    city.at(90, city.fail("kabil", "cam1"), city.fail("kabil", "cam2"))
    city.at(130, city.mend("kabil", "cam1"), city.mend("kabil", "cam2"))
    return city


class KilledError(Exception):
    """Stands for a kill -9."""


@contextmanager
def killed_at(city: Play, write: int) -> Iterator[list[int]]:
    """Die at the nth transaction, before it is committed, so that nothing of it is on disk."""
    begin, count = city.store.begin, [0]

    @contextmanager
    def begin_or_die() -> Iterator[Connection]:
        with begin() as connection:
            yield connection
            count[0] += 1
            if count[0] == write:
                raise KilledError

    city.store.begin = begin_or_die  # type: ignore[method-assign] # to die within it
    yield count
    city.store.begin = begin  # type: ignore[method-assign] # as it was


def run_restarting(city: Play, until: float) -> None:
    while city.clock.s < until:
        try:
            city.run(until)
        except KilledError:
            city.start()


def transactions(play: Make) -> int:
    city = story(play)
    with killed_at(city, -1) as count:
        city.run(END_S)
    assert Counter(city.received()) == EXPECTED
    return count[0]


def test_killed_at_any_write_the_same_notices_come_in_the_end(play: Make) -> None:
    total = transactions(play)
    assert total > 100
    for write in range(1, total + 1, 13):
        city = story(play)
        with killed_at(city, write):
            run_restarting(city, END_S)
        received = Counter(
            {(notice.kind, notice.recipient, notice.about, notice.cause): 0 for notice in city.phone.received}
        )
        received.update(dict.fromkeys(received, 1))
        assert received == EXPECTED, f"killed at write {write}"
        twice = Counter(city.phone.keys) - Counter(set(city.phone.keys))
        assert sum(twice.values()) <= 1, f"killed at write {write}"


def test_restarted_at_any_second_the_same_notices_come(play: Make) -> None:
    for second in range(1, END_S, 11):
        city = story(play)
        city.at(second, city.start)
        city.run(END_S + 20)
        assert Counter(city.received()) == EXPECTED, f"restarted at {second} s"


def test_killed_between_sending_and_confirming_it_is_sent_again_with_the_same_key(play: Make) -> None:
    city = story(play)
    send, first = city.phone.send, [True]

    def send_and_die(*args: Any, **more: Any) -> None:
        send(*args, **more)
        if first.pop() if first else False:
            raise SystemExit  # no handler of the sender catches it

    city.phone.send = send_and_die  # type: ignore[method-assign] # to die within it
    with pytest.raises(SystemExit):
        city.run(END_S)
    city.start()
    city.run(END_S)
    keys = Counter(city.phone.keys)
    assert sorted(keys.values()) == [1] * (len(keys) - 1) + [2]
    assert set(city.received()) == set(EXPECTED)


def test_a_store_that_fails_for_a_while_loses_nothing(play: Make) -> None:
    city = story(play)
    begin = city.store.begin
    failing = [False]

    @contextmanager
    def begin_or_fail() -> Iterator[Connection]:
        if failing[0]:
            raise StoreError("the disk is full")
        with begin() as connection:
            yield connection

    city.store.begin = begin_or_fail  # type: ignore[method-assign] # a full disk
    city.at(15, lambda: failing.__setitem__(0, True))
    while city.clock.s < END_S + 20:
        try:
            city.run(END_S + 20)
        except StoreError:
            if city.clock.s > 30:
                failing[0] = False
                city.start()
    assert Counter(city.received()) == EXPECTED
