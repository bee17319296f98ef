"""The sites that report beside a hostile one: `python -m benchmarks.hostile_city PORT FOLDER SITES SECONDS`.

Real links with real spools, in one process. Each outage is printed as it begins, one JSON object a line, and at
the end how many batches each site has made.
"""

import asyncio
import json
import random
import sys
import time
from pathlib import Path

from pantau_agent.clock import SystemClock
from pantau_agent.config import AgentConfig, Broker, Camera, Report, Site, SpoolConfig
from pantau_agent.link import Link
from pantau_agent.spool import Spool
from pantau_contract.messages import CameraState, Sample, Telemetry
from pantau_contract.states import Cause, State
from pantau_contract.wire import encode

CAMERAS = 16
"""Cameras of a site."""
INTERVAL_S = 5.0
"""Seconds between two batches of a site."""
OUTAGE_EVERY_S = 0.5
"""Seconds from one outage in the city to the next, at least."""
OUTAGES_OF_SITE = 5
"""Outages of one site at most: a recipient is told of six in an hour at once, and of more in one letter later."""
OUTAGE_S = 6.0
"""Seconds that an outage lasts."""


class ReportingSite:
    """One site: its link and spool, and which of its cameras are down since when."""

    def __init__(self, site: str, link: Link, spool: Spool) -> None:
        self.site = site
        self.link = link
        self.spool = spool
        self.boot = spool.boot
        self.batches = 0
        self._down: dict[str, int] = {}
        self._reporting = asyncio.Lock()

    async def report(self) -> None:
        """Report all cameras in one batch, one after the other, as each has the next number."""
        async with self._reporting:
            await self._report()

    async def _report(self) -> None:
        now_ms = SystemClock.time_ms()
        samples = tuple(self._sample(f"cam{number}", now_ms) for number in range(CAMERAS))
        monotonic_ms = int(SystemClock.monotonic() * 1000)
        batch = Telemetry(
            self.site, self.boot, self.spool.next_seq, now_ms, monotonic_ms, True, INTERVAL_S, samples
        )
        self.link.offer_batch(await self.spool.append(encode(batch, compress=True), clock_synchronised=True))
        self.batches += 1

    def _sample(self, camera: str, now_ms: int) -> Sample:
        since = self._down.get(camera)
        if since is None:
            return Sample(camera, now_ms, State.OK, now_ms, fps=25.0, bitrate_kbps=400.0)
        return Sample(camera, now_ms, State.DOWN, since, Cause.REFUSED)

    async def suffer(self, camera: str) -> None:
        """Let a camera fail for a while, and report both changes at once, as an agent does."""
        now_ms = SystemClock.time_ms()
        self._down[camera] = now_ms
        print(json.dumps({"site": self.site, "camera": camera, "since": now_ms}), flush=True)
        self._offer(camera, State.DOWN, Cause.REFUSED)
        await self.report()
        await asyncio.sleep(OUTAGE_S)
        del self._down[camera]
        self._offer(camera, State.OK, None)
        await self.report()

    def _offer(self, camera: str, state: State, cause: Cause | None) -> None:
        now_ms = SystemClock.time_ms()
        seq = self.spool.next_seq
        self.link.offer_state(
            CameraState(self.site, camera, self.boot, seq, now_ms, state, now_ms, cause), at_once=True
        )


def configuration(site: str, port: int, folder: Path) -> AgentConfig:
    """Return a site's configuration; its password is its name."""
    return AgentConfig(
        site=Site(id=site),
        broker=Broker.model_validate({"host": "127.0.0.1", "port": port, "user": site, "password": site}),
        report=Report(interval_s=INTERVAL_S),
        spool=SpoolConfig(path=folder / f"{site}.sqlite"),
        camera=[Camera(id=f"cam{number}", url="rtsp://127.0.0.1:9/") for number in range(CAMERAS)],
    )


async def report_until(over: asyncio.Event, site: ReportingSite, offset_s: float) -> None:
    """Report each interval."""
    await asyncio.sleep(offset_s)
    while not over.is_set():
        await site.report()
        await asyncio.sleep(INTERVAL_S)


async def run(port: int, folder: Path, sites: int, seconds: float) -> None:
    """Run the sites, with outages for some seconds, and then until they are told to end on standard input."""
    clock = SystemClock()
    city: list[ReportingSite] = []
    tasks: list[asyncio.Task[None]] = []
    over = asyncio.Event()
    for number in range(sites):
        config = configuration(f"site{number}", port, folder)
        spool = await Spool.open(config.spool.path, max_bytes=1e9, max_age_s=1e6, machine_boot="b", clock=clock)
        site = ReportingSite(config.site.id, Link(config, spool, clock), spool)
        city.append(site)
        tasks += [
            asyncio.create_task(site.link.run()),
            asyncio.create_task(report_until(over, site, random.uniform(0, INTERVAL_S))),
        ]
    await asyncio.sleep(3 * INTERVAL_S)
    print(json.dumps({"ready": True}), flush=True)
    until_s = time.monotonic() + seconds
    outages: list[asyncio.Task[None]] = []
    every_s = max(OUTAGE_EVERY_S, seconds / (sites * OUTAGES_OF_SITE))
    number = 0
    while time.monotonic() < until_s:
        site, camera = city[number % sites], number // sites % CAMERAS
        outages.append(asyncio.create_task(site.suffer(f"cam{camera}")))
        number += 1
        await asyncio.sleep(every_s)
    await asyncio.gather(*outages)
    over.set()
    await asyncio.gather(*tasks[1::2])
    print(json.dumps({"batches": {site.site: site.batches for site in city}}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for site in city:
        site.link.close(within_s=2)
    await asyncio.gather(*tasks[::2])


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
