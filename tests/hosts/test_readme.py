"""Run every line of code of ansible/README.md, in its order, as it stands there: blank machines, a terminal."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hosts.city import City
from tests.hosts.host import Host
from tests.hosts.root import CACHE, key
from tests.hosts.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
ADDRESSES = {"control": "10.10.0.2", "batam-centre": "10.10.1.2", "nongsa": "10.10.2.2"}
"""Those of `inventory.example`, which is used as it is."""
BY_HAND = "By hand, without Ansible"
"""The heading below which lines are for the machine itself."""


class Otherwise(NamedTuple):
    """A line that does not end with 0 here, or is not run: its status (None: not run), and why."""

    begins: str
    status: int | None
    why: str


OTHERWISE = [
    Otherwise("ssh pantau@10.10.2.2 sudo pantau-agent discover", 1, "no camera is in this network"),
    Otherwise("git checkout v0.3.0", None, "there is no such version yet"),
]
"""Every exception there is. One that no line of README.md begins with any more fails the test."""


class Line(NamedTuple):
    """A line of code, and the heading above it."""

    text: str
    heading: str


def lines_of_code(text: str) -> Iterator[Line]:
    """Yield each line of an indented block that stands by itself, without what is remarked behind it."""
    heading, after_blank = "", True
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if line.startswith("    ") and after_blank:
            yield Line(re.sub(r"\s+# .*$", "", line.strip()), heading)
        else:
            after_blank = not line.strip()


@pytest.fixture(scope="module")
def example(city: City) -> City:
    """Return a city of blank machines with the addresses of the example."""
    for name, address in ADDRESSES.items():
        host = city.add(name, "control_room" if name == "control" else "sites", address=address)
        host.run(f"echo '{ADDRESSES['control']} pantau.batam.example' >> /etc/hosts")
    return city


@pytest.fixture(scope="module")
def own_computer(example: City) -> Iterator[Terminal]:
    """Yield a terminal of the technician's computer, in `ansible/` of a fresh checkout."""
    checkout, programs = example.folder / "fresh", example.folder / "programs"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".venv", ".git", "build", ".*_cache", "wheels"))
    # `make` finds the environment that the tests run in, as new as its locks.
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    programs.mkdir()
    ssh = programs / "ssh"
    options = f"-i {key()} -o UserKnownHostsFile={example.folder}/known -o StrictHostKeyChecking=accept-new"
    ssh.write_text(
        f'#!/bin/sh\nexec nsenter --net=/run/netns/{example.network.name} /usr/bin/ssh {options} "$@"\n'
    )
    ssh.chmod(0o755)
    environment = {
        "HOME": str(example.folder),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_HOME": str(example.folder / "ansible"),
        "ANSIBLE_SSH_EXECUTABLE": str(ssh),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(example.folder / "cp"),
    }
    answers = {
        r"(New|Confirm New) [Vv]ault password.*: ?$": "rahasia v\n",
        r"(?<!New )Vault password.*: ?$": "rahasia v\n",
        r"BECOME password: ?$": "\n",
    }
    terminal = Terminal([], checkout / "ansible", environment, answers)
    yield terminal
    terminal.close()


@pytest.fixture(scope="module")
def machine(city: City) -> Iterator[Terminal]:
    """Yield a terminal of a blank machine that has the checkout, and for pip a mirror of the wheels."""
    host = city.add("by-hand", "sites", address="10.10.3.2")
    city.groups["sites"].remove("by-hand")
    checkout = _fill(host, city)
    answers = {r"\[Y/n\] ?$": "y\n"}
    enter = ["nsenter", f"--target={host.leader()}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root"]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}
    terminal = Terminal([*enter, f"--wd={checkout}"], Path("/"), environment, answers)
    yield terminal
    terminal.close()


def _fill(host: Host, city: City) -> str:
    """Put the checkout and the wheels where the machine sees them, and return the checkout's folder there."""
    for folder, name in ((city.folder / "fresh", "checkout"), (CACHE / "wheels", "wheels")):
        archive = subprocess.Popen(
            ["tar", "-C", folder, "--exclude=.venv", "-cf", "-", "."], stdout=subprocess.PIPE
        )
        host.run(f"mkdir -p /srv/{name}")
        assert host.leader() is not None
        target = f"/proc/{host.leader()}/root/srv/{name}"
        subprocess.run(["tar", "-C", target, "-xf", "-"], stdin=archive.stdout, check=True)
        assert archive.wait() == 0
    host.run("printf '[global]\\nno-index = true\\nfind-links = %s\\n' \"$(find /srv/wheels -name '*.whl' "
             "-printf '%h\\n' | sort -u | tr '\\n' ' ')\" > /etc/pip.conf")  # fmt: skip
    return "/srv/checkout"


def prepare(line: str, folder: Path) -> None:
    """Do before a line what the text around it asks a person for; what differs from the example is here alone."""
    inventory = folder / "inventory"
    if line.startswith("ansible-vault encrypt"):
        for number, vault in enumerate(sorted(inventory.glob("*_vars/*/vault.yml"))):
            vault.write_text(vault.read_text().replace("change me", f"rahasia-{number}-" + "x" * 20))
        # systemd-timesyncd does not run in a container; what was fetched for another test is not fetched again.
        (inventory / "group_vars/all.yml").write_text(
            f"pantau_install_check_time: false\npantau_install_cache: {CACHE}/wheels\n"
            "ansible_python_interpreter: /usr/bin/python3\n"
        )


def test_every_line_of_the_readme_can_be_typed_as_it_stands_there(
    example: City, own_computer: Terminal, request: pytest.FixtureRequest
) -> None:
    folder = example.folder / "fresh/ansible"
    lines = list(lines_of_code((ROOT / "ansible/README.md").read_text()))
    assert len(lines) > 20, "the program that reads them finds them"
    unused = [each.begins for each in OTHERWISE if not any(line.text.startswith(each.begins) for line in lines)]
    assert not unused, f"README.md has no such line any more: {unused}"
    tags = subprocess.run(["git", "tag", "--list", "v0.3.0"], cwd=ROOT, capture_output=True, check=True).stdout
    assert not tags, "there is such a version: the line can be run"
    for line in lines:
        other = next((each for each in OTHERWISE if line.text.startswith(each.begins)), None)
        if other is not None and other.status is None:
            continue
        terminal = request.getfixturevalue("machine") if line.heading == BY_HAND else own_computer
        prepare(line.text, folder)
        if "/dev/stdin" in line.text:
            status, output = terminal.run(f"printf rahasia | {line.text}")
        else:
            status, output = terminal.run(line.text)
        print(f"{status} {line.text}")  # noqa: T201 # with -s
        assert status == (other.status if other else 0), f"{line.text}\n{output}"


def test_only_blocks_of_code_are_taken_and_remarks_are_left_out() -> None:
    blocks = ["# A", '    make x   # why\n    y "#1"', "text\n    goes on", "- item", "## B", "    z"]
    taken = [Line("make x", "A"), Line('y "#1"', "A"), Line("z", "B")]
    assert list(lines_of_code("\n\n".join(blocks))) == taken
