import cv2
import numpy as np
import pytest

from pantau_agent.assessment.observation import Observation
from pantau_agent.config import Camera
from pantau_agent.reporting.report import Reporter
from pantau_contract.messages import CameraState, Sample
from pantau_contract.snapshot import read_stamp
from pantau_contract.states import Cause, State

_, _picture = cv2.imencode(".jpg", np.zeros((36, 64, 3), np.uint8))
JPEG = _picture.tobytes()
START_MS = 1_790_000_000_000


def camera(name: str, *, enabled: bool = True) -> Camera:
    return Camera(id=name, url=f"rtsp://127.0.0.1/{name}", enabled=enabled)


class Site:
    """A reporter with a clock that only the test moves. `epoch_ms` is UTC at monotonic 0."""

    def __init__(self, *cameras: Camera, snapshot_interval_s: float = 300) -> None:
        self.reporter = Reporter("north", "boot", cameras, snapshot_interval_s=snapshot_interval_s, now=0)
        self.now = 0.0
        self.epoch_ms = START_MS

    def observes(
        self, name: str, state: State = State.OK, cause: Cause | None = None, *, snapshot: bytes | None = None
    ) -> tuple[CameraState | None, bytes | None]:
        self.now += 1
        sample = Sample(name, int(self.now * 1000), state, since=500, cause=cause)
        outcome = self.reporter.add(
            Observation(sample, snapshot=snapshot), seq=7, epoch_ms=self.epoch_ms, now=self.now
        )
        return outcome.state, outcome.snapshot

    def seconds_of(self, name: str) -> list[int]:
        samples = self.reporter.collect_samples(self.now)
        return [sample.time // 1000 for sample in samples if sample.camera == name]


@pytest.fixture
def site() -> Site:
    return Site(camera("gate"), camera("yard"))


def test_a_camera_has_one_sample_an_interval_the_latest(site: Site) -> None:
    site.observes("gate")
    site.seconds_of("gate")
    for _ in range(5):
        site.observes("gate")
    assert site.seconds_of("gate") == [6]


def test_each_change_within_an_interval_has_a_sample_of_its_own(site: Site) -> None:
    site.observes("gate")  # 1, from starting to ok
    site.observes("gate")
    site.observes("gate", State.DOWN, Cause.STALLED)  # 3
    site.observes("gate", State.DOWN, Cause.UNREACHABLE)  # 4: another cause is a change
    site.observes("gate", State.DOWN, Cause.UNREACHABLE)
    site.observes("gate")  # 6, and the latest: it is not reported twice
    assert site.seconds_of("gate") == [1, 3, 4, 6]
    assert site.seconds_of("gate") == [6]


def test_a_clock_that_is_set_dates_the_next_state_right_though_it_began_before(site: Site) -> None:
    site.epoch_ms = START_MS - 90 * 86_400_000
    before, _ = site.observes("gate")
    site.epoch_ms = START_MS
    after, _ = site.observes("gate", State.DOWN, Cause.STALLED)
    assert before
    assert after
    assert (before.time, before.since) == (START_MS - 90 * 86_400_000 + 1000, START_MS - 90 * 86_400_000 + 500)
    assert (after.time, after.since) == (START_MS + 2000, START_MS + 500)
    assert {(state.camera, state.since) for state in site.reporter.states(0, START_MS)} == {
        ("gate", START_MS + 500),
        ("yard", START_MS),
    }


def test_a_camera_that_flaps_cannot_make_a_batch_grow_without_bound(site: Site) -> None:
    for _ in range(500):
        site.observes("gate", State.DOWN, Cause.STALLED)
        site.observes("gate")
    assert len(site.seconds_of("gate")) < 50


def test_a_camera_not_looked_at_yet_is_unknown_and_one_switched_off_disabled() -> None:
    reporter = Site(camera("gate"), camera("yard", enabled=False)).reporter
    assert [(state.camera, state.state, state.cause) for state in reporter.states(0, START_MS)] == [
        ("gate", State.UNKNOWN, Cause.STARTING),
        ("yard", State.DISABLED, None),
    ]
    assert len(reporter.collect_samples(0)) == 2


def test_a_state_is_told_on_a_change_only(site: Site) -> None:
    first, _ = site.observes("gate")
    again, _ = site.observes("gate")
    down, _ = site.observes("gate", State.DOWN, Cause.REFUSED)
    assert first
    assert again is None
    assert down
    assert (down.state, down.cause, down.boot, down.seq) == (State.DOWN, Cause.REFUSED, "boot", 7)


def test_a_snapshot_is_due_first_then_each_interval_and_after_each_change(site: Site) -> None:
    due = []
    for second in range(1, 700):
        state = State.IMPAIRED if second >= 405 else State.OK
        cause = Cause.BLACK if second >= 405 else None
        if site.observes("gate", state, cause, snapshot=JPEG if second % 10 == 0 else None)[1]:
            due.append(second)
    assert due == [10, 310, 405, 410]  # at 405 the last good picture, at 410 the first one of the fault


def test_a_snapshot_tells_whose_it_is(site: Site) -> None:
    _, snapshot = site.observes("gate", State.IMPAIRED, Cause.FROZEN, snapshot=JPEG)
    assert snapshot
    about = read_stamp(snapshot)
    assert (about.site, about.camera, about.state, about.cause) == ("north", "gate", State.IMPAIRED, Cause.FROZEN)
    assert about.time == START_MS + 1000


def test_when_a_camera_goes_down_its_last_good_picture_is_sent_if_it_was_not(site: Site) -> None:
    site.observes("gate", snapshot=JPEG)
    assert site.observes("gate", snapshot=JPEG)[1] is None  # at second 2, not due
    _, last_good = site.observes("gate", State.DOWN, Cause.STALLED)
    assert last_good
    about = read_stamp(last_good)
    assert (about.state, about.time) == (State.OK, START_MS + 2000)
    assert site.observes("gate", State.DOWN, Cause.REFUSED)[1] is None  # sent once
    assert site.observes("gate", snapshot=JPEG)[1]  # and the first after the recovery


def test_a_snapshot_that_was_asked_for_is_the_next_picture(site: Site) -> None:
    site.observes("gate", snapshot=JPEG)
    site.reporter.request_snapshot("gate")
    assert site.observes("gate")[1] is None
    assert site.observes("gate", snapshot=JPEG)[1]
    assert site.observes("gate", snapshot=JPEG)[1] is None


@pytest.mark.parametrize("picture", [b"no JPEG at all", JPEG + bytes(3 << 20)])
def test_a_picture_that_the_contract_does_not_take_is_left_out(site: Site, picture: bytes) -> None:
    state, snapshot = site.observes("gate", snapshot=picture)
    assert state
    assert snapshot is None


def test_the_latest_sample_is_kept_and_other_sites_cameras_are_not_known(site: Site) -> None:
    site.observes("gate", State.DOWN, Cause.TIMEOUT)
    latest = site.reporter.latest("gate")
    assert latest
    assert latest.cause is Cause.TIMEOUT
    assert site.reporter.latest("elsewhere") is None
