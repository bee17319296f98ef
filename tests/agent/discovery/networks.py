"""Two network namespaces joined by a cable: a small network that this machine is not in."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.servers.programs import require_program, skip_without_privileges


@dataclass(frozen=True)
class Network:
    """The names of the namespaces, and the addresses of the two ends."""

    here: str
    there: str
    our_address: str = "10.231.7.1"
    their_address: str = "10.231.7.2"
    our_interface: str = "cable"

    @staticmethod
    def inside(namespace: str, *command: str) -> list[str]:
        """Return the command that runs this one in a namespace."""
        return [require_program("ip"), "netns", "exec", namespace, *command]


@contextmanager
def network() -> Iterator[Network]:
    """Create a network; the test is skipped on machines that do not permit it."""
    mark = f"{os.getpid()}-{secrets.token_hex(2)}"
    made = Network(f"pantau-here-{mark}", f"pantau-there-{mark}")
    try:
        _ip("netns", "add", made.here)
        _ip("netns", "add", made.there)
        here, there = ("-n", made.here), ("-n", made.there)
        peer = ("peer", "name", "camera", "netns", made.there)
        _ip(*here, "link", "add", made.our_interface, "type", "veth", *peer)
        for side, name, address in (
            (here, made.our_interface, made.our_address),
            (there, "camera", made.their_address),
        ):
            _ip(*side, "address", "add", f"{address}/24", "dev", name)
            _ip(*side, "link", "set", name, "up")
            _ip(*side, "link", "set", "lo", "up")
        yield made
    finally:
        for name in (made.here, made.there):
            subprocess.run([require_program("ip"), "netns", "delete", name], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    done = subprocess.run([require_program("ip"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        skip_without_privileges(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
