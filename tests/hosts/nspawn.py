"""Tells whether this machine can boot hosts, and what it lacks."""

import os
import shutil
import subprocess
from pathlib import Path

_PROGRAMS = ("systemd-nspawn", "debootstrap", "nsenter", "unshare", "ip", "ssh-keygen")
_INSTALLATION = "apt-get install systemd-container debootstrap util-linux iproute2 openssh-client"
_TRIAL = """\
set -e
ip netns add {space}
trap 'ip netns del {space}' EXIT
ip -n {space} link add bridge0 type bridge
mkdir {folder}/lower {folder}/upper {folder}/work {folder}/root
mount -t overlay overlay -o lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work {folder}/root
mkdir /sys/fs/cgroup/{group}
rmdir /sys/fs/cgroup/{group}
"""
"""What a host needs of the kernel, tried in a mount namespace of its own."""


def why_not(folder: Path) -> str:
    """Return why no host can be booted here and what to do, empty if one can; `folder` is for the trial."""
    if missing := [program for program in _PROGRAMS if not shutil.which(program)]:
        return f"{', '.join(missing)} not found: {_INSTALLATION}"
    if os.geteuid() != 0:
        return "hosts are booted by root: sudo make hosts"
    space = f"pt-trial-{os.getpid()}"
    group = f"systemd/{space}" if Path("/sys/fs/cgroup/systemd").is_dir() else space
    script = _TRIAL.format(space=space, folder=folder, group=group)
    done = subprocess.run(
        ["unshare", "--mount", "--propagation=private", "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return (
            f"this machine cannot boot hosts ({done.stderr.strip()[-200:]}): it takes root on a kernel of its own,"
            " or a container with --privileged, and a temporary folder that is no overlay (--basetemp)"
        )
    return ""
