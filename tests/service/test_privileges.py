"""A process of root's gives up root for good. Each test is a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

TRY = """
import json, os, sys
from pathlib import Path
from pantau_service.privileges import drop_capabilities, give_up_root

def outcome(action):
    try:
        action()
    except OSError as error:
        return error.errno
    return 0

give_up_root("no-such-user-here", Path(sys.argv[1]), or_nobody=sys.argv[2] == "nobody")
about = {
    "user": os.getresuid(), "group": os.getresgid(), "groups": os.getgroups(),
    "root again": outcome(lambda: os.setuid(0)),
    "write": outcome(lambda: open(sys.argv[1] + "/made", "w")),
}
if about["user"] != (0, 0, 0):
    drop_capabilities()
    about["read"] = outcome(lambda: open("/etc/shadow"))
for line in open("/proc/self/status"):
    if line.startswith(("NoNewPrivs", "CapPrm", "CapAmb")):
        about[line.split(":")[0]] = int(line.split()[1], 16)
print(json.dumps(about))
"""
GONE = {"root again": 1, "NoNewPrivs": 1, "CapPrm": 0, "CapAmb": 0, "read": 13}


def tried(data: Path, otherwise: str = "nobody") -> dict[str, object]:
    command = [sys.executable, "-c", TRY, str(data), otherwise]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    about: dict[str, object] = json.loads(done.stdout)
    return about


def test_without_the_service_it_becomes_nobody(tmp_path: Path) -> None:
    nobody = [65534] * 3
    assert tried(tmp_path) == GONE | {"user": nobody, "group": nobody, "groups": [], "write": 13}


def test_it_becomes_whom_the_data_belongs_to(tmp_path: Path) -> None:
    os.chown(tmp_path, 1, 1)  # daemon, on every Debian
    for folder in (tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    assert tried(tmp_path) == GONE | {"user": [1] * 3, "group": [1] * 3, "groups": [1], "write": 0}
    assert (tmp_path / "made").stat().st_uid == 1


def test_what_has_to_write_data_of_roots_stays_root(tmp_path: Path) -> None:
    about = tried(tmp_path, "root")
    assert (about["user"], about["write"]) == ([0] * 3, 0)
