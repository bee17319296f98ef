"""Faults are caused on the real programs, and `pantau-collector ledger` has their time in the right bucket."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from pantau_collector.data_dir import DataDir
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Bucket, Evidence, Ledger
from pantau_collector.ledger.interval import clip
from pantau_collector.store import Store
from pantau_simcam import Simcam
from tests.agent.eventually import eventually
from tests.chaos.relay import Network, Relay
from tests.collector.whole.city import Collector
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port
from tests.simcam.small import spec

STOPPED_S, UNSEEN_S = 1.5, 4.0
"""Seconds for which the agent is stopped, and for which nothing arrives: over two, or it would be in time."""

WORKING = Bucket.WORKING, Evidence.SAMPLES


@pytest.fixture
def line(mosquitto: Mosquitto) -> Iterator[tuple[int, Relay]]:
    """Yield the port at which the agent reaches the broker, and the line between them."""
    network, port = Network(), free_port()
    yield port, network.relay(port, mosquitto.port)
    network.stop()


class Site:
    """The ledger of the one camera, read from the collector's state while that runs."""

    def __init__(self, collector: Collector) -> None:
        self._data = collector.data
        self._config = collector.config

    def share(self, from_ms: int, to_ms: int, bucket: Bucket, evidence: Evidence) -> float:
        """Return the part of a stretch that is in a bucket by an evidence."""
        with closing(Store.at(DataDir(self._data).store)) as store:
            found = Ledger(store, Inventory()).intervals("kabil", "gate", from_ms, to_ms)
        mine = [each for each in clip(found, from_ms, to_ms) if (each.bucket, each.evidence) == (bucket, evidence)]
        return sum(each.ms for each in mine) / (to_ms - from_ms)

    async def becomes(self, stretch: list[int], bucket: Bucket, evidence: Evidence) -> bool:
        """Return True once most of a stretch is in a bucket, and the command says the same."""
        if not await eventually(lambda: self.share(stretch[0], stretch[1], bucket, evidence) > 0.6):
            return False
        told = await asyncio.to_thread(self._told, *stretch)
        mine = [each for each in told["intervals"] if (each["bucket"], each["evidence"]) == (bucket, evidence)]
        ms = sum(each["to_ms"] - each["from_ms"] for each in mine)
        assert sum(told["ms"].values()) == stretch[1] - stretch[0], told
        assert told["ms"][bucket] >= ms > 0.6 * (stretch[1] - stretch[0]), told
        return True

    def _told(self, from_ms: int, to_ms: int) -> dict[str, Any]:
        """Return what `pantau-collector ledger --json` says of a stretch."""
        times = [
            datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds") for ms in (from_ms, to_ms)
        ]
        command = [
            sys.executable,
            "-m",
            "pantau_collector",
            "ledger",
            "kabil/gate",
            "--from",
            times[0],
            "--to",
            times[1],
        ]
        options = ["--json", "--config", str(self._config)]
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told


@contextmanager
def stretch() -> Iterator[list[int]]:
    """Measure when what is done in between began and ended, UTC ms."""
    times = [now_ms()]
    yield times
    times.append(now_ms())


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def agent(folder: Path, port: int, url: str) -> Server:
    config = folder / "agent.toml"
    content = {
        "site": {"id": "kabil"},
        "broker": {"host": "127.0.0.1", "port": port},
        "report": {"interval_s": 0.5},
        "spool": {"path": "spool.sqlite"},
        "camera": [{"id": "gate", "url": url}],
    }
    config.write_text(tomli_w.dumps(content))
    command = [sys.executable, "-m", "pantau_agent", "run", "--config", str(config)]
    return Server(command, ready=(folder / "spool.sqlite").exists, log=folder / "agent.log")


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


async def restart(server: Server, *, between: Callable[[], object] = lambda: None) -> None:
    server.kill()
    between()
    await asyncio.sleep(STOPPED_S)
    await asyncio.to_thread(server.start)


def change_boot(spool: Path) -> None:
    """Make it look as if the agent had run in an earlier boot of its machine."""
    with closing(sqlite3.connect(spool)) as connection, connection:
        connection.execute("UPDATE note SET value = 'an earlier boot' WHERE key = 'machine_boot'")


async def test_time_is_whose_fault_it_was(mosquitto: Mosquitto, line: tuple[int, Relay], tmp_path: Path) -> None:
    port, relay = line
    rules = {"restart_grace_s": 0}
    collector = Collector(tmp_path / "collector", mosquitto.port, incidents=rules)
    site = Site(collector)
    async with Simcam([spec("gate")]) as simcam, running(collector):
        await simcam.filmed()
        async with running(agent(tmp_path, port, simcam.url("gate"))) as machine:
            assert await eventually(lambda: site.share(now_ms() - 3000, now_ms(), *WORKING) > 0.3)

            with stretch() as killed:
                await restart(machine)
            assert await site.becomes(killed, Bucket.WATCHER, Evidence.AGENT_RESTARTED)

            with stretch() as without_power:
                await restart(machine, between=lambda: change_boot(tmp_path / "spool.sqlite"))
            assert await site.becomes(without_power, Bucket.POWER, Evidence.NEW_BOOT)

            with stretch() as cut:
                relay.cut()
                await asyncio.sleep(UNSEEN_S)
                relay.restore(close=False)
            assert await site.becomes(cut, Bucket.LINK, Evidence.BACKLOG)

            with stretch() as away:
                await asyncio.to_thread(collector.stop)
                await asyncio.sleep(UNSEEN_S)
                await asyncio.to_thread(collector.start)
            assert await site.becomes(away, Bucket.WATCHER, Evidence.COLLECTOR_AWAY)
