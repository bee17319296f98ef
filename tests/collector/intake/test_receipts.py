"""Which batches a receipt names: bounded, by turns, and never those of another site."""

import pytest

from pantau_collector.intake import receipts
from pantau_collector.intake.receipts import Receipts, identify_unread
from pantau_contract.messages import MAX_RANGES, BatchRange, Receipt
from pantau_contract.topics import parse_topic
from pantau_contract.wire import decode, encode
from tests.collector.intake.messages import telemetry


def taken(gathered: Receipts, limit: int = receipts.RECEIPTS_AT_ONCE) -> dict[str, tuple[BatchRange, ...]]:
    found = {}
    for topic, payload in gathered.take(limit):
        message = decode(parse_topic(topic), payload)
        assert isinstance(message, Receipt)
        found[message.site] = message.batches
    return found


def test_what_was_written_since_the_last_receipt_is_one_receipt_for_a_site() -> None:
    gathered = Receipts()
    gathered.add([("north", "b1", 7), ("north", "b1", 8), ("south", "b", 0), ("north", "b1", 9)])
    gathered.add([("north", "b1", 12), ("north", "b0", 3), ("north", "b1", 8), ("north", "b1", 11)])
    assert taken(gathered) == {
        "north": (BatchRange("b1", 7, 9), BatchRange("b1", 11, 12), BatchRange("b0", 3, 3)),
        "south": (BatchRange("b", 0, 0),),
    }
    assert gathered.take() == []


def test_the_sites_that_have_waited_longest_come_first() -> None:
    gathered = Receipts()
    gathered.add([("a", "b", 1), ("b", "b", 1), ("c", "b", 1)])
    gathered.add([("a", "b", seq) for seq in range(2, 10_000)])
    assert list(taken(gathered, limit=2)) == ["a", "b"]
    gathered.add([("a", "b", 10_000)])
    assert list(taken(gathered, limit=1)) == ["c"]


def test_what_waits_is_bounded_in_ranges_and_in_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    assert receipts.MAX_SITES == 20_000
    gathered = Receipts()
    gathered.add([("north", "b", 2 * seq) for seq in range(1000)])
    ranges = taken(gathered)["north"]
    assert len(ranges) == MAX_RANGES
    assert ranges[-1] == BatchRange("b", 1998, 1998)
    monkeypatch.setattr(receipts, "MAX_SITES", 3)
    gathered.add([(site, "b", 0) for site in "abcde"])
    assert list(taken(gathered)) == ["c", "d", "e"]


def test_a_batch_that_breaks_the_contract_is_known_if_it_is_of_the_topics_site() -> None:
    payload = encode(telemetry(5, site="north"))[:-10]
    assert identify_unread("pantau/v1/north/telemetry", payload) == [("north", "b1", 5)]
    assert identify_unread("pantau/v1/south/telemetry", payload) == []
    assert identify_unread("pantau/v1/north/agent", payload) == []
    assert identify_unread("elsewhere", payload) == []
    assert identify_unread("pantau/v1/north/telemetry", b"rubbish") == []
