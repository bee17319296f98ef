"""The city of `benchmarks.web`: 5,000 cameras on 300 sites, whose agents report to a real broker."""

import itertools
import threading
import time
from pathlib import Path
from typing import Any, cast

import tomli_w
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from pantau_collector.simulation.agents import INTERVAL_S, Agent, VirtualClock, to_record
from pantau_contract.messages import Message
from pantau_contract.states import Cause, State

CAMERAS, SITES = 5_000, 300
OWNERS = 12


class RealClock:
    """The machine's clock, as agents read it."""

    s = 0.0

    def true_ms(self) -> int:
        """Return the UTC time in ms."""
        return time.time_ns() // 1_000_000


def camera_keys() -> list[tuple[str, str]]:
    """Return site and id of every camera."""
    return [(f"site-{i % SITES:03}", f"cam-{i // SITES:02}") for i in range(CAMERAS)]


def write_inventory(path: Path) -> None:
    """Write the city's inventory."""
    owners = itertools.cycle(f"owner-{i}" for i in range(OWNERS))
    sites = [
        {
            "id": f"site-{i:03}",
            "name": f"Simpang {i}",
            "latitude": 1.0 + i / 3000,
            "longitude": 104.0 + i % 20 / 100,
        }
        for i in range(SITES)
    ]
    cameras = [
        {"site": site, "id": camera, "name": f"Arah {camera}", "owner": next(owners), "maintainer": "pt-a"}
        for site, camera in camera_keys()
    ]
    tables: dict[str, Any] = {
        "owner": [{"id": f"owner-{i}", "name": f"Dinas {i}"} for i in range(OWNERS)],
        "maintainer": [{"id": "pt-a", "name": "PT A"}],
        "site": sites,
        "camera": cameras,
    }
    path.write_text(tomli_w.dumps(tables))


class City:
    """The agents of all sites, on one connection. A thread sends each site's batch every 30 s."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="city")
        self._client.max_inflight_messages_set(1000)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._sending = threading.Lock()
        self._stopping = threading.Event()
        clock = cast("VirtualClock", RealClock())
        self._agents: dict[str, Agent] = {}
        for site, camera in camera_keys():
            agent = self._agents.setdefault(site, Agent(site, clock, {}))
            agent.cameras[camera] = (State.OK, None, clock.true_ms() - 3_600_000)
        self._thread = threading.Thread(target=self._report, name="city")

    def start(self) -> None:
        """Have all agents connect, and report from now on."""
        for agent in self._agents.values():
            self._send([*agent.birth(), agent.batch()])
        self._thread.start()

    def change(self, site: str, camera: str, cause: Cause | None) -> None:
        """Have a camera fail, or work again."""
        with self._sending:
            self._send(self._agents[site].set(camera, cause))

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()
        self._client.loop_stop()
        self._client.disconnect()

    def _report(self) -> None:
        for site in itertools.cycle(self._agents):
            if self._stopping.wait(INTERVAL_S / SITES):
                return
            with self._sending:
                self._send([self._agents[site].batch()])

    def _send(self, messages: list[Message]) -> None:
        for message in messages:
            record = to_record(message, 0)
            self._client.publish(record.topic, record.payload, qos=1)
