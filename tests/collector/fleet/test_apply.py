from collections.abc import Callable

import msgspec
import pytest

from pantau_collector.fleet.apply import apply
from pantau_collector.fleet.model import Fleet, Hardware
from pantau_contract.messages import Birth, CameraAbout, CameraState, Death, Message, Sample, Telemetry
from pantau_contract.states import Cause, State

NOW_MS = 1_790_000_000_000

Hear = Callable[..., None]


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


@pytest.fixture
def hear(fleet: Fleet) -> Hear:
    def hear(message: Message, s: float = 0, *, retained: bool = False) -> None:
        apply(fleet, message, NOW_MS + int(s * 1000), 1000 + s, retained=retained)

    return hear


def birth(boot: str = "b1", session: int = 1, *cameras: str) -> Birth:
    return Birth("kabil", boot, session, NOW_MS, "1", 30, "Kabil", tuple(map(CameraAbout, cameras)))


def state(
    seq: int,
    s: float,
    state: State = State.DOWN,
    cause: Cause | None = Cause.STALLED,
    boot: str = "b1",
    ago: float = 0,
) -> CameraState:
    time = NOW_MS + int(s * 1000)
    return CameraState("kabil", "cam1", boot, seq, time, state, time - int(ago * 1000), cause)


def batch(seq: int, s: float, state: State = State.OK, cause: Cause | None = None, boot: str = "b1") -> Telemetry:
    time = NOW_MS + int(s * 1000)
    sample = Sample("cam1", time, state, time, cause, fps=15.0)
    return Telemetry("kabil", boot, seq, time, 0, True, 30, (sample,))


def camera_state(fleet: Fleet) -> State:
    return fleet.sites["kabil"].cameras["cam1"].state


def test_what_a_camera_says_it_is_follows_its_births(fleet: Fleet, hear: Hear) -> None:
    hear(birth("b1", 1, "cam1"))
    fleet.mark_saved()
    about = CameraAbout("cam1", "", "hikvision", "DS-2CD", "V5.4.0", "vulnerable: because")
    hear(msgspec.structs.replace(birth("b1", 2), cameras=(about,)))
    assert fleet.sites["kabil"].cameras["cam1"].hardware == Hardware(
        "hikvision", "DS-2CD", "V5.4.0", "vulnerable: because"
    )
    assert fleet.unsaved_cameras == {("kabil", "cam1")}


def test_a_site_has_the_configuration_of_its_latest_birth_and_none_from_an_older_agent(
    fleet: Fleet, hear: Hear
) -> None:
    hear(msgspec.structs.replace(birth("b1", 1), configuration="0123456789abcdef"))
    assert fleet.sites["kabil"].configuration == "0123456789abcdef"
    hear(birth("b1", 2))
    assert fleet.sites["kabil"].configuration == ""


def test_a_batch_that_was_made_before_a_state_does_not_take_it_back(fleet: Fleet, hear: Hear) -> None:
    hear(birth())
    hear(state(6, 10))
    hear(batch(5, 9.9), 10.1)
    assert camera_state(fleet) is State.DOWN
    hear(batch(6, 30), 30)
    assert camera_state(fleet) is State.OK


def test_a_clock_that_is_stepped_back_does_not_make_the_present_look_old(fleet: Fleet, hear: Hear) -> None:
    hear(birth())
    hear(batch(5, 0))
    hear(batch(6, -3000, State.DOWN, Cause.REFUSED), 30)
    assert camera_state(fleet) is State.DOWN


def test_a_backlog_from_before_the_clock_was_set_does_not_unset_it(fleet: Fleet, hear: Hear) -> None:
    hear(birth())
    hear(batch(0, 0))
    hear(batch(9, 60), 60)
    hear(msgspec.structs.replace(batch(5, 30), clock_synchronised=False), 61)
    assert fleet.sites["kabil"].clock_synchronised


def test_a_backlog_of_an_earlier_boot_changes_nothing(fleet: Fleet, hear: Hear) -> None:
    hear(birth("b1"))
    hear(batch(5, 0, boot="b1"))
    hear(birth("b2"), 60)
    hear(batch(0, 60, boot="b2"), 60)
    hear(batch(6, 30, State.DOWN, Cause.REFUSED, boot="b1"), 61)
    assert camera_state(fleet) is State.OK


