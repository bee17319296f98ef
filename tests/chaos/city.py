"""The city under test: broker, InfluxDB, collector, agents, the network between them, and their disks."""

import json
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import tomli_w

from tests.chaos.capture import CapturedSamples, read_capture
from tests.chaos.relay import Network, Relay
from tests.servers.influxdb import InfluxDB
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port, is_listening, until

DATABASE = "chaos"
SIMCAM_SITE = "simulated"
"""The site whose cameras are simulated and really watched; those of the other sites are generated."""
_BROKER_COPY_EVERY_S = 3.0
"""Seconds between two copies of the broker's file."""
_BROKER_COPIES = 8
"""Copies that are kept."""
_BROKER_SETTINGS = "allow_anonymous true\nautosave_interval 2\nautosave_on_changes false\n"
"""As our role sets it up, it writes now and then, and loses the rest when it is killed."""
_RESTART_AFTER_S = 1.0
"""Seconds after which a program that ended by itself is started again."""


class Program:
    """A server that is started again when it ends by itself, as by systemd."""

    def __init__(self, name: str, server: Server) -> None:
        self.name = name
        self.server = server
        self.should_run = False
        self.unexpected_exits = 0
        self._start_at = 0.0

    def start(self) -> None:
        self.should_run = True
        self.server.start()

    def kill(self) -> None:
        self.should_run = False
        self.server.kill()

    def supervise(self) -> None:
        if not self.should_run or self.server.running:
            return
        if not self._start_at:
            self.unexpected_exits += 1
            self._start_at = time.monotonic() + _RESTART_AFTER_S
        elif time.monotonic() >= self._start_at:
            self._start_at = 0.0
            self.server.start()


class Broker(Program):
    """The broker, with copies of what it had written, for a loss of power that its disk's cache goes with."""

    def __init__(self, mosquitto: Mosquitto) -> None:
        super().__init__("broker", mosquitto)
        self._database = mosquitto.database
        self._copies: deque[bytes] = deque(maxlen=_BROKER_COPIES)
        self._copy_at = 0.0

    def supervise(self) -> None:
        super().supervise()
        if time.monotonic() >= self._copy_at and self._database.exists():
            self._copy_at = time.monotonic() + _BROKER_COPY_EVERY_S
            self._copies.append(self._database.read_bytes())

    def lose_power(self, choose: Callable[[int], int]) -> None:
        """Kill it, and put its file back to a copy, or to none; `choose` returns a number below the given one."""
        self.kill()
        copies = [None, *self._copies]
        chosen = copies[choose(len(copies))]
        self._copies.clear()
        if chosen is None:
            self._database.unlink(missing_ok=True)
        else:
            self._database.write_bytes(chosen)


