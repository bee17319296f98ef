"""A site's machine as the roles make it, and what systemd would read there."""

import re
from pathlib import Path
from typing import Any

from tests.deploy.playbook import Machine
from tests.servers.process import free_port

USERS = {"nongsa": "rahasia: a # '\"$:%{", "batam-centre": "rahasia b", "pantau-collector": "rahasia c"}
"""Passwords at the broker."""
SECRETS = {"broker": USERS["nongsa"], "camera-gate": 'rahasia "gate" é🔑', "camera-quay": "rahasia quay"}
"""What systemd hands to the agent, by name."""
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
    """A machine with both roles run on it, twice."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.broker_port = free_port()
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
                "pantau_broker_users": {user: USERS[user] for user in ("nongsa", "batam-centre")},
                "pantau_broker_collector_password": USERS["pantau-collector"],
            },
        )
        self.root = self.machine.root
        self.first = self.machine.play("broker.yml", "agent.yml")
        assert self.first.failed == 0, self.first.output
        self.second = self.machine.play("broker.yml", "agent.yml")

    def settings(self) -> list[tuple[str, str]]:
        """The unit's settings with those of its drop-ins, as systemd reads them."""
        folder = self.root / "etc/systemd/system"
        files = [folder / "pantau-agent.service", *sorted((folder / "pantau-agent.service.d").glob("*.conf"))]
        return [pair for file in files for pair in re.findall(r"^(\w+)=(.*)$", file.read_text(), re.MULTILINE)]

    def credentials(self) -> dict[str, Path]:
        """By name, the file that each `LoadCredential=` of the unit means."""
        named = [value.split(":") for key, value in self.settings() if key == "LoadCredential"]
        return {name: self.root / "etc/credstore" / file for name, file in named}
