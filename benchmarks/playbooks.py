"""How long the playbooks take for a city of many sites: `python -m benchmarks.playbooks --sites 2000`.

Every site is this machine (the connection `local`), so what is measured is Ansible and the roles, not ssh. The
broker's files go into a folder.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml  # type: ignore[import-untyped]

_ANSIBLE = Path(__file__).resolve().parents[1] / "ansible"
_PASSWORD = "rahasia-{number}"  # of nobody
_RUNS = {
    "the whole inventory checked (inventory.yml)": ["inventory.yml"],
    "certificates for all (ca.yml)": ["ca.yml"],
    "the broker's users, passwords and topics (broker.yml)": ["broker.yml"],
    "the same again": ["broker.yml"],
    "every site asked (check.yml)": ["check.yml", "--limit=sites"],
}


def main() -> None:
    """Measure, and print a row for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=2000)
    parser.add_argument("--forks", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_inventory(folder, given.sites)
        total = 0.0
        print(f"| {given.sites:,} sites | seconds | CPU seconds |\n| --- | --- | --- |")
        for what, arguments in _RUNS.items():
            before = _cpu_s()
            seconds = _run(folder, given.forks, arguments)
            total += seconds
            print(f"| {what} | {seconds:.0f} | {_cpu_s() - before:.0f} |", flush=True)
        print(f"| together | {total:.0f} | {_cpu_s():.0f} |")


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(folder: Path, forks: int, arguments: list[str]) -> float:
    """Run a playbook, and return for how many seconds.

    Raises:
        RuntimeError: it did not do what it should.
    """
    began = time.monotonic()
    done = subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            "-i",
            folder / "inventory",
            f"--forks={forks}",
            *arguments,
        ],
        cwd=_ANSIBLE,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(folder / "ansible")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    if done.returncode or re.search(r"(failed|unreachable)=[1-9]", done.stdout):
        raise RuntimeError(done.stdout[-5000:])
    return seconds


def _write_inventory(folder: Path, sites: int) -> None:
    python = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {
        f"site-{number:04}": {
            "ansible_host": f"10.{number >> 8}.{number & 255}.2",
            "pantau_agent_site_name": f"Simpang {number}",
            "pantau_agent_broker_password": _PASSWORD.format(number=number),
            "pantau_agent_cameras": [
                {
                    "id": f"cam-{camera}",
                    "vendor": "hikvision",
                    "host": f"10.{number >> 8}.{number & 255}.1{camera}",
                }
                for camera in range(3)
            ],
        }
        for number in range(sites)
    }
    groups = {
        "sites": {"hosts": hosts, "vars": {"pantau_agent_broker_host": "pantau.example"}},
        "control_room": {
            "hosts": {"control": {"ansible_host": "10.255.0.2", "pantau_root": str(folder / "root")}}
        },
    }
    everyone = python | {
        "ansible_become": False,
        "pantau_ca_folder": str(folder / "ca"),
        "pantau_broker_exact_cameras": True,
        "pantau_broker_collector_password": _PASSWORD.format(number="collector"),
    }
    (folder / "inventory").mkdir()
    (folder / "inventory/hosts.yml").write_text(yaml.safe_dump({"all": {"children": groups, "vars": everyone}}))


if __name__ == "__main__":
    main()
