"""Random histories of a site, as messages: agents that run, stop, start and are cut off, and some nonsense."""

from collections.abc import Sequence

from hypothesis import strategies as st

from pantau_collector.journal import Record
from pantau_contract.messages import (
    Birth,
    CameraAbout,
    Death,
    DeviceAnswer,
    Host,
    Message,
    Sample,
    Start,
    Telemetry,
)
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.collector.ledger.site_by_definition import Received

SITE = "kabil"
T0 = 1_790_000_000_000
INTERVAL_S = 30
CAMERAS = ("cam1", "cam2", "cam3", "cam4")
CONDITIONS: tuple[Cause | State, ...] = (
    State.OK,
    State.OK,
    Cause.STALLED,
    Cause.UNREACHABLE,
    Cause.PACKET_LOSS,
    Cause.FROZEN,
    Cause.STARTING,
    Cause.CLOCK_UNSET,
    State.DISABLED,
    State.DOWN,
)
REASONS = ("machine", "service", "watchdog", "upgrade", "")


def record(received: Received) -> Record:
    """Return the message as the journal holds it."""
    message: Message = received.message
    kind = TopicKind.TELEMETRY if isinstance(message, Telemetry) else TopicKind.AGENT
    return Record(received.received_ms, str(Topic(SITE, kind)), encode(message), received.retained)


def sample(camera: str, condition: Cause | State, since: int, time: int) -> Sample:
    if isinstance(condition, State):
        return Sample(camera, time, condition, since)
    return Sample(camera, time, STATE_OF[condition], since, condition)


@st.composite
def samples(draw: st.DrawFn, end: int, cameras: Sequence[str]) -> tuple[Sample, ...]:
    found = []
    for camera in cameras:
        times = sorted(draw(st.lists(st.integers(0, 30), min_size=1, max_size=2)), reverse=True)
        for before_s in times:
            time = max(end - before_s * 1000, 0)
            lasted_s = draw(st.sampled_from([0, 1, 7, 25, 45, 90, 300, 4000]))
            found.append(sample(camera, draw(st.sampled_from(CONDITIONS)), max(time - lasted_s * 1000, 0), time))
    return tuple(found)


@st.composite
def steady_samples(draw: st.DrawFn, end: int, cameras: Sequence[str]) -> tuple[Sample, ...]:
    """Samples of which most are as they have been: down together, or well."""
    common = draw(st.sampled_from(CONDITIONS[:3]))
    found = []
    for camera in cameras:
        condition: Cause | State = draw(st.sampled_from([common, common, common, State.OK, Cause.UNREACHABLE]))
        lasted_s = draw(st.sampled_from([5, 20, 30, 31, 60]))
        found.append(sample(camera, condition, end - lasted_s * 1000, end))
    return tuple(found)


@st.composite
def devices(draw: st.DrawFn, end: int) -> tuple[DeviceAnswer, ...]:
    chosen = draw(st.lists(st.sampled_from(["switch", "nvr", "gateway"]), unique=True, max_size=2))
    found = []
    for device in chosen:
        since_s, asked_s = draw(st.sampled_from([(0, 0), (10, 0), (200, 10), (200, 100), (200, 150)]))
        found.append(DeviceAnswer(device, draw(st.booleans()), end - since_s * 1000, end - asked_s * 1000))
    return tuple(found)


@st.composite
def starts(draw: st.DrawFn, time: int, before: int | None) -> Start:
    return Start(
        time,
        draw(st.sampled_from(REASONS)),
        "",
        draw(st.sampled_from([None, time - 20_000, time - 3_000_000])),
        draw(st.sampled_from([before, before, None, time - 7000])),
        draw(st.sampled_from([None, True, False])),
    )


