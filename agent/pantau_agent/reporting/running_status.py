"""What the running agent says of itself to the command `status`: a file in the service's runtime directory.

That directory is in memory (systemd's `RuntimeDirectory=`), so it costs the SD card nothing, and is gone with the
service. Without it, as for an agent that is started by hand, there is no file.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from pantau_contract.messages import CameraState, CertificateEnd
from pantau_service import atomic_file

FILE = "status.json"
SERVICE_DIRECTORY = Path("/run/pantau-agent")
"""The service's runtime directory, as in systemd/pantau-agent.service."""
MAX_BYTES = 16 << 20
"""Bytes of the file at most."""


class RunningStatus(Struct, frozen=True, kw_only=True):
    """The agent at `time_ms` (UTC). `configuration` is the digest of what it runs.

    `receipt_ms` is when a receipt of the collector came last: that proves that it hears this agent. None if there
    was none since the start, as with collectors before 0.3.
    """

    site: str
    version: str
    pid: int
    started_ms: int
    time_ms: int
    interval_s: float
    configuration: str
    connected: bool
    link: str
    receipt_ms: int | None
    spool_batches: int
    spool_mb: float
    dropped: int
    clock_synchronised: bool | None
    cameras: tuple[CameraState, ...] = ()
    certificates: tuple[CertificateEnd, ...] = ()


def runtime_directory(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the runtime directory that systemd has given this process, or None."""
    given = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(given) if given else None


def write(directory: Path, status: RunningStatus) -> None:
    """Replace the file.

    Raises:
        OSError: it cannot be written.
    """
    atomic_file.write(directory / FILE, msgspec.json.encode(status))


def read(directory: Path) -> RunningStatus | None:
    """Return what the file holds, or None if there is none, or none of this version.

    Raises:
        PermissionError: this user may not read it.
    """
    try:
        with (directory / FILE).open("rb") as file:
            return msgspec.json.decode(file.read(MAX_BYTES), type=RunningStatus)
    except PermissionError:
        raise
    except (OSError, msgspec.DecodeError):
        return None