class Disk:
    """A small disk that can be filled, or a plain folder if mounting is not allowed."""

    def __init__(self, folder: Path, *, mb: int) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        command = ["mount", "-t", "tmpfs", "-o", f"size={mb}m", "tmpfs", str(folder)]
        self.mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0

    def fill(self) -> None:
        with (self.folder / "ballast").open("wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def unmount(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class Site:
    """A site: its agent, its relay to the broker, and its machine's clock."""

    def __init__(self, folder: Path, name: str, urls: Sequence[str], network: Network, broker_port: int) -> None:
        self.name = name
        self.disk = Disk(folder / name, mb=24)
        self.folder = folder / f"{name}-machine"
        self.folder.mkdir()
        port = free_port()
        self.relay = network.relay(port, broker_port)
        self.spool = self.disk.folder / "spool.sqlite"
        self.reboot(offset_ms=0, synchronised=True)
        config = self.folder / "agent.toml"
        config.write_text(
            tomli_w.dumps(
                {
                    "site": {"id": name},
                    "broker": {"host": "127.0.0.1", "port": port},
                    "report": {"interval_s": 0.5, "snapshot_interval_s": 60},
                    "spool": {"path": str(self.spool), "backlog_per_s": 100},
                    "camera": [
                        {"id": f"cam{number}", "url": url, "picture_interval_s": 5, "timeout_s": 5}
                        for number, url in enumerate(urls, 1)
                    ],
                }
            )
        )
        command = [sys.executable, "-m", "tests.chaos.agent", str(config)]
        self.program = Program(name, Server(command, ready=lambda: True, log=folder / f"{name}.log"))

    def reboot(self, *, offset_ms: int, synchronised: bool) -> None:
        """Give the machine another boot id and clock; the site's agent must not be running."""
        self._boot = uuid.uuid4().hex
        self.set_clock(offset_ms=offset_ms, synchronised=synchronised)

    def set_clock(self, *, offset_ms: int, synchronised: bool) -> None:
        """Set how wrong the machine's clock is."""
        new = self.folder / "machine.new"
        new.write_text(
            json.dumps({"boot": self._boot, "offset_ms": offset_ms, "synchronised": synchronised}), "utf-8"
        )
        new.replace(self.folder / "machine.json")


class City:
    """Every program of the city; `with` starts and ends them."""

    def __init__(self, folder: Path, *, sites: int, cameras: int, simcam_cameras: int) -> None:
        self.folder = folder
        self._collectors_clock = folder / "collector-clock"
        self.network = Network()
        self.collector_disk = Disk(folder / "collector", mb=256)
        broker = Mosquitto(folder / "mosquitto", settings=_BROKER_SETTINGS)
        influx = InfluxDB(folder / "influxdb")
        self.influx = influx
        self.broker = Broker(broker)
        self.influx_program = Program("influxdb", influx)
        self.simcam = self._simcam(simcam_cameras) if simcam_cameras else None
        to_broker, to_influx, self.wall = free_port(), free_port(), free_port()
        self.relays = {
            "collector to broker": self.network.relay(to_broker, broker.port),
            "collector to influxdb": self.network.relay(to_influx, influx.port),
        }
        names = {f"site{number}": ["rtsp://127.0.0.1:1/generated"] * cameras for number in range(1, sites + 1)}
        if self.simcam is not None:
            self.simcam.start()
            (folder / "simcam.json").touch()
            urls = json.loads(self.simcam.log.read_text().splitlines()[-1])["cameras"]
            names[SIMCAM_SITE] = list(urls.values())
        self.sites = [Site(folder, name, urls, self.network, broker.port) for name, urls in names.items()]
        self.relays |= {f"{site.name} to broker": site.relay for site in self.sites}
        self.collector = self._collector(to_broker, to_influx)
        self.programs = [self.broker, self.influx_program, self.collector, *(site.program for site in self.sites)]

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        for program in (self.influx_program, self.broker):
            program.start()
        until(self._created)
        self.collector.start()
        if not until(lambda: is_listening(self.wall) and self._subscribed()):
            raise RuntimeError("the collector did not start: " + self.collector.server.log.read_text()[-2000:])
        for site in self.sites:
            site.program.start()
        if not until(lambda: all("gives receipts" in site.program.server.log.read_text() for site in self.sites)):
            raise RuntimeError("the collector gave no receipts")

    def __exit__(self, *_: object) -> None:
        for program in reversed(self.programs):
            program.should_run = False
            program.server.stop()
        if self.simcam is not None:
            self.simcam.stop()
        self.network.stop()
        for disk in (self.collector_disk, *(site.disk for site in self.sites)):
            disk.unmount()

    def captured(self) -> CapturedSamples:
        """Return what the agents have captured until now."""
        captured = CapturedSamples()
        for site in self.sites:
            read_capture(site.folder / "capture", site.name, captured)
        return captured

    def supervise(self) -> None:
        """Start the programs again that have ended by themselves."""
        for program in self.programs:
            program.supervise()

    def relay(self, name: str) -> Relay:
        return self.relays[name]

    def _created(self) -> bool:
        self.influx.query(f'CREATE DATABASE "{DATABASE}"')
        return True

    def _subscribed(self) -> bool:
        return "connected to the broker" in self.collector.server.log.read_text()

    def _simcam(self, cameras: int) -> Server:
        command = [sys.executable, "-m", "pantau_simcam", "--cameras", str(cameras), "--json", "--size", "320x180"]
        log = self.folder / "simcam.log"
        return Server([*command, "--fps", "5"], ready=lambda: "cameras" in log.read_text(), log=log)

    def _collector(self, to_broker: int, to_influx: int) -> Program:
        settings: dict[str, Any] = {
            "data_dir": str(self.collector_disk.folder),
            "broker": {"host": "127.0.0.1", "port": to_broker},
            "influx": {"version": 1, "url": f"http://127.0.0.1:{to_influx}", "database": DATABASE},
            "web": {"port": self.wall},
        }
        config = self.folder / "collector.toml"
        config.write_text(tomli_w.dumps(settings))
        self.set_collectors_clock(0)
        command = [sys.executable, "-m", "tests.chaos.collector", str(self._collectors_clock)]
        command += ["run", "--config", str(config)]
        server = Server(command, ready=lambda: True, log=self.folder / "collector.log")
        return Program("collector", server)

    def set_collectors_clock(self, offset_ms: int) -> None:
        """Set how wrong the collector's clock is."""
        new = self._collectors_clock.with_suffix(".new")
        new.write_text(str(offset_ms))
        new.replace(self._collectors_clock)
