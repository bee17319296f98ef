"""The machine itself: clock, disk, power, heat, memory. Pure, over what `host` measures."""

import os
from pathlib import Path

from pantau_agent.doctor.finding import Finding, Level
from pantau_agent.host import ClockStatus
from pantau_contract.messages import Host

HOT_C = 75.0
TOO_HOT_C = 80.0
"""From here on a Raspberry Pi slows down."""
MEMORY_PCT = 90.0
FULL_MB = 100.0


def clock(status: ClockStatus) -> Finding:
    """Whether a time server sets it."""
    keys = {
        True: (Level.OK, "synchronised"),
        False: (Level.ERROR, "unsynchronised"),
        None: (Level.WARNING, "unsaid"),
    }
    level, key = keys[status.synchronised]
    return Finding("clock", level, key, values={"source": status.source})


def disk(host: Host, folder: Path, max_mb: float) -> Finding:
    """Whether reports that wait have room, in the spool's folder."""
    values: dict[str, object] = {
        "path": folder,
        "free_mb": f"{host.disk_free_mb or 0:.0f}",
        "max_mb": f"{max_mb:g}",
    }
    if not folder.is_dir():
        level, key = Level.ERROR, "missing"
    elif _is_read_only(folder):
        level, key = Level.ERROR, "read_only"
    elif host.disk_free_mb is None:
        level, key = Level.WARNING, "unsaid"
    elif host.disk_free_mb < FULL_MB:
        level, key = Level.ERROR, "full"
    elif host.disk_free_mb < max_mb:
        level, key = Level.WARNING, "low"
    else:
        level, key = Level.OK, "roomy"
    return Finding("disk", level, key, values=values)


def power(host: Host) -> Finding:
    """Whether its voltage suffices."""
    if host.undervoltage is None:
        return Finding("power", Level.UNKNOWN, "unsaid")
    return (
        Finding("power", Level.ERROR, "undervoltage")
        if host.undervoltage
        else Finding("power", Level.OK, "steady")
    )


def heat(host: Host) -> Finding:
    """Whether it is too hot, or slows itself down."""
    celsius = host.temperature_c
    values: dict[str, object] = {"temperature": "?" if celsius is None else f"{celsius:.0f}"}
    if host.throttled:
        return Finding("heat", Level.WARNING, "throttled", values=values)
    if celsius is None:
        return Finding("heat", Level.UNKNOWN, "unsaid")
    if celsius >= HOT_C:
        return Finding("heat", Level.ERROR if celsius >= TOO_HOT_C else Level.WARNING, "hot", values=values)
    return Finding("heat", Level.OK, "cool", values=values)


def memory(host: Host) -> Finding:
    """Whether some is left."""
    if host.memory_used_pct is None:
        return Finding("memory", Level.UNKNOWN, "unsaid")
    values: dict[str, object] = {"used": f"{host.memory_used_pct:.0f}"}
    if host.memory_used_pct >= MEMORY_PCT:
        return Finding("memory", Level.WARNING, "short", values=values)
    return Finding("memory", Level.OK, "enough", values=values)


def _is_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False
