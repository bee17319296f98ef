"""Starts and ends what the story needs on loopback: broker, cameras, uplinks, collector, agents and mailbox.

Where they are installed, InfluxDB and Grafana too.
"""

import contextlib
import json
import math
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import msgspec

from pantau_demo import city
from pantau_demo.grafana import Grafana
from pantau_demo.influxdb import InfluxDB
from pantau_demo.mailbox import Mailbox
from pantau_demo.processes import Processes, free_ports, listens
from pantau_demo.reports import Reports
from pantau_demo.story import Incident, is_slow
from pantau_demo.uplink import Uplink

_ZONE = ZoneInfo("Asia/Jakarta")
"""The city's zone."""


class Stage:
    """Starts everything on entering the context and ends it on leaving. `on_mail` gets each notice."""

    def __init__(
        self,
        folder: Path,
        *,
        wall_port: int,
        embedded_broker: bool,
        on_mail: Callable[[EmailMessage], None],
        with_series: bool = True,
    ) -> None:
        broker, control, wall, mail, influx, rpc, plots, *uplinks = free_ports(7 + len(city.SITES))
        self._folder = folder
        self._control = control
        self._mosquitto = (
            None if embedded_broker else shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        )
        self._ports = city.Ports(
            broker=broker,
            wall=wall_port or wall,
            mail=mail,
            uplinks=dict(zip(city.SITES, uplinks, strict=True)),
        )
        self._influxd = InfluxDB.find() if with_series else None
        self.influxdb = InfluxDB(folder / "influxdb", influx, rpc) if self._influxd else None
        self._grafana_program = Grafana.find() if self.influxdb else None
        self.grafana = (
            Grafana(folder / "grafana", plots, self.influxdb) if self.influxdb and self._grafana_program else None
        )
        self._processes = Processes(folder)
        self._uplinks = {site: Uplink(port, broker) for site, port in self._ports.uplinks.items()}
        self._mailbox = Mailbox(mail, on_mail)
        self.wall_url = f"http://127.0.0.1:{self._ports.wall}/"
        self._token = secrets.token_hex(16)
        self.month = datetime.now(_ZONE).strftime("%Y-%m")
        """The month in which the story began, in the city's zone."""

    @property
    def broker(self) -> str:
        """The broker's name, to be shown to people."""
        return "mosquitto" if self._mosquitto else "the embedded one (it keeps nothing for absent clients)"

    def grafana_answers(self, *, within_s: float) -> bool:
        """Return whether Grafana shows pages by then; raises `ProgramEndedError` if a program ended meanwhile."""
        if self.grafana is None:
            return False
        with contextlib.suppress(TimeoutError):
            self._processes.wait_until(self.grafana.answers, what="that Grafana answers", within_s=within_s)
            return True
        return False

    @property
    def cameras(self) -> tuple[city.DemoCamera, ...]:
        """The city's cameras."""
        return city.CAMERAS

    @property
    def control_url(self) -> str:
        """The address at which simulated cameras are made to fail."""
        return f"http://127.0.0.1:{self._control}/cameras"

    def wait_until_ready(self, *, within_s: float) -> None:
        """Wait until every camera of the city is known to the collector, and `ok`.

        A machine so slow that its simulated cameras are late never has all of them `ok`: there it is enough that
        all are known.

        Raises:
            TimeoutError: they are not within `within_s` seconds.
            ProgramEndedError: a program ended by itself.
        """
        begun = time.monotonic()

        def ready() -> bool:
            states = self._states()
            all_known = len(states) == len(city.CAMERAS)
            patient = time.monotonic() - begun > within_s / 2
            return all_known and (set(states) == {"ok"} or (patient and is_slow(self.cameras_late_s())))

        self._processes.wait_until(ready, what="that every camera is seen", within_s=within_s)

    def wait_until(self, ready: Callable[[list[Incident]], bool], *, what: str, within_s: float) -> None:
        """Wait until `ready` accepts the collector's incidents; raises as `wait_until_ready` does."""
        self._processes.wait_until(lambda: ready(self.incidents()), what=what, within_s=within_s)

    def run_until_interrupted(self) -> None:
        """Run until Ctrl-C; raises `ProgramEndedError` if a program ends by itself."""
        self._processes.wait_until(lambda: False, what="the end", within_s=math.inf)

    def sign_in_link(self) -> str:
        """Return an address by which a browser is signed in as the collector's admin, once."""
        command = [*_program("pantau_collector"), "user", "link", "admin", "--json", "--config"]
        config = self._folder / city.COLLECTOR
        done = subprocess.run([*command, config], capture_output=True, check=True, timeout=120)
        return str(json.loads(done.stdout)["link"])

    def incidents(self) -> list[Incident]:
        """Return all incidents so far from the collector's API."""
        return msgspec.json.decode(self._get("api/incidents"), type=list[Incident])

    def reports(self, into: Path) -> Reports:
        """Return what makes the reports of the month up to now, in a folder."""
        return Reports(self._folder / city.COLLECTOR, self.month, datetime.now(_ZONE), into)

    def cameras_late_s(self) -> float:
        """Return by how many seconds in all the simulated cameras were late to send: 0 on a fast machine."""
        return max(float(camera["late_s"]) for camera in self._request("GET", "", None))

    def set_fault(self, camera: str, fault: str) -> None:
        """Make a simulated camera fail."""
        self._request("PUT", camera, json.dumps({"fault": fault}).encode())

    def clear(self, camera: str) -> None:
        """End the fault of a simulated camera."""
        self._request("DELETE", camera, None)

    def lose_uplink(self, site: str) -> None:
        """Cut a site off without closing its connections."""
        self._uplinks[site].lose()

    def mend_uplink(self, site: str) -> None:
        """Connect a site again."""
        self._uplinks[site].mend()

    def __enter__(self) -> Self:
        self._mailbox.start()
        try:
            self._start_programs()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.__exit__(kind, error, trace)
        for uplink in self._uplinks.values():
            uplink.stop()
        self._mailbox.stop()

    def _start_programs(self) -> None:
        ports, start = self._ports, self._processes.start
        start("simcam", [*_program("pantau_simcam"), *self._simcam_arguments()])
        if self._mosquitto:
            start("mosquitto", [self._mosquitto, "-c", self._mosquitto_configuration()])
        else:
            start("broker", [*_program("pantau_demo.embedded_broker"), str(ports.broker)])
        self._wait_for_port(ports.broker, "the broker")
        collector = city.write_collector(self._folder, ports, self._token, self.influxdb)
        self._start_series(collector)
        start("collector", [*_program("pantau_collector"), "run", "--config", collector])
        self._wait_for_port(self._control, "simcam")
        # Agents that watch a camera which is still drawing its footage would report a camera that does not answer.
        self._processes.wait_until(self._cameras_ready, what="that the cameras can send", within_s=300)
        urls = {camera["id"]: camera["url"] for camera in self._request("GET", "", None)}
        for site, uplink in self._uplinks.items():
            uplink.start()
            agent = city.write_agent(self._folder, site, ports, urls)
            start(f"agent-{site}", [*_program("pantau_agent"), "run", "--config", agent])

    def _start_series(self, collector: Path) -> None:
        """Start InfluxDB and Grafana, if they are installed; `collector` is the collector's configuration."""
        if self.influxdb is None or self._influxd is None:
            return
        self._processes.start("influxdb", self.influxdb.command(self._influxd))
        self._processes.wait_until(self.influxdb.answers, what="that InfluxDB answers", within_s=120)
        self.influxdb.set_up(collector)
        if self.grafana is not None and self._grafana_program is not None:
            self._processes.start("grafana", self.grafana.command(self._grafana_program))

    def _simcam_arguments(self) -> list[str]:
        names = [argument for camera in city.CAMERAS for argument in ("--camera", camera.id)]
        return [*names, "--port-per-camera", "--control-port", str(self._control)]

    def _mosquitto_configuration(self) -> Path:
        path = self._folder / "mosquitto.conf"
        path.write_text(f"listener {self._ports.broker} 127.0.0.1\nallow_anonymous true\n")
        return path

    def _wait_for_port(self, port: int, what: str) -> None:
        self._processes.wait_until(lambda: listens(port), what=f"that {what} listens", within_s=120)

    def _cameras_ready(self) -> bool:
        return "control:" in self._processes.output("simcam")

    def _states(self) -> list[str]:
        with contextlib.suppress(OSError, urllib.error.HTTPError):
            sites = json.loads(self._get("api/city"))["sites"]
            return [camera["state"] for site in sites for camera in site["cameras"]]
        return []

    def _get(self, path: str) -> bytes:
        as_screen = {"Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(self.wall_url + path, headers=as_screen)  # noqa: S310 # our own loopback URL
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 # our own loopback URL
            return bytes(answer.read())

    def _request(self, method: str, camera: str, body: bytes | None) -> Any:
        url = f"{self.control_url}/{camera}/fault" if camera else self.control_url
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 # our own loopback URL
            return json.loads(answer.read() or b"null")


def _program(package: str) -> list[str]:
    return [sys.executable, "-m", package]
