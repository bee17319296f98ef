"""Checks the disk of the spool: space, whether it can be written to, and wear."""

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from pantau_agent.doctor.finding import Finding, FindingLevel
from pantau_contract.messages import Host

FULL_MB = 100.0
"""Free megabytes below which the disk counts as full."""
SLOW_S = 2.0
"""Seconds for a synced block: a healthy SD card takes a tenth of that even during garbage collection."""
WORN_PCT = 80
"""Per cent of the disk's life above which to warn."""
_BLOCK = bytes(4096)
"""What is written to try the disk."""


def check_space(host: Host, folder: Path, max_mb: float) -> Finding:
    """Check that the spool's folder has space for reports that wait."""
    values: dict[str, object] = {
        "path": folder,
        "free_mb": f"{host.disk_free_mb or 0:.0f}",
        "max_mb": f"{max_mb:g}",
    }
    if not is_there(folder):
        level, key = FindingLevel.ERROR, "missing"
    elif host.disk_free_mb is None:
        level, key = FindingLevel.WARNING, "unsaid"
    elif host.disk_free_mb < FULL_MB:
        level, key = FindingLevel.ERROR, "full"
    elif host.disk_free_mb < max_mb:
        level, key = FindingLevel.WARNING, "low"
    else:
        level, key = FindingLevel.OK, "roomy"
    return Finding("disk", level, key, values=values)


def is_there(folder: Path) -> bool:
    """Return whether there is such a folder, as far as this user can see."""
    try:
        return folder.is_dir()
    except PermissionError:
        return False


def check_writing(folder: Path, spool: Path) -> Finding:
    """Check that the folder can be written to, and how fast, with a block that is deleted again."""
    values: dict[str, object] = {"path": folder, "spool": spool}
    with suppress(OSError):
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return Finding("disk", FindingLevel.ERROR, "read_only", values=values)
        if spool.exists() and spool.stat().st_uid != folder.stat().st_uid:
            return Finding("disk", FindingLevel.ERROR, "owner", values=values | {"user": folder.owner()})
    started_s = time.monotonic()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(_BLOCK)
            file.flush()
            os.fsync(file.fileno())
    except PermissionError:
        return Finding("disk", FindingLevel.UNKNOWN, "not_ours", values=values)
    except OSError as error:
        return Finding(
            "disk", FindingLevel.ERROR, "unwritable", values=values | {"detail": error.strerror or str(error)}
        )
    values["seconds"] = f"{time.monotonic() - started_s:.2f}"
    slow = time.monotonic() - started_s >= SLOW_S
    return Finding(
        "disk", FindingLevel.WARNING if slow else FindingLevel.OK, "slow" if slow else "takes", values=values
    )


def check_wear(folder: Path, *, device: str | None = None, root: Path = Path("/")) -> list[Finding]:
    """Report what the kernel knows of the disk's wear and of errors in its file system.

    `device` is the device number, such as `179:2`; by default the folder's. eMMC reports its wear (JEDEC
    JESD84-B51, section 7.4) in `life_time` and `pre_eol_info`; SD cards report nothing.
    """
    try:
        number = device or _device_number(folder)
        block = (root / "sys/dev/block" / number).resolve(strict=True)
    except OSError:
        return [Finding("disk", FindingLevel.UNKNOWN, "wear_unsaid")]
    disk = block.parent if (block / "partition").exists() else block
    findings = []
    errors = _integer_in(root / "sys/fs/ext4" / block.name / "errors_count")
    if errors:
        findings.append(
            Finding("disk", FindingLevel.ERROR, "errors", values={"count": errors, "device": block.name})
        )
    return [*findings, _life(disk)]


def _life(disk: Path) -> Finding:
    """Return the finding about the wear of the disk with this folder in sysfs."""
    reported = [_integer(part) for part in _text(disk / "device/life_time").split()]
    steps = [step for step in reported if step]
    near_end = _integer_in(disk / "device/pre_eol_info") or 0
    if not steps:
        return Finding("disk", FindingLevel.UNKNOWN, "wear_unsaid")
    used = min(max(steps) * 10, 100)  # each step is a tenth of its life; 11 is beyond it
    values: dict[str, object] = {"used": used, "device": disk.name}
    if max(steps) > 10 or near_end >= 3:
        return Finding("disk", FindingLevel.ERROR, "worn", values=values)
    worn = used > WORN_PCT or near_end == 2
    return Finding(
        "disk", FindingLevel.WARNING if worn else FindingLevel.OK, "worn" if worn else "fresh", values=values
    )


def _device_number(folder: Path) -> str:
    device = folder.stat().st_dev
    return f"{os.major(device)}:{os.minor(device)}"


def _integer_in(file: Path) -> int | None:
    return _integer(_text(file))


def _integer(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace").strip()
    except OSError:
        return ""
