"""Measures how soon each of simcam's faults and its end are reported: `python -m benchmarks.faults --trials 100`.

Many cameras go from one fault to the next at once, all watched in this process as an agent does it. The time runs
from the request that sets the fault to the observation that reports it.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress

from benchmarks.fault_endings import ENDINGS
from benchmarks.fault_table import DISTURBED_S, PICTURE_DISTURBED_S, Trial, as_markdown, rows_of, show
from pantau_agent.assessment.picture_sampler import SOON_AGAIN_S
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera
from pantau_agent.event_loop import new_event_loop
from pantau_agent.picture.decoder import Decoder, JudgedPicture
from pantau_agent.picture.settings import PictureSettings
from pantau_agent.streams.keyframe import Keyframe
from pantau_agent.watching.host_limits import HostLimits
from pantau_agent.watching.sessions import PROVEN_S
from pantau_agent.watching.watch import watch
from pantau_contract.states import Cause, State
from pantau_simcam import Fault
from pantau_simcam.footage.take import GOP_S, LOOP_S

FPS = 15
"""Frames per second of each simulated camera."""
KEYFRAME_S = 2.0
"""Seconds between keyframes of each simulated camera."""
SETTLED_S = PROVEN_S + 2
"""Seconds that a camera must be well before its next fault: its retries start from the beginning then."""
PICTURE_SETTLED_S = SOON_AGAIN_S + 2
"""The same before a fault of the picture: the picture sampler starts from the beginning then."""
LEARNED_PICTURES = 14
"""Pictures after which the judge knows a camera, since it need not learn for hours here."""
REPORTED_WITHIN_S = 150.0
"""Seconds after which a fault counts as missed."""
CLEARED_WITHIN_S = 200.0
"""Seconds after a fault's end after which its report counts as stuck."""
NO_OUTAGE_S = 10.0
"""Seconds in which a fault that is no outage must not be reported."""
SCENES = 4
"""Different scenes of the simulated cameras."""
REHEARSAL_S = 10.0
"""Seconds that simcam may take to film a fault in each of its scenes, before trials begin."""
WIDE = 200
"""Columns of the table when it goes into a file."""


@dataclass(frozen=True, slots=True)
class Report:
    """A reported change, and when it arrived (seconds, monotonic)."""

    at: float
    state: State
    cause: Cause | None


class WatchedCamera:
    """Watches one camera and keeps what is reported of it."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.reports: list[Report] = []
        self.pictures = 0
        self._observed = asyncio.Event()

    async def follow(self, decoder: Decoder, host_limits: HostLimits) -> None:
        """Watch until cancelled."""
        async for observation in watch(self.camera, decoder, SystemClock(), host_limits=host_limits):
            self.pictures += observation.snapshot is not None
            if observation.changed:
                self.reports.append(Report(time.monotonic(), observation.sample.state, observation.sample.cause))
            self._observed.set()

    @property
    def well(self) -> bool:
        """True if nothing is wrong now."""
        return bool(self.reports) and self.reports[-1].state is State.OK

    def well_for(self, seconds: float) -> bool:
        """Return True if nothing has been wrong for that long."""
        return self.well and time.monotonic() - self.reports[-1].at >= seconds

    async def until(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Return True if `condition` becomes true in time; it is checked at each observation."""
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    self._observed.clear()
                    await self._observed.wait()
        except TimeoutError:
            return False
        return True


class Control:
    """Sets and ends faults through simcam's control interface."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=8), timeout=60)

    async def set(self, camera: str, fault: Fault) -> None:
        """Make a camera fail."""
        (await self._client.put(f"/cameras/{camera}/fault", json={"fault": fault.value})).raise_for_status()

    async def clear(self, camera: str) -> None:
        """End a camera's fault."""
        (await self._client.delete(f"/cameras/{camera}/fault")).raise_for_status()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class Lateness:
    """Measures how late this process is woken each tenth of a second: the machine's own part of the times."""

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []

    async def measure(self) -> None:
        """Measure until cancelled."""
        while True:
            due = time.monotonic() + 0.1
            await asyncio.sleep(0.1)
            self._late.append((due, time.monotonic() - due))

    def record(self, late: float) -> None:
        """Record a wait of `late` seconds that ends now, measured elsewhere."""
        self._late.append((time.monotonic() - late, late))

    def worst(self, since: float, until: float) -> float:
        """Return the longest wait in seconds between two times (monotonic)."""
        return max((late for due, late in self._late if since - late <= due <= until), default=0.0)


