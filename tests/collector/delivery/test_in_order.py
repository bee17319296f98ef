"""Letters to a recipient with one channel after another."""

from threading import Event

from pantau_collector.store import Store
from tests.collector.delivery.sending import (
    OPENED,
    RESOLVED,
    Clock,
    Recorder,
    flush,
    make,
    opened,
    put,
    resolved,
    statuses,
)
from tests.collector.notices.examples import recipient
from tests.servers.process import until


def test_a_letter_that_fails_on_one_channel_goes_by_the_next_and_others_need_not_wait_for_that(
    store: Store, clock: Clock
) -> None:
    phone = Recorder()
    phone.fails = lambda url: url.endswith("one")
    who = recipient("json://h/one", "json://h/two", delivery="in_order", next_channel_after=2)
    sender = make(store, phone, clock, who)
    put(store, opened())
    flush(sender)
    assert phone.channels() == []
    clock.s += 11
    flush(sender)
    assert phone.channels() == ["two"]
    assert [status for status, _, _ in statuses(store)] == ["passed", "sent"]
    put(store, opened(2), opened(3))
    flush(sender)
    assert phone.channels() == ["two", "two"], "the first is known to fail"
    assert len(phone.attempts) == 4
    put(store, resolved(1))
    phone.fails = lambda _url: False
    clock.s += 100
    flush(sender)
    assert phone.channels() == ["two", "two", "one"], "and is tried again in its time"
    assert sender.dead() == 0


def test_a_channel_that_refuses_for_good_is_not_asked_again_where_there_is_another(
    store: Store, clock: Clock
) -> None:
    phone = Recorder()
    phone.fails = lambda url: url.endswith("one")
    phone.for_good = True
    sender = make(store, phone, clock, recipient("json://h/one", "json://h/two", delivery="in_order"))
    put(store, opened())
    flush(sender)
    assert phone.channels() == ["two"]
    only = make(store, phone, clock, recipient("json://h/one", id="solo"))
    put(store, opened(2), who="solo")
    flush(only)
    assert statuses(store)[-1] == ("dead", 1, "no answer"), "refused for good, and nobody else to ask"


def test_the_last_channel_that_fails_leaves_a_dead_letter_and_no_recovery(store: Store, clock: Clock) -> None:
    phone = Recorder()
    phone.fails = lambda _url: True
    sender = make(store, phone, clock, recipient("json://h/1", "json://h/2", delivery="in_order"))
    put(store, opened(), resolved())
    for _ in range(400):
        flush(sender)
        clock.s += 2
    assert [status for status, _, _ in statuses(store)] == ["passed", "passed", "dead", "dead"]
    assert sender.dead() == 2
    assert statuses(store)[3][2] == "the outage was never told"


def test_a_recovery_waits_for_its_outage_that_another_channel_still_has(store: Store, clock: Clock) -> None:
    phone = Recorder()
    hanging = phone.blocked["json://h/two"] = Event()
    phone.fails = lambda url: url.endswith("one") and len(phone.attempts) == 1
    sender = make(
        store, phone, clock, recipient("json://h/one", "json://h/two", delivery="in_order", next_channel_after=1)
    )
    put(store, opened())
    sender.run_once()
    for future in sender._in_flight.values():
        future.result(20)
    put(store, resolved())
    clock.s += 30
    try:
        assert until(lambda: bool(sender.run_once() or True) and phone.attempts[-1][0].endswith("two"))
        for _ in range(5):
            sender.run_once()
        assert len(phone.attempts) == 2
    finally:
        hanging.set()
    assert until(
        lambda: bool(sender.run_once() or True) and [kind for _, kind, _ in phone.sent] == [OPENED, RESOLVED]
    )
