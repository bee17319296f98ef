"""Each address or chat of a URL is a channel of its own."""

from sqlalchemy import select

from pantau_collector.delivery.dispatch import channels, dispatch
from pantau_collector.store import Store
from pantau_collector.store.schema import outbox
from tests.collector.delivery.sending import Clock, Recorder, flush, make, opened, put, statuses
from tests.collector.notices.examples import recipient

TWO = "mailto://h/?from=p@b.example&to=ani@b.example,budi@b.example"
ONE = "mailto://h/?from=p@b.example&to=ani@b.example"


def channel_names(store: Store) -> list[str]:
    with store.begin() as connection:
        return list(connection.execute(select(outbox.c.channel).order_by(outbox.c.id)).scalars())


def test_channels_are_named_by_the_url_and_by_the_address_where_there_are_several() -> None:
    who = recipient(ONE, TWO, "json://localhost/x")
    assert list(channels(who)) == ["1-mailto", "2-mailto.1", "2-mailto.2", "3-json"]


def test_an_address_that_fails_is_tried_again_and_the_other_is_not(store: Store, clock: Clock) -> None:
    phone = Recorder()
    phone.fails = lambda url: url.endswith("=2") and len(phone.attempts) < 4
    sender = make(store, phone, clock, recipient(TWO))
    put(store, opened())
    for _ in range(100):
        flush(sender)
        clock.s += 2
    assert (
        sorted(url[-9:] for url, _ in phone.attempts) == ["#target=1", *["#target=2"] * 3] or len(phone.sent) == 2
    )
    assert sorted(url[-9:] for url, _, _ in phone.sent) == ["#target=1", "#target=2"]
    assert len({key for _, _, key in phone.sent}) == 2


def test_in_order_an_address_that_is_refused_falls_back_on_the_next_url_by_itself(
    store: Store, clock: Clock
) -> None:
    phone = Recorder()
    phone.for_good = True
    phone.fails = lambda url: url.endswith("#target=2")
    sender = make(store, phone, clock, recipient(TWO, "json://localhost/x", delivery="in_order"))
    put(store, opened())
    flush(sender)
    assert channel_names(store) == ["1-mailto.1", "1-mailto.2", "2-json"]
    assert [status for status, _, _ in statuses(store)] == ["sent", "passed", "sent"]


def test_a_letter_from_before_the_url_had_several_addresses_goes_to_each(store: Store, clock: Clock) -> None:
    put(store, opened())
    with store.begin() as connection:
        dispatch(connection, {"noc": recipient(ONE)}, 0)
    assert channel_names(store) == ["1-mailto"]
    phone = Recorder()
    flush(make(store, phone, clock, recipient(TWO)))
    assert channel_names(store) == ["1-mailto", "1-mailto.1", "1-mailto.2"]
    assert [status for status, _, _ in statuses(store)] == ["passed", "sent", "sent"]