class TimedDecoder(Decoder):
    """The agent's decoder without hours of learning; it records how long each picture waited and was judged."""

    def __init__(self, lateness: Lateness, cameras: Iterable[str]) -> None:
        super().__init__(SystemClock(), settings=dict.fromkeys(cameras, PictureSettings(learning_s=0)))
        self._lateness = lateness

    async def judge(
        self, camera: str, keyframe: Keyframe, *, interval_s: float = 30.0, static_stream: bool = False
    ) -> JudgedPicture:
        """Judge as the agent's decoder does."""
        began = time.monotonic()
        judged = await super().judge(camera, keyframe, interval_s=interval_s, static_stream=static_stream)
        self._lateness.record(time.monotonic() - began)
        return judged


async def try_fault(watched: WatchedCamera, control: Control, fault: Fault, lateness: Lateness) -> Trial:
    """Make one camera fail and recover, and return the times."""
    ending, camera = ENDINGS[fault], watched.camera.id
    settled_s = PICTURE_SETTLED_S if ending.picture else SETTLED_S
    if not await watched.until(lambda: watched.well_for(settled_s), CLEARED_WITHIN_S):
        return Trial(fault, said=("not well before",))
    await asyncio.sleep(random.uniform(0, 2))
    before, began = len(watched.reports), time.monotonic()
    await control.set(camera, fault)
    asked_s = time.monotonic() - began
    if not ending.causes:
        changed = await watched.until(lambda: len(watched.reports) > before, NO_OUTAGE_S)
        said = tuple(str(one.cause or one.state) for one in watched.reports[before:])
        late = max(asked_s, lateness.worst(began, time.monotonic()))
        return Trial(fault, None, None if changed else 0.0, None if changed else 0.0, said, late)

    def after(fits: Callable[[Report], bool]) -> float | None:
        return next((one.at - began for one in watched.reports[before:] if fits(one)), None)

    await watched.until(lambda: after(lambda one: one.cause in ending.causes) is not None, REPORTED_WITHIN_S)
    told = after(lambda one: one.state in ending.states)
    named = after(lambda one: one.cause in ending.causes)
    said = tuple(str(one.cause or one.state) for one in watched.reports[before:])
    over = time.monotonic()
    late = max(asked_s, lateness.worst(began, over))
    await control.clear(camera)
    cleared = await watched.until(lambda: watched.well, CLEARED_WITHIN_S)
    return Trial(fault, told, named, time.monotonic() - over if cleared else None, said, late)


async def try_faults(
    watched: WatchedCamera, faults: list[Fault], attempt: Callable[[WatchedCamera, Fault], Awaitable[None]]
) -> None:
    """Try the faults of a list that many cameras share, until none is left."""
    if watched.camera.picture_interval_s < 30:
        await watched.until(lambda: watched.pictures >= LEARNED_PICTURES, 600)
    while faults:
        await attempt(watched, faults.pop())


async def rehearse(cameras: list[str], control: Control, faults: list[Fault]) -> None:
    """Make simcam film all faults beforehand, on cameras that take part in no trial."""
    for fault in faults:
        # a picture may freeze at any keyframe of the loop
        for _ in range(round(LOOP_S / GOP_S) if fault is Fault.FREEZE else 1):
            for camera in cameras:
                await control.set(camera, fault)
            await asyncio.sleep(GOP_S if fault is Fault.FREEZE else REHEARSAL_S)
    for camera in cameras:
        await control.clear(camera)


