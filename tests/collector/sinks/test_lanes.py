"""The order in which the journal is written to the store. Positions here are those of records of equal size."""

import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_collector.sinks.lanes import LIVE_BYTES, SCAN_BYTES, Lanes, backlog_lines

RECORD = 100_000
"""Bytes of a record, large so that a few of them exceed the lanes' limits."""
BATCH = 4
"""Records of a full batch."""


@dataclass
class Sink:
    """The sink writer's use of the lanes, with a store that may fail; `saved` is the cursor file's content."""

    late: list[bool] = field(default_factory=list)
    delivered: set[int] = field(default_factory=set)
    saved: tuple[int, ...] = (0,)
    lanes: Lanes = field(default_factory=lambda: Lanes(0, 0, 0))
    turns: list[str] = field(default_factory=list)

    @property
    def end(self) -> int:
        return len(self.late) * RECORD

    def crash(self) -> None:
        self.lanes = Lanes.at(self.saved, self.end)

    def step(self, fate: str = "works", grown: list[bool] | None = None) -> None:
        """Run a step of the sink writer; it `fails` at the store, or is `killed` before it writes the cursor."""
        end = self.end
        self.lanes = self.lanes.before_live(end)
        live = self.lanes.live < end and not self.lanes.is_backlogs_turn
        if not live and self.lanes.is_single:
            return
        start = self.lanes.live if live else self.lanes.backlog
        until = end if live else self.lanes.backlog_end
        selected: list[int] = []
        at, skipped = start, 0
        while at < until and len(selected) < BATCH:
            number = at // RECORD
            if live and self.late[number]:
                skipped += 1
            elif live or not self.lanes.backlog_is_late or self.late[number]:
                selected.append(number)
            at += RECORD
        if fate == "fails":
            return
        self.delivered.update(selected)
        self.late += grown or []
        if live:
            lanes = self.lanes.after_live(
                at, skipped_late=skipped > 0, is_full=len(selected) == BATCH, end=self.end
            )
        else:
            lanes = self.lanes.after_backlog(at)
        if fate == "killed":
            self.crash()
            return
        self.turns.append("live" if live else "backlog")
        self.lanes, self.saved = lanes, lanes.positions

    def check(self) -> None:
        """Check that the positions describe what was delivered."""
        b, s, live = (position // RECORD for position in self.lanes.positions)
        assert 0 <= b <= s <= live
        assert self.delivered >= set(range(b))
        assert self.delivered >= {number for number in range(s, live) if not self.late[number]}

    def drain(self) -> None:
        for _ in range(4 * len(self.late) + 10):
            if self.lanes.is_single and self.lanes.live == self.end:
                break
            self.step()
        self.check()
        assert self.lanes.positions == (self.end, self.end, self.end)


FATES = st.sampled_from(["works", "works", "works", "fails", "killed"])
GROWN = st.lists(st.booleans(), max_size=60)


@given(st.lists(st.tuples(FATES, GROWN, GROWN), max_size=60))
@settings(max_examples=150)
def test_every_record_is_delivered_whatever_fails_and_however_far_it_falls_behind(
    story: list[tuple[str, list[bool], list[bool]]],
) -> None:
    sink = Sink()
    for fate, before, within in story:
        sink.late += before
        sink.step(fate, within)
        sink.check()
    sink.drain()
    assert sink.delivered == set(range(len(sink.late)))


@given(st.integers(0, 2**32), st.integers(0, 500), st.floats(0, 1))
@settings(max_examples=60)
def test_what_is_new_waits_for_one_batch_of_the_backlog_at_most(seed: int, backlog: int, late: float) -> None:
    rng = random.Random(seed)
    sink = Sink(late=[rng.random() < late for _ in range(backlog)])
    for _ in range(3):
        sink.step()  # it notices how far behind it is
    for _ in range(50):
        new = len(sink.late)
        sink.late += [True] * rng.randint(0, 20) + [False]
        steps = 0
        while (len(sink.late) - 1) not in sink.delivered:
            sink.step()
            steps += 1
            assert steps <= 2 + 2 * (LIVE_BYTES // RECORD) // BATCH, (new, sink.lanes)
    sink.drain()


def test_a_backlog_is_not_starved_by_a_load_that_fills_every_batch() -> None:
    sink = Sink(late=[False] * 1000)
    sink.step()
    for _ in range(100):
        sink.step(grown=[False] * BATCH)
    assert sink.turns.count("backlog") >= 100 // 4 - 1
    assert sink.turns.count("live") >= 50


def test_the_slower_the_store_the_smaller_the_backlogs_batches() -> None:
    assert backlog_lines(5000, 0.05) == 5000
    assert backlog_lines(5000, 1.0) == 1250
    assert backlog_lines(1250, 0.125) == 2500
    assert backlog_lines(5000, 60.0) == 500
    assert backlog_lines(3, 0.0) == 5000


def test_with_nothing_behind_there_is_one_lane_in_the_order_of_arrival() -> None:
    lanes = Lanes(0, 0, 0)
    lanes = lanes.after_live(500, skipped_late=False, is_full=True, end=500 + LIVE_BYTES)
    assert lanes == Lanes(500, 500, 500)
    assert lanes.is_single


def test_what_is_late_is_left_and_comes_after() -> None:
    lanes = Lanes(100, 100, 100).after_live(900, skipped_late=True, is_full=False, end=900)
    assert lanes.positions == (100, 100, 900)
    assert lanes.is_backlogs_turn
    assert lanes.backlog_is_late
    assert lanes.backlog_end == 900
    assert lanes.after_backlog(900) == Lanes(900, 900, 900)


def test_far_behind_it_leaps_to_the_end_and_what_it_leapt_over_is_selected_whole() -> None:
    end = SCAN_BYTES + 5000
    lanes = Lanes(100, 200, 300).before_live(end)
    assert lanes.positions == (100, end, end)
    assert not lanes.backlog_is_late
    assert lanes.backlog_end == end


def test_a_cursor_of_one_lane_and_one_of_another_journal_are_understood() -> None:
    assert Lanes.at((700,), 1000) == Lanes(700, 700, 700)
    assert Lanes.at((700, 800, 900), 1000) == Lanes(700, 800, 900)
    assert Lanes.at((700, 800, 1001), 1000) == Lanes(700, 700, 700)
    assert Lanes.at((800, 700, 900), 1000) == Lanes(800, 800, 800)
    assert Lanes.at((1200,), 1000) == Lanes(1000, 1000, 1000)


def test_the_backlog_has_one_batch_after_three_full_ones_of_the_live_lane() -> None:
    lanes = Lanes(0, 10, 20)
    turns = []
    for _ in range(4):
        turns.append(lanes.is_backlogs_turn)
        lanes = lanes.after_live(lanes.live + 1, skipped_late=False, is_full=True, end=1000)
    assert turns == [False, False, False, True]
    assert not lanes.after_backlog(1).is_backlogs_turn
