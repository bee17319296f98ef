"""Hosts booted by systemd-nspawn over a blank root, on a network of their own that leads nowhere else."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

BROKER_NAME, BROKER_ADDRESS = "broker.test", "10.99.1.1"
"""The name by which every host finds the first one, which is the control room."""
BRIDGE_ADDRESS = "10.99.0.1"
"""The technician's computer, as the hosts see it."""
_BOOT = """\
for hierarchy in {groups}; do mkdir -p $hierarchy; echo $$ > $hierarchy/cgroup.procs; done
mount -t overlay overlay -o lowerdir={lower},upperdir={folder}/upper,workdir={folder}/work {folder}/root
while :; do
  systemd-nspawn --quiet --boot --directory={folder}/root --network-namespace-path=/run/netns/{space} \\
    --machine={space} --register=no --keep-unit --console=pipe --resolv-conf=off --link-journal=no
  [ $? = 133 ] || break
done
"""
"""133 is systemd-nspawn's status where the host asks to be rebooted."""


class Network:
    """A bridge in a namespace of its own, from which the technician's computer reaches the hosts."""

    def __init__(self, name: str) -> None:
        self.name = name
        _ip("netns", "add", name)
        self._ip("link", "set", "lo", "up")
        self._ip("link", "add", "bridge0", "type", "bridge")
        for address in (BRIDGE_ADDRESS, "10.10.0.1"):
            self._ip("addr", "add", f"{address}/16", "dev", "bridge0")
        self._ip("link", "set", "bridge0", "up")

    def connect(self, space: str, address: str) -> None:
        """Make a namespace whose interface `host0` is at the bridge."""
        _ip("netns", "add", space)
        _ip("-n", space, "link", "add", "host0", "type", "veth", "peer", "name", space, "netns", self.name)
        self._ip("link", "set", space, "master", "bridge0", "up")
        _ip("-n", space, "addr", "add", f"{address}/16", "dev", "host0")
        _ip("-n", space, "link", "set", "host0", "up")
        _ip("-n", space, "link", "set", "lo", "up")

    def remove(self) -> None:
        """Remove it."""
        _ip("netns", "del", self.name)

    def _ip(self, *arguments: str) -> None:
        _ip("-n", self.name, *arguments)


class Host:
    """A host: its own network namespace, control group and file system, whose changes are kept in `folder`."""

    def __init__(self, network: Network, name: str, address: str, root: Path, folder: Path) -> None:
        self.name, self.address, self.folder = name, address, folder
        self._space, self._lower = f"{network.name}-{name}"[:14], root
        for part in ("upper", "work", "root"):
            (folder / part).mkdir(parents=True)
        etc = folder / "upper/etc"
        (etc / "ssh").mkdir(parents=True)
        # A key of its own, as each machine has.
        subprocess.run(["ssh-keygen", "-A", "-f", folder / "upper"], check=True, stdout=subprocess.DEVNULL)
        (etc / "hostname").write_text(f"{name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n{BROKER_ADDRESS} {BROKER_NAME}\n")
        (etc / "machine-id").write_text("")
        network.connect(self._space, address)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Boot it, and wait until it takes orders over ssh."""
        groups = " ".join(f"{hierarchy}/{self._space}" for hierarchy in _hierarchies())
        script = _BOOT.format(groups=groups, lower=self._lower, folder=self.folder, space=self._space)
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--propagation=private", "bash", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(lambda: self.leader() is not None and self.run("systemctl is-active ssh", check=False) == "active")

    def stop(self) -> None:
        """Shut it down in good order."""
        leader = self.leader()
        if leader is not None:
            os.kill(leader, signal.SIGRTMIN + 4)
        if self._process is not None:
            self._process.wait(60)

    def cut_power(self) -> None:
        """End it as a loss of power would; what it has written stays, as the page cache is this machine's."""
        assert self._process is not None
        nspawn = _children(self._process.pid)
        # From the outside in, so that nothing starts it again; then all that is in it ends with its first process.
        for process in [self._process.pid, *nspawn, *(leader for outer in nspawn for leader in _children(outer))]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait(60)

    def remove(self) -> None:
        """End it and remove all that it left."""
        if self._process is not None and self._process.poll() is None:
            self.cut_power()
        _ip("netns", "del", self._space)
        until(self._is_gone)

    def leader(self) -> int | None:
        """Return the process that is number 1 inside."""
        if self._process is None:
            return None
        leaders = [child for nspawn in _children(self._process.pid) for child in _children(nspawn)]
        return leaders[0] if leaders else None

    def _is_gone(self) -> bool:
        """Remove its files, which its last process may still hold."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return not self.folder.exists()

    def run(self, command: str, *, check: bool = True) -> str:
        """Run a shell command inside as root, and return what it printed.

        Raises:
            RuntimeError: it failed, and `check` is set.
        """
        enter = ["nsenter", f"--target={self.leader()}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root"]
        done = subprocess.run(
            [*enter, "sh", "-c", command],
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        )
        if check and done.returncode:
            raise RuntimeError(f"{self.name}: {shlex.quote(command)}: {done.stdout}")
        return done.stdout.strip()


def until(holds: Callable[[], bool], within_s: float = 60) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: it did not in time.
    """
    end = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {within_s} s")
        time.sleep(0.2)


def _hierarchies() -> list[str]:
    """Return the control group hierarchies that systemd uses: in one group hosts would disturb each other."""
    return [
        f"/sys/fs/cgroup/{name}" for name in ("systemd", "unified") if Path("/sys/fs/cgroup", name).is_dir()
    ] or ["/sys/fs/cgroup"]


def _children(process: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
