"""A real agent whose spooled samples are captured, and whose clock the test sets.

    python -m tests.chaos.agent CONFIG

The folder of CONFIG also holds `machine.json` (boot, offset_ms, synchronised: the state of the machine's clock)
and the capture. The samples of a camera whose URL ends with `/generated` are generated here, with their number in
`width` and their true time in `height`. Any other camera is watched as usual.
"""

import asyncio
import json
import random
import signal
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from pantau_agent.assessment.observation import Observation
from pantau_agent.config import AgentConfig, Camera, load
from pantau_agent.host import ClockStatus, Machine
from pantau_agent.link import Link, traffic
from pantau_agent.picture.decoder import Decoder
from pantau_agent.run import Agent
from pantau_agent.spool import Batch, Spool, acknowledgements
from pantau_agent.watching.watch import watch
from pantau_contract.messages import Sample, Telemetry
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import decode
from pantau_service import log
from pantau_service.systemd import Notifier
from tests.chaos.capture import SampleCapture

_CAUSES = (None, None, None, Cause.STALLED, Cause.REFUSED, Cause.LOW_FPS, Cause.FROZEN)


class SetClock:
    """The machine's clock, wrong by what `machine.json` says."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self, folder: Path) -> None:
        self._path = folder / "machine.json"

    def read(self) -> dict[str, Any]:
        return dict(json.loads(self._path.read_bytes()))

    def time_ms(self) -> int:
        return time.time_ns() // 1_000_000 + int(self.read()["offset_ms"])

    def lost_since(self, _since: float) -> float:
        return 0.0


class SetMachine(Machine):
    """A machine whose boot and clock state are what `machine.json` says."""

    def __init__(self, folder: Path, clock: SetClock) -> None:
        super().__init__(folder)
        self._set_clock = clock

    def clock(self) -> ClockStatus:
        return ClockStatus(bool(self._set_clock.read()["synchronised"]), "the test")

    def boot(self) -> str:
        return str(self._set_clock.read()["boot"])


class CapturingSpool(Spool):
    """The agent's spool, which captures what goes into it."""

    site: str
    capture: SampleCapture

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._only_in_memory: list[Batch] = []

    async def append(
        self, payload: bytes, *, clock_synchronised: bool | None = None, reports_drop: bool = False
    ) -> Batch:
        telemetry = decode(Topic(self.site, TopicKind.TELEMETRY), payload)
        assert isinstance(telemetry, Telemetry)
        self.capture.offered(telemetry)
        batch = await super().append(payload, clock_synchronised=clock_synchronised, reports_drop=reports_drop)
        self._only_in_memory.append(batch)
        if self._queue.file is not None and not self._queue.in_memory:
            for spooled in self._only_in_memory:
                self.capture.spooled(spooled.boot, spooled.seq)
            self._only_in_memory.clear()
        return batch


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def generate(camera: Camera) -> AsyncGenerator[Observation, None]:
    """Generate the observations of a camera whose state changes every few seconds."""

    async def observations() -> AsyncGenerator[Observation, None]:
        state, cause, since = State.OK, None, monotonic_ms()
        while True:
            now_ms, changed = monotonic_ms(), random.random() < 0.05
            if changed:
                cause, since = random.choice(_CAUSES), now_ms
                state = STATE_OF[cause] if cause else State.OK
            yield Observation(
                Sample(
                    camera.id,
                    now_ms,
                    state,
                    since,
                    cause,
                    width=now_ms,
                    height=time.time_ns() // 1_000_000,
                    fps=round(random.gauss(25, 1), 2),
                    bitrate_kbps=round(random.gauss(400, 40), 1),
                ),
                changed,
            )
            await asyncio.sleep(random.uniform(0.1, 0.4))

    return observations()


async def run(config: AgentConfig, folder: Path) -> None:
    """Run the agent like `pantau_agent.run.run`, with the test's clock, machine, spool and cameras."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = SetClock(folder)
    machine = SetMachine(folder, clock)
    generated = {camera.id for camera in config.camera if (camera.url or "").endswith("/generated")}
    # Clocks are set within seconds here as elsewhere, but reports are sixty times as frequent.
    traffic.CLOCK_SET_WITHIN_INTERVALS = 120
    # A broker that has written nothing for longer than this loses what only its next loss of power shows.
    acknowledgements.BROKER_WRITES_WITHIN_S = 3
    acknowledgements.RECEIPT_WITHIN_S = 2.0
    CapturingSpool.site = config.site.id
    CapturingSpool.capture = SampleCapture(folder / "capture", numbered=bool(generated))
    spool = await CapturingSpool.open(
        config.spool.path,
        max_bytes=config.spool.max_mb * 1e6,
        max_age_s=config.spool.max_age_days * 86400,
        machine_boot=machine.boot(),
        clock=clock,
    )
    wanted = {camera.id: asyncio.Event() for camera in config.camera}
    agent = Agent(config, spool, Link(config, spool, clock), machine, clock, Notifier({}), wanted)
    async with Decoder(clock) as decoder:
        await agent.run(
            lambda camera: generate(camera) if camera.id in generated else watch(camera, decoder, clock), stop
        )


if __name__ == "__main__":
    log.set_up("info", as_json=True, to_journal=False)
    path = Path(sys.argv[1])
    asyncio.run(run(load(path), path.parent))