def test_a_backlog_of_a_boot_never_heard_of_changes_nothing(fleet: Fleet, hear: Hear) -> None:
    hear(birth("b2"), 60)
    hear(batch(0, 60, boot="b2"), 60)
    hear(batch(6, 30, State.DOWN, Cause.REFUSED, boot="b1"), 61)
    assert camera_state(fleet) is State.OK


def test_a_boot_whose_birth_is_still_under_way_is_believed(fleet: Fleet, hear: Hear) -> None:
    hear(birth("b1"))
    hear(batch(5, 0))
    hear(state(0, 60, boot="b2"), 60)
    assert camera_state(fleet) is State.DOWN


def test_how_long_a_state_has_held_is_believed_of_a_clock_that_is_set(fleet: Fleet, hear: Hear) -> None:
    hear(birth())
    hear(state(1, 100, ago=40), 100)
    assert fleet.sites["kabil"].cameras["cam1"].since_s == 1060
    fleet.sites["kabil"].clock_synchronised = False
    hear(state(2, 200, State.DOWN, Cause.REFUSED, ago=40), 200)
    assert fleet.sites["kabil"].cameras["cam1"].since_s == 1200


def test_a_state_that_the_broker_kept_is_no_sign_of_life(fleet: Fleet, hear: Hear) -> None:
    hear(birth())
    hear(state(1, 0))
    hear(state(1, 0), 500)
    hear(birth(), 500)
    assert fleet.sites["kabil"].heard_s == 1000


@pytest.mark.parametrize(
    ("death", "dies"),
    [
        (Death("kabil", "b2", 4), True),
        (Death("kabil", "b2", 3), False),
        (Death("kabil", "b1", 9), False),
        (Death("kabil", "b3", 5), True),
        (Death("kabil", "b3", 2), False),
        (Death("nowhere", "b2", 4), False),
    ],
)
def test_a_death_is_believed_unless_it_is_older_than_the_birth(
    fleet: Fleet, hear: Hear, death: Death, dies: bool
) -> None:
    hear(birth("b1", 2))
    hear(birth("b2", 4))
    hear(death)
    assert fleet.sites["kabil"].dead is dies


def test_an_old_birth_does_not_bring_back_the_dead(fleet: Fleet, hear: Hear) -> None:
    hear(birth("b1", 2))
    hear(birth("b1", 3))
    hear(Death("kabil", "b1", 3))
    for old in (birth("b1", 2), birth("b1", 3)):
        hear(old)
        assert fleet.sites["kabil"].dead
    hear(birth("b1", 4))
    assert not fleet.sites["kabil"].dead


def test_who_goes_on_telling_is_not_dead(fleet: Fleet, hear: Hear) -> None:
    hear(birth())
    hear(Death("kabil", "b1", 1))
    hear(batch(1, 2), 2)
    assert fleet.sites["kabil"].dead
    hear(batch(2, 32), 32)
    assert not fleet.sites["kabil"].dead


def test_a_camera_that_its_agent_no_longer_has_is_forgotten(fleet: Fleet, hear: Hear) -> None:
    hear(birth("b1", 1, "cam1", "cam2"))
    fleet.mark_saved()
    hear(birth("b1", 2, "cam2"))
    assert list(fleet.sites["kabil"].cameras) == ["cam2"]
    assert fleet.removed_cameras == {("kabil", "cam1")}


def test_what_the_broker_retained_tells_what_was_and_is_no_sign_of_life(fleet: Fleet, hear: Hear) -> None:
    hear(birth(), 0)
    hear(batch(1, 1), 1)
    hear(birth("b1", 2), 500, retained=True)
    hear(state(2, 400), 500, retained=True)
    site = fleet.sites["kabil"]
    assert (site.heard_ms, site.heard_s) == (NOW_MS + 1000, 1001)
    assert site.session == 2
    assert camera_state(fleet) is State.DOWN
    hear(state(3, 501), 501)
    assert site.heard_s == 1501


def test_a_retained_state_does_not_revive_an_agent_that_has_died(fleet: Fleet, hear: Hear) -> None:
    hear(birth(), 0)
    hear(Death("kabil", "b1", 1), 10)
    hear(state(2, 9), 100, retained=True)
    assert fleet.sites["kabil"].dead
    hear(state(3, 101), 101)
    assert not fleet.sites["kabil"].dead