async def run(
    options: argparse.Namespace, urls: dict[str, str], control: Control, progress: Progress
) -> list[Trial]:
    """Run all trials. Faults of the stream and of the picture have separate cameras."""
    trials: list[Trial] = []
    ours = {fault: ending for fault, ending in ENDINGS.items() if fault in options.faults}
    jobs = {
        picture: [fault for fault, ending in ours.items() if ending.picture is picture] * options.trials
        for picture in (False, True)
    }
    task = progress.add_task("trials", total=sum(map(len, jobs.values())))

    lateness = Lateness()

    async def attempt(watched: WatchedCamera, fault: Fault) -> None:
        try:
            trial = await try_fault(watched, control, fault, lateness)
        except httpx.HTTPError as error:
            trial = Trial(fault, said=(f"simcam did not answer ({error!r})",))
        trials.append(trial)
        progress.advance(task)

    rehearsing, names = list(urls)[:SCENES], list(urls)[SCENES:]
    stream, picture = names[: options.cameras], names[options.cameras :]
    host_limits = HostLimits(max_connecting=len(urls))  # they are on one host only because they are simulated
    async with TimedDecoder(lateness, urls) as decoder, asyncio.TaskGroup() as watching:
        following = [watching.create_task(lateness.measure())]

        def watched(name: str, interval_s: float) -> WatchedCamera:
            camera = Camera(
                id=name,
                url=urls[name],
                expected_fps=FPS,
                expected_keyframe_interval_s=KEYFRAME_S,
                picture_interval_s=interval_s,
            )
            one = WatchedCamera(camera)
            following.append(watching.create_task(one.follow(decoder, host_limits)))
            return one

        for name in rehearsing:
            watched(name, 3600)
        working = [
            (watched(name, interval_s), jobs[kind])
            for kind, group, interval_s in ((False, stream, 30), (True, picture, options.picture_interval))
            for name in group[: len(jobs[kind])]
        ]
        for faults in jobs.values():
            random.Random(1).shuffle(faults)
        await rehearse(rehearsing, control, [fault for fault in ours if fault in FILMED])
        await asyncio.gather(*(try_faults(one, faults, attempt) for one, faults in working))
        for one in following:
            one.cancel()
    return trials


FILMED = [fault for fault, ending in ENDINGS.items() if ending.picture] + [Fault.LOW_FPS, Fault.SLOW_KEYFRAMES]


@contextmanager
def simulated(count: int) -> Iterator[tuple[dict[str, str], str]]:
    """Run cameras in another process; yield their URLs by id, and the URL of the control interface."""
    command = [sys.executable, "-m", "pantau_simcam", "--json", "--port-per-camera", "--control-port", "0"]
    command += ["--cameras", str(count), "--fps", str(FPS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            addresses = json.loads(process.stdout.readline())
            yield addresses["cameras"], addresses["control"]
        finally:
            process.terminate()


async def measure(options: argparse.Namespace, console: Console) -> list[Trial]:
    """Run simulated cameras and all trials on them."""
    with simulated(2 * options.cameras + SCENES) as (urls, control_url), Progress(console=console) as progress:
        control = Control(control_url)
        try:
            return await run(options, urls, control, progress)
        finally:
            await control.close()


def main() -> int:
    """Measure and print; return 1 if a fault or its end was not reported."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--trials", type=int, default=10, help="of each fault")
    parser.add_argument("--cameras", type=int, default=64, help="for faults of the stream, and as many for others")
    parser.add_argument("--picture-interval", type=float, default=4, help="seconds; of the latter cameras")
    parser.add_argument("--faults", type=Fault, nargs="*", default=list(ENDINGS), help="only these")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="a directory for the table and every trial")
    options = parser.parse_args()
    console = Console(stderr=options.json, width=None if sys.stdout.isatty() else WIDE)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        trials = runner.run(measure(options, Console(stderr=True)))
    rows = rows_of(trials)
    note = (
        f"Pictures each {options.picture_interval:g} s, keyframes each {KEYFRAME_S:g} s. Times are of undisturbed "
        f"trials: neither we, the decoder nor the cameras were kept waiting by the machine for over "
        f"{DISTURBED_S:g} s, of picture faults {PICTURE_DISTURBED_S:g} s. A fault's first picture comes within "
        f"2 s where its size gives it away, else within the picture interval, which is 30 s unless configured."
    )
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "faults.json").write_text(json.dumps([asdict(trial) for trial in trials]), "utf-8")
        (options.out / "faults.md").write_text(as_markdown(rows, note), "utf-8")
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
    else:
        show(rows, note, console)
    return 1 if any(row.missed or row.stuck for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
