import pytest

from pantau_agent.link.dating import Dating
from pantau_agent.spool import Batch
from pantau_contract.messages import Sample, Telemetry
from pantau_contract.states import State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import decode, encode

NOW_MS = 1_790_000_000_000
PAST_MS = 1_200_000_000_000
"""What the clock shows at monotonic 0 before it is set; `NOW_MS` is what it should."""


def batch(at_s: int, *, synchronised: bool | None, epoch_ms: int = PAST_MS, boot: str = "boot") -> Batch:
    time_ms, monotonic_ms = epoch_ms + 1000 * at_s, 1000 * at_s
    telemetry = Telemetry(
        site="north",
        boot=boot,
        seq=at_s,
        time=time_ms,
        monotonic_ms=monotonic_ms,
        clock_synchronised=synchronised,
        interval_s=30,
        samples=(Sample("gate", time_ms - 5000, State.OK, since=time_ms - 9000),),
    )
    return Batch(at_s, boot, at_s, time_ms, monotonic_ms, synchronised, encode(telemetry, compress=True))


def told(dated: Batch | None) -> Telemetry:
    assert dated
    message = decode(Topic("north", TopicKind.TELEMETRY), dated.payload)
    assert isinstance(message, Telemetry)
    return message


@pytest.fixture
def dating() -> Dating:
    return Dating("north", "boot", compress=True)


def test_what_was_measured_before_the_clock_was_set_gets_its_true_times_once_they_are_known(
    dating: Dating,
) -> None:
    early = batch(30, synchronised=False)
    assert dating.date(early, patient=True) is None
    dating.learn(batch(60, synchronised=True, epoch_ms=NOW_MS))
    dated = dating.date(early, patient=True)
    message = told(dated)
    assert message.time == NOW_MS + 30_000
    assert (message.samples[0].time, message.samples[0].since) == (NOW_MS + 25_000, NOW_MS + 21_000)
    assert message.clock_synchronised is True
    assert (message.seq, message.monotonic_ms) == (30, 30_000)
    assert dated
    assert dated.clock_synchronised is True, "and it is kept so"


def test_what_was_dated_once_is_never_dated_again(dating: Dating) -> None:
    dating.learn(batch(60, synchronised=True, epoch_ms=NOW_MS))
    dated = dating.date(batch(30, synchronised=False), patient=True)
    assert dated
    dating.learn(batch(90, synchronised=True, epoch_ms=NOW_MS + 40))  # the clock is slewed a little
    assert dating.date(dated, patient=True) is dated


def test_a_clock_that_is_never_set_holds_nothing_back_for_ever_and_what_went_out_so_stays_so(
    dating: Dating,
) -> None:
    early = batch(30, synchronised=False)
    dated = dating.date(early, patient=False)
    assert dated
    assert dated.payload == early.payload
    dating.learn(batch(60, synchronised=True, epoch_ms=NOW_MS))
    assert dating.date(dated, patient=True) is dated


@pytest.mark.parametrize("synchronised", [True, None])
def test_a_batch_whose_time_is_believed_or_not_known_to_be_wrong_is_left_alone(
    dating: Dating, synchronised: bool | None
) -> None:
    dating.learn(batch(60, synchronised=True, epoch_ms=NOW_MS))
    same = batch(30, synchronised=synchronised)
    assert dating.date(same, patient=True) is same


def test_nothing_is_known_of_another_boots_monotonic_clock(dating: Dating) -> None:
    dating.learn(batch(60, synchronised=True, epoch_ms=NOW_MS, boot="another"))
    dating.learn(batch(60, synchronised=None, epoch_ms=NOW_MS))
    assert dating.date(batch(30, synchronised=False), patient=True) is None
    third = batch(30, synchronised=False, boot="third")
    assert told(dating.date(third, patient=True)).time == PAST_MS + 30_000, "and it is not waited for"


def test_a_boot_that_is_over_is_dated_by_what_is_left_of_it(dating: Dating) -> None:
    dating.learn(batch(60, synchronised=True, epoch_ms=NOW_MS - 777, boot="another"))
    dating.learn(batch(60, synchronised=True, epoch_ms=NOW_MS))
    other = batch(30, synchronised=False, boot="another")
    assert told(dating.date(other, patient=True)).time == NOW_MS - 777 + 30_000


def test_a_batch_that_cannot_be_read_goes_out_as_it_is(dating: Dating) -> None:
    dating.learn(batch(60, synchronised=True, epoch_ms=NOW_MS))
    dated = dating.date(Batch(1, "boot", 1, 0, 0, False, b"\x1f\x8b damaged"), patient=True)
    assert dated
    assert dated.payload == b"\x1f\x8b damaged"
