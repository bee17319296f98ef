"""When a letter that cannot be delivered is retried, with the defaults that the example states."""

from itertools import pairwise

import pytest

from pantau_collector.delivery.sender import Sender
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.recipients import NoticeRules
from pantau_collector.store import Store
from tests.collector.delivery.sending import Album, Clock, Recorder, flush, opened, put, statuses
from tests.collector.notices.examples import links, recipient


def test_after_5_10_20_seconds_and_so_on_then_every_15_minutes_for_about_a_day(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda _least, most: most)
    phone = Recorder()
    phone.fails = lambda _url: True
    sender = Sender(store, phone, [recipient()], NoticeRules(), Composer(links()), Album(), clock)
    put(store, opened())
    tried: list[float] = []
    while not sender.dead():
        before = len(phone.attempts)
        flush(sender)
        tried += [clock.s] * (len(phone.attempts) - before)
        clock.s = max(clock.s, *(each.due for each in sender._back_offs._back_offs.values())) + 1
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert len(tried) == 100
    for wait, documented in zip(waits, [5, 10, 20, 40, 80, 160, 320, 640] + [900] * 91, strict=True):
        assert documented <= wait <= documented + 1
    assert 22 * 3600 < tried[-1] - tried[0] < 26 * 3600
    assert statuses(store) == [("dead", 100, "no answer")]


def test_each_wait_is_shortened_by_chance_by_up_to_a_quarter(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(least: float, most: float) -> float:
        drawn.append((least, most))
        return least

    monkeypatch.setattr("random.uniform", uniform)
    phone = Recorder()
    phone.fails = lambda _url: True
    sender = Sender(store, phone, [recipient()], NoticeRules(), Composer(links()), Album(), clock)
    put(store, opened())
    flush(sender)
    assert set(drawn) == {(0.75, 1.0)}


def test_the_next_channel_is_tried_after_three_failures(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda _least, most: most)
    phone = Recorder()
    phone.fails = lambda url: url.endswith("one")
    who = recipient("json://h/one", "json://h/two", delivery="in_order")
    sender = Sender(store, phone, [who], NoticeRules(), Composer(links()), Album(), clock)
    put(store, opened())
    while not phone.sent:
        flush(sender)
        clock.s += 1
    assert [url.rsplit("/", 1)[1] for url, _ in phone.attempts] == ["one", "one", "one", "two"]
