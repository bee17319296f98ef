"""The machine itself: load, memory, disk, temperature, power, clock.

What cannot be measured is None; nothing raises.
"""

import ctypes
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import psutil

from pantau_contract.messages import Host

_T = TypeVar("_T")

# Bits of the Raspberry Pi firmware's throttled word: the state now, and 16 bits higher since the last read.
_UNDERVOLTAGE = 0b0001 | 0b0001 << 16
_THROTTLED = 0b1110 | 0b1110 << 16


@dataclass(frozen=True, slots=True)
class ClockStatus:
    """Whether the machine's clock is set by a time server (None: unknown), and what reports it."""

    synchronised: bool | None
    source: str


def clock_may_be_right() -> bool:
    """Return False if this machine's clock is known not to be set; cameras' clocks are not judged by it then."""
    return Machine(Path("/")).clock().synchronised is not False


class Machine:
    """Reads the machine's figures.

    `disk` is a path on the disk to measure; `root` is the directory that contains `sys`, `proc` and `run`.
    """

    def __init__(self, disk: Path, root: Path = Path("/")) -> None:
        self._disk = disk
        self._root = root
        self._process = psutil.Process()
        _or_none(psutil.cpu_percent)  # the first call starts the interval

    def read(
        self, *, spool_batches: int | None = None, spool_mb: float | None = None, starved_s: float = 0.0
    ) -> Host:
        """Return the figures now, with those of the agent. `cpu_pct` covers the time since the last call."""
        load = _or_none(os.getloadavg)
        memory = _or_none(psutil.virtual_memory)
        disk = _or_none(lambda: psutil.disk_usage(str(self._disk)))
        own = _or_none(self._process.memory_info)
        throttled = self._throttled_word()
        uptime = self.uptime_s()
        return Host(
            cpu_pct=_or_none(psutil.cpu_percent),
            load_1m=None if load is None else round(load[0], 2),
            memory_used_pct=None if memory is None else memory.percent,
            disk_used_pct=None if disk is None else disk.percent,
            disk_free_mb=None if disk is None else round(disk.free / 1e6),
            temperature_c=self._temperature_c(),
            throttled=None if throttled is None else bool(throttled & _THROTTLED),
            undervoltage=self._undervoltage_alarm() if throttled is None else bool(throttled & _UNDERVOLTAGE),
            uptime_s=None if uptime is None else round(uptime),
            agent_memory_mb=None if own is None else round(own.rss / 1e6),
            spool_batches=spool_batches,
            spool_mb=None if spool_mb is None else round(spool_mb, 2),
            starved_s=round(starved_s, 1) or None,
        )

    def clock(self) -> ClockStatus:
        """Return the clock's status by systemd-timesyncd, else by the kernel, which chrony and ntpd update too."""
        if (self._root / "run/systemd/timesync/synchronized").exists():
            return ClockStatus(synchronised=True, source="systemd-timesyncd")
        synchronised = _or_none(_kernel_is_synchronised)
        return ClockStatus(synchronised, "the kernel" if synchronised is not None else "nobody")

    def uptime_s(self) -> float | None:
        """Return for how many seconds the machine has been up."""
        return _number(self._text("proc/uptime").partition(" ")[0])

    def boot(self) -> str:
        """Return the kernel's id of this boot; if it has none, a new one at each call."""
        return self._text("proc/sys/kernel/random/boot_id") or uuid.uuid4().hex

    def _temperature_c(self) -> float | None:
        """Return the processor's temperature, or that of the hottest zone if none is named after the processor."""
        processor: list[float] = []
        others: list[float] = []
        for zone in self._root.glob("sys/class/thermal/thermal_zone*"):
            value = _number(_read(zone / "temp"))
            if value is not None and -50_000 < value < 200_000:
                kind = _read(zone / "type")
                (processor if "cpu" in kind or "pkg" in kind else others).append(value / 1000)
        return max(processor or others, default=None)

    def _throttled_word(self) -> int | None:
        """Return the Raspberry Pi firmware's throttled word, or None on another machine."""
        for file in self._root.glob("sys/devices/platform/soc*/*firmware/get_throttled"):
            return _or_none(partial(int, _read(file), 16))
        return None

    def _undervoltage_alarm(self) -> bool | None:
        for sensor in self._root.glob("sys/class/hwmon/hwmon*"):
            if _read(sensor / "name") == "rpi_volt":
                alarm = _number(_read(sensor / "in0_lcrit_alarm"))
                return None if alarm is None else alarm != 0
        return None

    def _text(self, path: str) -> str:
        return _read(self._root / path)


def _read(file: Path) -> str:
    return (_or_none(file.read_text) or "").strip()


def _number(text: str) -> float | None:
    return _or_none(lambda: float(text))


def _or_none(measure: Callable[[], _T]) -> _T | None:
    """Return what `measure` returns, or None if it fails: sensors and containers fail in every way there is."""
    try:
        return measure()
    except (OSError, ValueError, AttributeError, NotImplementedError, psutil.Error):
        return None


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        *((name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")),
        ("status", ctypes.c_int),
        *((name, ctypes.c_long) for name in ("constant", "precision", "tolerance", "time_s", "time_us", "tick")),
        *((name, ctypes.c_long) for name in ("ppsfreq", "jitter")),
        ("shift", ctypes.c_int),
        *((name, ctypes.c_long) for name in ("stabil", "jitcnt", "calcnt", "errcnt", "stbcnt")),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    )


_STA_UNSYNC = 0x40
"""Bit of `status`, set while the clock is not synchronised (adjtimex(2))."""


def _kernel_is_synchronised() -> bool:
    """Return the kernel's clock state, without changing it (modes = 0).

    Raises:
        OSError: the call is not allowed here.
    """
    timex = _Timex()
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return not timex.status & _STA_UNSYNC
