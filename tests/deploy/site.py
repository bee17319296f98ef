"""A machine that is site and control room in one, set up by the roles; it starts services in place of systemd."""

import os
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deploy.playbook import Machine, install_distribution_units
from tests.servers.process import free_port
from tests.servers.screen import TOKEN

USERS = {"nongsa": "rahasia: a # '\"$:%{", "batam-centre": "rahasia b", "pantau-collector": "rahasia c"}
"""Passwords at the broker, by user."""
SECRETS = {"broker": USERS["nongsa"], "camera-gate": 'rahasia "gate" é🔑', "camera-quay": "rahasia quay"}
"""Credentials that systemd passes to the agent, by name."""
STORE_PASSWORD = "rahasia d"
INFLUX_PASSWORDS = {"admin": "rahasia \\ 'f'", "pantau": "rahasia g", "grafana": 'rahasia "h"'}
"""Passwords at InfluxDB, by user."""
CAMERAS: list[dict[str, Any]] = [
    {
        "id": "gate",
        "name": 'Gerbang "utara" é🎥',
        "vendor": "hilook",
        "host": "127.0.0.1",
        "port": 9,
        "user": "pantau",
        "password": SECRETS["camera-gate"],
        "expected_fps": 12.5,
        "expected_keyframe_interval_s": 2.5,
        "picture": {
            "sensitivity": {"covered": 0.8, "noisy": 0},
            "report_only": ["defocused"],
            "moves_on_purpose": False,
            "learning_h": 2.5,
            "masked": [[0.0, 0, 0.3, 0.2]],
            "private": [[0.7, 0.1, 0.9, 0.4]],
        },
    },
    {
        "id": "quay",
        "url": "rtsp://127.0.0.1:9/live/ch00_1",
        "user": "pantau",
        "password": SECRETS["camera-quay"],
        "mode": "sample",
    },
    {"id": "off", "url": "rtsp://127.0.0.1:9/x", "enabled": False},
]


class Site:
    """A machine on which every role has run twice."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.broker_port = free_port()
        self.collector_port = free_port()
        self.admin_port = free_port()
        self.web_port = free_port()
        self.influx_port = free_port()
        self.wheel = folder / wheel.name
        self.wheel.write_bytes(wheel.read_bytes())
        self.machine = Machine(
            folder,
            {
                "pantau_install_package": str(self.wheel),
                "pantau_agent_site_id": "nongsa",
                "pantau_agent_site_name": "Pelabuhan \\ Nongsa",
                "pantau_agent_broker_host": "127.0.0.1",
                "pantau_agent_broker_port": self.broker_port,
                "pantau_agent_broker_tls": False,
                "pantau_agent_broker_password": SECRETS["broker"],
                "pantau_agent_report_interval_s": 1,
                "pantau_agent_cameras": CAMERAS,
                "pantau_broker_address": "127.0.0.1",
                "pantau_broker_port": self.broker_port,
                "pantau_broker_collector_port": self.collector_port,
                "pantau_broker_admin_port": self.admin_port,
                "pantau_broker_exact_cameras": True,
                "pantau_broker_users": {user: USERS[user] for user in ("nongsa", "batam-centre")},
                "pantau_broker_collector_password": USERS["pantau-collector"],
                "pantau_collector_config": str(folder / "collector.toml"),
                "pantau_collector_inventory": str(folder / "inventory.toml"),
                "pantau_collector_contracts": str(folder / "contracts.toml"),
                "pantau_collector_postgresql": True,
                "pantau_collector_store_password": STORE_PASSWORD,
                "pantau_collector_broker_password": USERS["pantau-collector"],
                "pantau_influxdb_port": self.influx_port,
                "pantau_influxdb_rpc_port": free_port(),
                "pantau_influxdb_admin_password": INFLUX_PASSWORDS["admin"],
                "pantau_influxdb_writer_password": INFLUX_PASSWORDS["pantau"],
                "pantau_influxdb_reader_password": INFLUX_PASSWORDS["grafana"],
            },
        )
        self.root = self.machine.root
        install_distribution_units(self.root)
        (folder / "collector.toml").write_text(
            f"data_dir = '{self.root}/var/lib/pantau-collector'\n"
            f"inventory = '{self.root}/etc/pantau/inventory.toml'\n"
            f"contracts = '{self.root}/etc/pantau/contracts.toml'\n"
            f"[broker]\nport = {self.collector_port}\nuser = 'pantau-collector'\n"
            f"[web]\nport = {self.web_port}\ntoken = '{TOKEN}'\n"
        )
        (folder / "inventory.toml").write_text("[[site]]\nid = 'nongsa'\nname = 'Pelabuhan Nongsa'\n")
        (folder / "contracts.toml").write_text("# None yet.\n")
        self.first = self.machine.play("collector.yml", "agent.yml")
        assert self.first.failed == 0, self.first.output
        self.second = self.machine.play("broker.yml", "agent.yml")
        self.collector_again = self.machine.play("collector.yml", "--tags=configuration")

    def settings(self, unit: str) -> list[tuple[str, str]]:
        """Return the unit's settings and then those of its drop-ins, in the order in which systemd reads them."""
        folder = self.root / "etc/systemd/system"
        files = [folder / f"{unit}.service", *sorted((folder / f"{unit}.service.d").glob("*.conf"))]
        return [pair for file in files for pair in re.findall(r"^(\w+)=(.*)$", file.read_text(), re.MULTILINE)]

    def credentials(self, unit: str) -> dict[str, Path]:
        """Return the file that each `LoadCredential=` of the unit refers to, by name."""
        named = [value.split(":") for key, value in self.settings(unit) if key == "LoadCredential"]
        return {name: self.root / "etc/credstore" / file for name, file in named}

    def state(self, unit: str) -> Path:
        """Return the unit's `StateDirectory=` as a path."""
        return self.root / "var/lib" / dict(self.settings(unit))["StateDirectory"]

    @contextmanager
    def started(self, unit: str, folder: Path) -> Iterator[Path]:
        """Run the unit's program as systemd would, wait until it reports ready and alive, and yield its log.

        The program must still run at the end of the block, and must end with status 0 after SIGTERM.
        """
        credentials = folder / "credentials"
        credentials.mkdir(parents=True)
        for name, file in self.credentials(unit).items():
            if file.exists():
                (credentials / name).write_bytes(file.read_bytes())
        self.state(unit).mkdir(parents=True, exist_ok=True)
        arguments = shlex.split(dict(self.settings(unit))["ExecStart"])
        command = [f"{self.root}{argument}" if argument.startswith("/") else argument for argument in arguments]
        log = folder / "log"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            notifications.bind(str(folder / "notify"))
            notifications.settimeout(120)
            environment = {
                "PATH": os.defpath,
                "NOTIFY_SOCKET": str(folder / "notify"),
                "WATCHDOG_USEC": "2000000",
                "CREDENTIALS_DIRECTORY": str(credentials),
                "STATE_DIRECTORY": str(self.state(unit)),
            }
            with log.open("wb") as output:
                program = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
            try:
                received = b""
                while b"READY=1" not in received or b"WATCHDOG=1" not in received:
                    received += notifications.recv(4096) + b"\n"
                yield log
                assert program.poll() is None, log.read_text()
            finally:
                program.terminate()
                status = program.wait(60)
        assert status == 0, log.read_text()
