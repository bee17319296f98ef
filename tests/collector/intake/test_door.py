"""What a message passes on its way to the inbox, without a broker."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from pantau_collector.intake.admission import Admission
from pantau_collector.intake.broker_figures import HEAP
from pantau_collector.intake.buffered_socket import Arriving
from pantau_collector.intake.delivery_probe import PROBE_PREFIX
from pantau_collector.intake.door import Door, Outgoing
from pantau_collector.intake.drop_reports import DropReports
from pantau_collector.intake.inbox import Inbox, Incoming
from pantau_collector.intake.quarantine import TOPIC, Quarantine
from tests.agent.fake_clock import FakeClock

LARGE = 100_000


class House:
    """A door with everything behind it, a minute after the connection."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.inbox = Inbox()
        self.drops = DropReports()
        quarantine = Quarantine(
            folder / "quarantine.json", time_ms=self.clock.time_ms, monotonic=self.clock.monotonic
        )
        admission = Admission(self.drops, is_congested=lambda _: False)
        self.door = Door(self.inbox, admission, quarantine, monotonic=self.clock.monotonic)
        self.door.begin(1)
        self.door.note_accepted()
        self.clock.pass_s(60)
        self.door.enter(next(incoming(each.topic, each.payload) for each in self.door.take_due() if each.qos))

    def arrive(self, site: str, *sizes: int) -> None:
        self.door.look_ahead([Arriving(size, topic(site).encode(), b"") for size in sizes])

    def asked(self) -> list[str]:
        """What the broker is asked for, of whom."""
        found = [json.loads(each.payload)["commands"][0] for each in self.door.take_commands()]
        return [f"{each['command']} {each['username']}" for each in found]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def topic(site: str) -> str:
    return f"pantau/v1/{site}/telemetry"


def incoming(on: str, payload: bytes = b"{}") -> Incoming:
    return Incoming(received_ms=1, topic=on, payload=payload, retained=False, connection=1, mid=1, qos=1)


def sites(messages: Iterable[Incoming]) -> list[str]:
    return [each.topic.split("/")[2] for each in messages]


def test_what_a_site_sends_comes_into_the_inbox(house: House) -> None:
    assert house.door.enter(incoming(topic("north")))
    assert sites(house.inbox.get_batch(10, 1000)) == ["north"]
    assert (house.door.received, house.door.received_bytes) == (1, 2)


def test_a_flood_is_known_before_any_of_it_is_read_and_then_none_of_it_is(house: House) -> None:
    assert not house.door.is_wary
    house.arrive("flood", *[100] * 1999)
    assert not house.door.is_wary
    house.arrive("flood", 100)
    assert house.asked() == ["disableClient flood"]
    assert house.door.is_wary
    assert not house.door.is_wanted(topic("flood").encode(), 100)
    assert house.door.is_wanted(topic("north").encode(), 100)
    assert (house.door.shut_out, house.door.received) == (1, 1)


def test_large_messages_that_are_never_read_count_as_a_flood_too(house: House) -> None:
    wanted = 0
    for _ in range(600):
        house.arrive("flood", LARGE)
        if house.door.is_wanted(topic("flood").encode(), LARGE):
            house.door.enter(incoming(topic("flood"), bytes(LARGE)))
            wanted += 1
    assert house.asked() == ["disableClient flood"]
    assert wanted == 167  # 16 MiB
    assert house.drops.dropped + house.door.shut_out == 600 - wanted


def test_the_broker_is_asked_again_each_second_while_a_site_still_sends(house: House) -> None:
    house.arrive("flood", *[100] * 2000)
    house.arrive("flood", 100)
    assert house.asked() == ["disableClient flood"]
    house.clock.pass_s(1)
    house.arrive("flood", 100)
    assert house.asked() == ["disableClient flood"]
    house.clock.pass_s(599)
    assert [each.topic for each in house.door.take_due()][-1] == TOPIC
    assert not house.door.is_wary


def test_probes_are_no_flood_and_a_site_passes_nothing_off_as_one(house: House) -> None:
    house.arrive("pantau-collector", *[100] * 5000)
    assert house.asked() == []
    assert not house.door.enter(incoming(topic("pantau-collector"), PROBE_PREFIX + b"0"))
    assert house.door.enter(incoming(topic("north"), PROBE_PREFIX + b"0"))
    assert sites(house.inbox.get_batch(10, 1000)) == ["north"]


def test_the_brokers_figures_end_here(house: House) -> None:
    assert not house.door.enter(incoming(HEAP, b"1000"))
    assert house.door.figures.value(HEAP) == 1000
    assert house.door.received == 0


def test_what_is_over_a_sites_rate_is_done_with(house: House) -> None:
    taken = [house.door.enter(incoming(topic("north"), bytes(1 << 20))) for _ in range(20)]
    assert taken.count(True) == 16
    assert len(house.inbox) == 16
    assert house.drops.dropped == 4


def test_probes_and_receipts_are_published_when_they_are_due(house: House) -> None:
    house.door.note_connected()
    assert len(list(house.door.take_due())) == 5
    house.door.receipts.add([("north", "b", 7)])
    (receipt,) = house.door.take_due()
    assert isinstance(receipt, Outgoing)
    assert (receipt.topic, receipt.qos) == ("pantau/v1/north/ack", 0)
    assert list(house.door.take_due()) == []


def test_after_the_inbox_was_full_for_a_second_what_comes_was_kept_by_the_broker(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stalls(_: Incoming) -> bool:
        house.clock.pass_s(1.1)
        return True

    monkeypatch.setattr(house.inbox, "put", stalls)
    house.door.enter(incoming(topic("north")))
    house.arrive("north", *[100] * 19_999)
    assert house.asked() == []
    house.arrive("north", *[100] * 2)
    assert house.asked() == ["disableClient north"]
