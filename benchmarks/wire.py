"""Measures what a camera costs on the wire and on the SD card: `python -m benchmarks.wire`.

One site has 16 cameras of two makes and a report every 30 s. Each measure varies as a real one does, and a quarter
of each camera's ten picture faults show slight evidence. All passes through the agent's rounding, contract and
spool.
"""

import argparse
import asyncio
import gzip
import json
import random
import tempfile
from pathlib import Path

import msgspec

from pantau_agent.reporting.precision import Precision
from pantau_agent.spool import Spool
from pantau_agent.spool.dating import date_batch
from pantau_contract.messages import Host, Sample, Telemetry
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode

CAMERAS = 16
"""Cameras of the site."""
INTERVAL_S = 30
"""Seconds between two reports."""
BATCHES = 300
"""Reports that are measured."""
DAY_S = 86_400
START_MS = 1_790_000_000_000
"""Unix time of the first report, in milliseconds."""
_PUBLISH_HEADER = 7
"""Bytes of an MQTT 3.1.1 PUBLISH header with QoS 1: type, length (2), length of the topic (2), packet id (2)."""
_FAULTS = [cause for cause in Cause if STATE_OF[cause] is State.IMPAIRED]
_NAMES = ("kabil-utara", "kabil-selatan", "kabil-halte", "alun-panggung", "nongsa-dermaga", "simpang-engku")


class MeasuredCamera:
    """The measures of one camera, varying around their means."""

    def __init__(self, number: int, rng: random.Random) -> None:
        self._rng = rng
        self._id = f"{rng.choice(_NAMES)}-{number}"
        self._codec, self._size, self._fps = (("h264", (640, 360), 25), ("h265", (704, 576), 15))[number % 2]
        self._since = START_MS - rng.randrange(10**9)
        self._kbps = rng.uniform(300, 2000)
        self._session = rng.uniform(1, 30), rng.uniform(30, 100), rng.uniform(100, 2000)
        self._evidence = {cause: rng.uniform(0, 0.3) * (rng.random() < 0.25) for cause in _FAULTS}
        self._offset_s = rng.uniform(-0.5, 0.5)

    def sample(self, time_ms: int) -> Sample:
        """Return the sample of `time_ms`, unrounded."""
        gauss = self._rng.gauss
        return Sample(
            self._id,
            time_ms,
            State.OK,
            self._since,
            codec=self._codec,
            width=self._size[0],
            height=self._size[1],
            fps=self._fps + gauss(0, 0.05),
            bitrate_kbps=self._kbps * gauss(1, 0.05),
            keyframe_interval_s=2 + gauss(0, 0.005),
            rtp_loss_pct=0.0,
            jitter_ms=abs(gauss(3, 1)),
            connect_ms=self._session[0],
            first_packet_ms=self._session[1],
            first_keyframe_ms=self._session[2],
            clock_offset_s=self._offset_s + gauss(0, 0.01),
            transport="tcp",
            evidence={
                cause: min(1.0, max(0.0, value + gauss(0, 0.02))) if value else 0.0
                for cause, value in self._evidence.items()
            },
        )


def batches(rng: random.Random) -> list[Telemetry]:
    """Return consecutive batches, unrounded."""
    cameras = [MeasuredCamera(number, rng) for number in range(1, CAMERAS + 1)]
    made = []
    for seq in range(BATCHES):
        time_ms = START_MS + 1000 * INTERVAL_S * seq + rng.randrange(5)
        host = Host(
            cpu_pct=round(rng.uniform(5, 30), 1),
            load_1m=round(rng.uniform(0.1, 1), 2),
            memory_used_pct=round(rng.uniform(20, 40), 1),
            disk_used_pct=31.2,
            disk_free_mb=rng.randrange(20_000, 20_010),
            temperature_c=round(rng.uniform(45, 60), 1),
            throttled=False,
            undervoltage=False,
            uptime_s=500_000 + INTERVAL_S * seq,
            agent_memory_mb=rng.randrange(60, 70),
            spool_batches=0,
            spool_mb=0.05,
        )
        samples = tuple(camera.sample(time_ms - rng.randrange(1000)) for camera in cameras)
        made.append(
            Telemetry(
                site="simpang-kabil",
                boot="0123456789abcdef",
                seq=seq,
                time=time_ms,
                monotonic_ms=500_000_000 + 1000 * INTERVAL_S * seq,
                clock_synchronised=True,
                interval_s=INTERVAL_S,
                samples=samples,
                host=host,
            )
        )
    return made


def rounded(unrounded: list[Telemetry]) -> list[Telemetry]:
    """Return the batches as the agent reports them."""
    precision = Precision()
    return [
        date_batch(
            msgspec.structs.replace(
                batch,
                samples=tuple(precision.round(sample, batch.monotonic_ms / 1000) for sample in batch.samples),
            ),
            batch.time - batch.monotonic_ms,
        )
        for batch in unrounded
    ]


def kb_a_day(payloads: list[bytes]) -> float:
    """Return 10^3 bytes per camera and day."""
    return sum(map(len, payloads)) / len(payloads) * DAY_S / INTERVAL_S / CAMERAS / 1000


async def spool_mb_a_day(payloads: list[bytes]) -> float:
    """Return 10^6 bytes per day that the spool writes to the disk, if each batch is acknowledged immediately."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder) / "spool.sqlite"
        clock = _IntervalClock()
        spool = await Spool.open(path, max_bytes=1e9, max_age_s=1e6, machine_boot="b", clock=clock)
        before = _bytes_written()
        for payload in payloads:
            clock.number += 1
            spool.acknowledge((await spool.append(payload, clock_synchronised=True)).id)
        written = _bytes_written() - before
        await spool.close()
    return written / len(payloads) * DAY_S / INTERVAL_S / 1e6


class _IntervalClock:
    """A clock that advances by one interval at a time."""

    number = 0

    def time_ms(self) -> int:
        return START_MS + 1000 * INTERVAL_S * self.number

    def monotonic(self) -> float:
        return float(INTERVAL_S * self.number)

    def lost_since(self, _since: float) -> float:
        return 0.0


def _bytes_written() -> int:
    """Return the bytes that this process has written to a disk (proc(5), /proc/pid/io)."""
    lines = Path("/proc/self/io").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    raw = batches(random.Random(3))
    reported = rounded(raw)
    sent = [encode(batch, compress=True) for batch in reported]
    topic = len(str(Topic(raw[0].site, TopicKind.TELEMETRY)))
    figures = {
        "JSON with every digit, kB a camera and day": kb_a_day([encode(batch) for batch in raw]),
        "the same in gzip": kb_a_day([gzip.compress(encode(batch)) for batch in raw]),
        "rounded, in gzip": kb_a_day([gzip.compress(encode(batch)) for batch in reported]),
        "rounded, by columns, zlib with the preset dictionary: as it is sent (<= 100)": kb_a_day(sent),
        "with MQTT's header and topic": kb_a_day([payload + bytes(_PUBLISH_HEADER + topic) for payload in sent]),
        "written to the SD card by the spool, MB a day for 16 cameras (<= 100)": asyncio.run(spool_mb_a_day(sent)),
    }
    if options.json:
        print(json.dumps({name: round(value, 1) for name, value in figures.items()}))
        return
    print(f"{CAMERAS} cameras, a report each {INTERVAL_S} s\n")
    for name, value in figures.items():
        print(f"| {name:<78} | {value:8.1f} |")


if __name__ == "__main__":
    main()
