"""Each site's share of the time, in a time of the test's own."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.deadletter import MAX_KEPT
from pantau_collector.intake import admission, allowance, fair_share, inbox, overflow, reader_delay
from pantau_collector.intake.admission import Admission
from pantau_collector.intake.allowance import Allowance
from pantau_collector.intake.drop_reports import DropReports
from pantau_collector.intake.fair_share import FairShare, Turn, price_s
from pantau_collector.intake.inbox import Inbox, Incoming
from pantau_collector.intake.overflow import Overflow
from pantau_collector.intake.reader_delay import ReaderDelay
from pantau_contract.messages import Birth, CameraAbout
from tests.collector.intake.messages import NOW, about, birth, down, telemetry


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def message(site: str, number: int = 0, payload: bytes = b"x") -> Incoming:
    return Incoming(
        number, f"pantau/v1/{site}/telemetry", payload, retained=False, connection=1, mid=number, qos=1
    )


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Overflow]:
    opened = Overflow(tmp_path / "overflow.sqlite")
    yield opened
    opened.close()


def test_the_shares_are_as_documented() -> None:
    assert fair_share.SHARE == 0.1
    assert fair_share.BURST_S == 0.3
    assert fair_share.BURST_BEHIND_S == 0.02
    assert admission.BYTES_PER_S == 2_097_152
    assert admission.BURST_BYTES == 16_777_216
    assert inbox.MAX_MESSAGES == 20_000
    assert inbox.MAX_BYTES == 67_108_864
    assert inbox.SITES_SHARE == 4
    assert overflow.MAX_MESSAGES_OF_SITE == 200_000
    assert overflow.MAX_BYTES_OF_SITE == 536_870_912
    assert overflow.MAX_BYTES == 2_147_483_648
    assert reader_delay.MAX_DELAY_S == 1.5


def test_64_cameras_at_full_speed_of_their_backlog_stay_within_their_share() -> None:
    batch = telemetry(1, cameras=64)
    assert 20 * price_s(batch, 12_000) < fair_share.SHARE


def test_what_costs_more_has_a_higher_price() -> None:
    cameras = tuple(CameraAbout(f"c{n}") for n in range(1000))
    assert price_s(telemetry(1, cameras=1000), 100) == pytest.approx(0.015_11)
    assert price_s(Birth("a", "b", 1, NOW, "1", 30, cameras=cameras), 100) == pytest.approx(0.050_11)
    assert price_s(down(1), 0) == price_s(birth(), 0) == price_s(about(), 0) == pytest.approx(0.000_1)
    assert price_s(about(), 1_000_000) == pytest.approx(0.100_1)
    assert price_s(None, 4_000_000) == pytest.approx(0.0001 + MAX_KEPT / 1e7), "only its beginning is kept"


def test_a_debt_shrinks_with_time_and_is_each_sites_own() -> None:
    allowed = Allowance(rate=0.1)
    allowed.use("a", 1.0, 100.0)
    assert allowed.debt("a", 100.0) == 1.0
    assert allowed.debt("a", 105.0) == 0.5
    assert allowed.debt("b", 105.0) == 0
    allowed.use("a", 0.25, 105.0)
    assert allowed.debt("a", 105.0) == 0.75
    assert allowed.debt("a", 200.0) == 0


def test_invented_sites_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "MAX_DEBTORS", 10)
    allowed = Allowance(rate=1.0)
    for n in range(100):
        allowed.use(f"s{n}", 1.0, 100.0 + n)
    assert len(allowed._debts) <= 10
    for n in range(100):
        allowed.use(f"s{n}", 1000.0, 200.0)
    assert len(allowed._debts) <= 10


def test_a_site_over_its_share_waits_in_its_order_and_others_do_not(waiting: Overflow) -> None:
    clock = Clock()
    share = FairShare(waiting, monotonic=clock)
    share.begin(is_behind=False)
    assert share.turn("flood", 1, can_wait=True) is Turn.NOW
    share.charge("flood", 0.31)
    assert share.turn("flood", 1, can_wait=True) is Turn.LATER
    assert share.turn("other", 1, can_wait=True) is Turn.NOW
    assert share.turn("flood", 1, can_wait=False) is Turn.NEVER, "a picture does not wait"
    waiting.add([message("flood", 1), message("flood", 2)])
    share.begin(is_behind=False)
    assert list(share.waiting(10)) == []
    clock.now += 0.2
    assert share.turn("flood", 1, can_wait=True) is Turn.LATER, "it has time again, but others of it wait"
    taken = []
    for site, each in share.waiting(10):
        taken.append(each.message.received_ms)
        share.charge(site, 0.005)
    assert taken == [1, 2]
    waiting.remove("flood", 2)
    share.begin(is_behind=False)
    assert share.turn("flood", 1, can_wait=True) is Turn.NOW


def test_what_waits_is_taken_by_turns_and_no_more_than_asked_for(waiting: Overflow) -> None:
    share = FairShare(waiting, monotonic=Clock())
    waiting.add([message(site, number) for site in ("a", "b", "c") for number in range(2)])
    first = [(site, each.message.received_ms) for site, each in share.waiting(3)]
    assert first == [("a", 0), ("a", 1), ("b", 0)]
    assert next(share.waiting(3))[0] == "c", "who was last the last time is last now"


def test_while_the_collector_does_not_keep_up_only_who_sends_little_is_taken(waiting: Overflow) -> None:
    share = FairShare(waiting, monotonic=Clock())
    waiting.add([message("flood")])
    share.begin(is_behind=True)
    assert list(share.waiting(10)) == []
    assert share.turn("quiet", 1, can_wait=True) is Turn.NOW
    share.charge("quiet", 0.019)
    assert share.turn("quiet", 1, can_wait=True) is Turn.NOW
    share.charge("quiet", 0.019)
    assert share.turn("quiet", 1, can_wait=True) is Turn.LATER


def test_a_reader_is_behind_when_it_has_not_read_what_was_there_a_while_ago() -> None:
    delay = ReaderDelay()
    assert not delay.is_behind(0, 1000, 100.0)
    assert not delay.is_behind(0, 2000, 101.4)
    assert delay.is_behind(999, 3000, 101.6)
    assert not delay.is_behind(1000, 3000, 101.7)
    assert delay.is_behind(1000, 3000, 103.0)
    assert not delay.is_behind(3000, 3000, 110.0)
    assert not ReaderDelay().is_behind(None, 1000, 100.0)


def test_what_has_no_room_to_wait_is_dropped(tmp_path: Path) -> None:
    small = Overflow(tmp_path / "o.sqlite", max_messages_of_site=2, max_bytes_of_site=100, max_bytes=150)
    share = FairShare(small, monotonic=Clock())
    for site in ("a", "b"):
        share.charge(site, 1.0)
    share.begin(is_behind=False)
    turns = [share.turn("a", 40, can_wait=True) for _ in range(3)]
    assert turns == [Turn.LATER, Turn.LATER, Turn.NEVER], "two messages of a site"
    small.add([message("a", payload=b"x" * 40)])
    share.begin(is_behind=False)
    assert share.turn("a", 61, can_wait=True) is Turn.NEVER, "100 bytes of a site"
    small.add([message("b", payload=b"x" * 90)])
    share.begin(is_behind=False)
    assert share.turn("a", 30, can_wait=True) is Turn.NEVER, "150 bytes in all"
    small.close()


def test_what_waits_is_there_after_a_restart_and_taken_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "overflow.sqlite"
    first = Overflow(path)
    kept = Incoming(5, "pantau/v1/a/agent", b"\x00\xff", retained=True, connection=3, mid=4, qos=1)
    first.add([message("a", 1), message("b", 2), kept])
    first.close()
    assert path.stat().st_mode & 0o777 == 0o600
    again = Overflow(path)
    assert (again.sites, again.messages) == (["a", "b"], 3)
    one = again.next("a")
    assert one is not None
    two = again.next("a", one.id)
    assert two is not None
    assert one.message.received_ms == 1
    assert (two.message.topic, two.message.payload, two.message.retained) == (kept.topic, kept.payload, True)
    assert again.next("a", two.id) is None
    again.remove("a", two.id)
    assert not again.holds("a")
    assert again.holds("b")
    again.remove("b", 3)
    assert again.messages == 0
    again.close()


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "overflow.sqlite"
    path.write_bytes(b"rubbish" * 1000)
    opened = Overflow(path)
    opened.add([message("a")])
    opened.close()
    assert (tmp_path / "overflow.sqlite.damaged").read_bytes().startswith(b"rubbish")


def test_a_file_that_is_damaged_while_it_is_in_use_is_set_aside_at_once(waiting: Overflow, tmp_path: Path) -> None:
    waiting.add([message("a", number, b"x" * 10_000) for number in range(10)])
    last = waiting.next("a")
    assert last is not None
    waiting._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (tmp_path / "overflow.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(b"rubbish!" * 2000)
    waiting._file.execute("PRAGMA shrink_memory")
    with pytest.raises(OSError, match="malformed"):
        waiting.next("a")
    assert waiting.messages == 0
    assert (tmp_path / "overflow.sqlite.damaged").exists()
    waiting.add([message("a", 11)])
    waiting.remove("a", last.id)
    assert waiting.messages == 1, "what was read of the damaged file removes nothing of the new one"
    waiting.remove("b", 1)


def test_a_disk_that_fails_is_an_error_of_the_disk_and_adds_nothing(waiting: Overflow) -> None:
    waiting._file.execute("PRAGMA max_page_count = 1")
    with pytest.raises(OSError, match="full"):
        waiting.add([message("a", payload=b"x" * 100_000)])
    assert waiting.messages == 0
    waiting._file.execute("PRAGMA max_page_count = 1000000")
    waiting.add([message("a")])
    assert waiting.messages == 1


def test_the_sites_take_turns_in_the_inbox_and_each_keeps_its_order() -> None:
    box = Inbox()
    for number in range(1000):
        box.put(message("flood", number))
    box.put(message("other", 1))
    box.put(message("other", 2))
    first = box.get_batch(20, 1 << 20)
    assert [each.topic.split("/")[2] for each in first] == ["flood"] * 16 + ["other"] * 2 + ["flood"] * 2
    rest = box.get_batch(2000, 1 << 20)
    ordered = [each.received_ms for each in (*first, *rest) if "flood" in each.topic]
    assert ordered == list(range(1000))
    assert len(box) == 0


@pytest.mark.parametrize("box", [Inbox(max_messages=8), Inbox(max_bytes=8)])
def test_a_sites_share_of_the_inbox_is_a_quarter(box: Inbox) -> None:
    box.put(message("a"))
    assert not box.is_share_full("a")
    box.put(message("a"))
    assert box.is_share_full("a")
    assert not box.is_share_full("b")


def test_drops_are_reported_once_a_minute_and_at_the_end() -> None:
    drops = DropReports()
    for _ in range(3):
        drops.note("a", 100)
    (letter,) = drops.take_due(1000.0)
    assert letter.topic == "pantau/v1/a"
    assert (letter.reason.startswith("3 messages were dropped: the site sends more"), letter.size) == (True, 300)
    drops.note("a", 7)
    drops.note("b", 1)
    assert [each.topic for each in drops.take_due(1059.0)] == ["pantau/v1/b"]
    assert [(each.reason[:21], each.size) for each in drops.take_due(1060.0)] == [("1 message was dropped", 7)]
    drops.note("a", 7)
    assert len(drops.take_all(1061.0)) == 1
    assert drops.take_all(1062.0) == []
    assert drops.dropped == 6
    assert drops.take_due(5000.0) == []
    assert not drops._drops, "a site that has calmed down is forgotten"


class Door(Admission):
    def __init__(self) -> None:
        self.drops = DropReports()
        self.congested: set[str] = set()
        super().__init__(self.drops, lambda site: site in self.congested)
        self.catch_up.begin(1)

    def caught_up(self) -> None:
        ((_, mark),) = self.catch_up.take_due(100.0)
        self.catch_up.note_arrived(mark)


def test_a_site_that_sends_too_fast_is_dropped_at_the_door_and_no_other() -> None:
    door = Door()
    door.caught_up()
    taken = sum(door.take("pantau/v1/flood/telemetry", 1 << 20, 100.0) for _ in range(100))
    assert taken == 16
    assert door.drops.dropped == 84
    assert not door.is_open("pantau/v1/flood/agent", 1, 100.0)
    assert door.take("pantau/v1/other/telemetry", 1 << 20, 100.0)
    assert door.take("pantau/v1/flood/telemetry", 1 << 20, 101.0), "2 MiB a second"


def test_everything_that_the_broker_had_kept_is_taken_whoever_sent_it() -> None:
    door = Door()
    assert all(door.take("pantau/v1/a/telemetry", 1 << 20, 100.0) for _ in range(100))
    door.caught_up()
    assert not door.take("pantau/v1/a/telemetry", 1 << 20, 100.0)
    door.catch_up.begin(2)
    assert door.take("pantau/v1/a/telemetry", 1 << 20, 100.0)


def test_a_site_of_which_no_more_can_wait_is_dropped_at_the_door() -> None:
    door = Door()
    door.caught_up()
    door.congested.add("a")
    assert not door.take("pantau/v1/a/telemetry", 1, 100.0)
    assert door.take("pantau/v1/b/telemetry", 1, 100.0)


def test_a_packet_larger_than_any_message_is_dropped_at_any_time() -> None:
    door = Door()
    assert door.is_open("pantau/v1/a/telemetry", 8 << 20, 100.0)
    assert not door.is_open("pantau/v1/a/telemetry", (8 << 20) + 1, 100.0)


def test_the_mark_of_an_earlier_connection_or_another_collector_ends_nothing() -> None:
    door = Door()
    ((topic, mark),) = door.catch_up.take_due(100.0)
    assert topic == "pantau/v1/pantau-collector/agent"
    assert door.catch_up.take_due(114.0) == []
    assert len(door.catch_up.take_due(115.0)) == 1, "again, for the broker may have dropped the first"
    door.catch_up.begin(2)
    door.catch_up.note_arrived(mark)
    assert not door.catch_up.is_over
    other = Door()
    ((_, theirs),) = other.catch_up.take_due(100.0)
    door.catch_up.note_arrived(theirs)
    assert not door.catch_up.is_over


def test_sqlite_keeps_what_was_added_durably(waiting: Overflow, tmp_path: Path) -> None:
    """What is acknowledged must outlast a loss of power; what is removed may come back."""
    seen: list[str] = []
    waiting._file.set_trace_callback(seen.append)
    waiting.add([message("a")])
    waiting.remove("a", 1)
    pragmas = [each for each in seen if "synchronous" in each]
    assert pragmas == ["PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"]
    with sqlite3.connect(tmp_path / "overflow.sqlite") as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