@st.composite
def stories(draw: st.DrawFn) -> list[Received]:
    """An agent's life in episodes: each in the same boot or a new one, after a while of any length."""
    received: list[Received] = []
    now, boot, seq = T0, 0, 0
    cameras = draw(st.lists(st.sampled_from(CAMERAS), unique=True, min_size=1, max_size=4))
    for _ in range(draw(st.integers(1, 4))):
        last = now
        now += draw(st.sampled_from([0, 4, 29_990, 31_000, 60_000, 95_000, 400_000, 3_000_000]))
        if draw(st.booleans()):
            boot, seq = boot + 1, 0
        elif draw(st.booleans()):
            seq += draw(st.integers(0, 20))
        if draw(st.integers(0, 3)) == 0:
            cameras = draw(st.lists(st.sampled_from(CAMERAS), unique=True, min_size=1, max_size=4))
        start = draw(starts(now, last)) if draw(st.booleans()) else None
        delay = draw(st.sampled_from([200, 200, 61_000, 900_000]))
        kind = draw(st.sampled_from([samples, steady_samples]))
        for _ in range(draw(st.integers(1, 4))):
            now += draw(st.sampled_from([30_000, 30_003, 29_000, 12_000]))
            batch = Telemetry(
                site=SITE,
                boot=f"boot{boot}",
                seq=seq,
                time=now,
                monotonic_ms=now - T0,
                clock_synchronised=draw(st.sampled_from([True, True, True, None, False])),
                interval_s=draw(st.sampled_from([INTERVAL_S, INTERVAL_S, INTERVAL_S, 60])),
                samples=draw(kind(now, cameras)),
                host=draw(hosts()),
                start=start,
                devices=draw(devices(now)),
            )
            start, seq = None, seq + 1
            if draw(st.integers(0, 5)):
                received.append(Received(now + draw(st.sampled_from([delay, delay, 300])), batch))
        if draw(st.booleans()):
            received.append(draw(words_of_agent(now, f"boot{boot}")))
    return received


@st.composite
def hosts(draw: st.DrawFn) -> Host | None:
    uptime_s = draw(st.sampled_from([None, 40.0, 70.0, 4000.0]))
    return Host(uptime_s=uptime_s, undervoltage=draw(st.sampled_from([None, True, False])))


@st.composite
def words_of_agent(draw: st.DrawFn, now: int, boot: str) -> Received:
    message: Birth | Death = Death(SITE, boot, 1, clean=draw(st.booleans()))
    if draw(st.booleans()):
        start = draw(starts(now - 40_000, now - 90_000))
        cameras = (CameraAbout("cam1"),)
        message = Birth(SITE, boot, 1, now, "1", INTERVAL_S, cameras=cameras, start=start)
    return Received(now + draw(st.sampled_from([10, 100_000])), message, draw(st.booleans()))


@st.composite
def nonsense(draw: st.DrawFn) -> list[Received]:
    """Batches of any time and number: clocks that are set back, two agents with one id, dates of 1970."""
    received: dict[tuple[str, int], Received] = {}
    for _ in range(draw(st.integers(1, 8))):
        boot, seq = draw(st.sampled_from(["a", "b"])), draw(st.integers(0, 5))
        end = T0 + draw(st.integers(0, 400)) * 1000
        if draw(st.integers(0, 6)) == 0:
            end = draw(st.sampled_from([5000, T0 + 90_000_000]))
        start = draw(starts(end - 20_000, None)) if draw(st.integers(0, 3)) == 0 and end > 20_000 else None
        synchronised = draw(st.sampled_from([True, False, None]))
        batch = Telemetry(
            SITE, boot, seq, end, 0, synchronised, INTERVAL_S, draw(samples(end, CAMERAS[:2])), start=start
        )
        received.setdefault((boot, seq), Received(T0 + draw(st.integers(0, 600)) * 1000, batch))
    return list(received.values())


def histories() -> st.SearchStrategy[list[Received]]:
    return st.one_of(stories(), stories(), nonsense())


def spans() -> st.SearchStrategy[list[tuple[int, int]]]:
    """Stretches of time, in which the collector listens or something is planned."""
    moment = st.integers(-10, 120).map(lambda half_minutes: T0 + half_minutes * 30_000 + 11)
    return st.lists(st.tuples(moment, moment).map(lambda pair: (min(pair), max(pair))), max_size=4)
