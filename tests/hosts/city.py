"""A city of booted hosts, and the technician's computer with its inventory, from which the playbooks are run."""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests.hosts.host import Host, Network, until
from tests.hosts.root import CACHE, blank_root, key

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Run:
    """What a run printed, and by host how many tasks were ok, changed, failed."""

    output: str
    status: int
    counts: dict[str, dict[str, int]]
    seconds: float

    @property
    def changed(self) -> int:
        """How many tasks changed something, on all hosts."""
        return sum(count["changed"] for count in self.counts.values())


class City:
    """A control room and sites; `variables` are those of the inventory, by host or group."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        self.network = Network(f"pt{os.getpid() % 10000}")
        self.hosts: dict[str, Host] = {}
        self.groups: dict[str, list[str]] = {"sites": [], "control_room": []}
        self.variables: dict[str, dict[str, Any]] = {"all": self._of_all(wheel)}
        # A checkout of its own: who edits a role meanwhile disturbs no run.
        self._checkout = folder / "checkout"
        for part in ("ansible", "locks", "systemd", "collector/grafana"):
            shutil.copytree(ROOT / part, self._checkout / part, ignore=_of_the_technicians_own)
        ssh = folder / "ssh"
        ssh.write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{self.network.name} ssh "$@"\n')
        ssh.chmod(0o755)

    def add(self, name: str, group: str, release: str = "bookworm", address: str = "") -> Host:
        """Boot a blank machine, and put it into the inventory."""
        address = address or f"10.99.1.{len(self.hosts) + 1}"
        host = Host(self.network, name, address, blank_root(release), self.folder / "hosts" / name)
        self.hosts[name] = host
        host.start()
        self.groups[group].append(name)
        self.variables[name] = {"ansible_host": address}
        return host

    def begin(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a run of playbooks of `ansible/`, as a technician does."""
        inventory = self.folder / "inventory"
        inventory.mkdir(exist_ok=True)
        (inventory / "hosts.yml").write_text(yaml.dump(self._inventory(), Dumper=_Dumper))
        return subprocess.Popen(
            [Path(sys.executable).parent / "ansible-playbook", "-i", inventory, *arguments],
            cwd=self._checkout / "ansible",
            env={
                **os.environ,
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_HOME": str(self.folder / "ansible"),
                # Two cities have the same addresses, and must not share their connections.
                "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp"),
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def play(self, *arguments: str, check: bool = True, environment: dict[str, str] | None = None) -> Run:
        """Run playbooks of `ansible/` as a technician does, and return what came of it.

        Raises:
            RuntimeError: the run ended with an error, and `check` is set.
        """
        began = time.monotonic()
        with self.begin(*arguments, environment=environment) as running:
            output, _ = running.communicate()
        with (self.folder / "runs.log").open("a") as log:
            log.write(output)
        counts = {
            host: {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", line)}
            for host, line in re.findall(r"^(\S+) +: (ok=.*)$", output, re.MULTILINE)
        }
        run = Run(output, running.returncode, counts, time.monotonic() - began)
        if check and run.status:
            raise RuntimeError(output)
        return run

    def remove(self) -> None:
        """End every host, and remove all that they left."""
        for host in self.hosts.values():
            host.remove()
        self.network.remove()

    def _inventory(self) -> dict[str, Any]:
        groups = {
            group: {"hosts": {name: self.variables[name] for name in names}, "vars": self.variables.get(group, {})}
            for group, names in self.groups.items()
        }
        return {"all": {"children": groups, "vars": self.variables["all"]}}

    def _of_all(self, wheel: Path) -> dict[str, Any]:
        copied = self.folder / wheel.name
        shutil.copy(wheel, copied)
        return {
            "ansible_user": "pantau",
            "ansible_ssh_executable": str(self.folder / "ssh"),
            "ansible_ssh_private_key_file": str(key()),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.folder}/known_hosts"
            " -o StrictHostKeyChecking=accept-new",
            "ansible_python_interpreter": "/usr/bin/python3",
            "pantau_install_package": str(copied),
            "pantau_install_cache": str(CACHE / "wheels"),
            # systemd-timesyncd does not run in a container.
            "pantau_install_check_time": False,
        }


def _of_the_technicians_own(folder: str, names: list[str]) -> list[str]:
    """Return what git ignores right below `ansible`: inventory, certificates, wheels."""
    return [
        name for name in names if Path(folder) == ROOT / "ansible" and name in {"inventory", "files", "wheels"}
    ]


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes each value where it stands, as people do."""

    def ignore_aliases(self, data: Any) -> bool:
        """Return True: none refers to another."""
        return data is not None


__all__ = ["City", "Run", "until"]
