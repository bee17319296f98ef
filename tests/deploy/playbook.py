"""Run the project's playbooks against a folder that stands for the root of a machine that is not booted.

This leaves out apt, systemctl, owners of files and other machines' Python. Dependencies are those of the tests'
environment, seen through a folder of links; pip resolves them without an index.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ANSIBLE = ROOT / "ansible"
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"


@dataclass(frozen=True)
class Run:
    """The result of a run: its output, how many tasks changed or failed, and the reason of failure by host."""

    output: str
    changed: int
    failed: int
    refusals: dict[str, str]


class Machine:
    """A folder that stands for a machine's file system, and the inventory variables that it is set up from."""

    def __init__(self, folder: Path, variables: dict[str, Any]) -> None:
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        self._folder = folder
        self.variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "pantau_root": str(self.root),
            "pantau_install_pip_arguments": "--no-index",
            "pantau_install_python": str(_python(folder)),
            **variables,
        }

    def play(self, *arguments: str, **changes: Any) -> Run:
        """Run playbooks of `ansible/`; `changes` override the inventory's variables."""
        return self.play_on({"here": changes}, *arguments)

    def play_on(self, hosts: dict[str, dict[str, Any]], *arguments: str, path: str | None = None) -> Run:
        """Run playbooks on several hosts at once, each with its own changes; `path` replaces PATH."""
        variables = {host: self.variables | changes for host, changes in hosts.items()}
        inventory = {group: {"hosts": variables} for group in ("sites", "control_room")}
        (self._folder / "hosts.json").write_text(json.dumps(inventory))
        done = subprocess.run(
            [PLAYBOOK, "-i", self._folder / "hosts.json", "--diff", *arguments],
            cwd=ANSIBLE,
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
                "ANSIBLE_HOME": str(self._folder / "ansible"),
                "ANSIBLE_NOCOLOR": "1",
                "LC_ALL": "C.UTF-8",
                "PATH": path or os.environ["PATH"],
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        recap = re.findall(r"changed=(\d+) .*failed=(\d+)", done.stdout)
        if not recap:
            raise RuntimeError(done.stdout)
        return Run(
            done.stdout,
            changed=sum(int(changed) for changed, _ in recap),
            failed=sum(int(failed) for _, failed in recap),
            refusals=dict(_refusals(done.stdout)),
        )


def _refusals(output: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"^fatal: \[(.+?)\]: FAILED! => ", output, re.MULTILINE):
        result, _ = json.JSONDecoder().raw_decode(output, match.end())
        yield match[1], str(result.get("msg", result))


def _python(folder: Path) -> Path:
    """Return a Python whose virtual environments find the dependencies of the tests' environment."""
    links = folder / "dependencies"
    links.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not re.match(r"_?pantau|.*\.pth$|__pycache__", entry.name):
            (links / entry.name).symlink_to(entry)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    script = folder / "python"
    script.write_text(
        "#!/bin/sh -e\n"
        f'{sys.executable} "$@"\n'
        f'[ "$2" != venv ] || echo {links} > "$3/lib/{version}/site-packages/dependencies.pth"\n'
    )
    script.chmod(0o755)
    return script


def install_distribution_units(root: Path) -> None:
    """Copy the distribution's units, and the programs that ours start, into a root for systemd to check."""
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    (root / "bin").mkdir()
    for program in ("true", "kill", "sh"):
        shutil.copy("/bin/true", root / "bin" / program)
