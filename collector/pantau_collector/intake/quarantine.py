"""Has the broker shut out a site that floods it, for a while, before its queue makes all others late.

A broker has one queue for the collector, and each site's messages wait in it behind those of all others. So a site
that sends more than the collector can read delays every other one, whatever share of the collector it has.
mosquitto limits nobody's rate, but its dynamic security plugin, which our role sets up, can disable a login within
a millisecond. Where there is no such plugin, what a flooding site sends is at least dropped as early as possible.

The limits are beyond what an agent sends that is not broken, and low enough that a slow disk cannot hide a flood:
the broker sends no more than 200 messages that are not acknowledged, so no flood comes faster than it is written.
What the broker has kept while we were away comes all at once, so then more is let through.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from pantau_collector.intake.allowance import Allowance
from pantau_contract.messages import MAX_MESSAGES_PER_S
from pantau_service import atomic_file

TOPIC = "$CONTROL/dynamic-security/v1"
"""Where mosquitto's plugin takes commands."""
SHUT_OUT_S = 600
"""Seconds for which a site is shut out."""
MESSAGES_PER_S, MESSAGES_AT_ONCE = MAX_MESSAGES_PER_S, 2000
"""Messages that one site may send, in the long run and at once."""
BYTES_PER_S, BYTES_AT_ONCE = 4 << 20, 48 << 20
"""Bytes of payload that one site may send, in the long run and at once."""
CATCHING_UP_S = 60.0
"""Seconds after a break for which ten times as much may come at once."""
_CATCHING_UP = 10
_AGAIN_AFTER_S = 1.0
"""Seconds after which the broker is asked again to shut a site out that still sends."""
_log = logging.getLogger(__name__)


class Quarantine:
    """Counts what each site sends. What counts belongs to one thread, and `take_due` to another one.

    Which sites are shut out is in a file, so that they are let in again after a restart too. `time_ms` is the time
    of day, `monotonic` a clock that is never stepped (s).
    """

    def __init__(
        self, path: Path, *, time_ms: Callable[[], int], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._time_ms = time_ms
        self._monotonic = monotonic
        self._until_ms = _read(path)
        self._asked_s: dict[str, float] = {}
        self._saving = threading.Lock()
        self.begin()

    @property
    def trouble(self) -> str | None:
        """Which sites are shut out, for the operator; None if none is."""
        until_ms, now_ms = self._until_ms.copy(), self._time_ms()
        sites = [f"{site} for {max(0, until - now_ms) // 60_000} min" for site, until in until_ms.items()]
        return f"flooded the broker, and are shut out: {', '.join(sites)}" if sites else None

    @property
    def is_in_use(self) -> bool:
        """True while any site is shut out."""
        return bool(self._until_ms)

    def shuts_out(self, site: str) -> bool:
        """Return True if a site is shut out."""
        return site in self._until_ms

    def begin(self) -> None:
        """Begin after a break: what the broker has kept meanwhile comes at once."""
        self._catching_up_until_s = self._monotonic() + CATCHING_UP_S
        self._messages, self._bytes = Allowance(rate=MESSAGES_PER_S), Allowance(rate=BYTES_PER_S)

    def admits(self, site: str, messages: int, size: int) -> bool:
        """Count messages of a site, of `size` bytes together, and return False if they are to be dropped.

        What is on no site's topic is nobody's to be shut out for.
        """
        if not site:
            return True
        if site in self._until_ms:
            return False
        now_s = self._monotonic()
        if now_s >= self._catching_up_until_s:
            self._catching_up_until_s = float("inf")
            self._messages, self._bytes = Allowance(rate=MESSAGES_PER_S), Allowance(rate=BYTES_PER_S)
        messages_owed = self._messages.use(site, messages, now_s)
        bytes_owed = self._bytes.use(site, size, now_s)
        more = 1 if self._catching_up_until_s == float("inf") else _CATCHING_UP
        if messages_owed < MESSAGES_AT_ONCE * more and bytes_owed < BYTES_AT_ONCE * more:
            return True
        self._until_ms[site] = self._time_ms() + SHUT_OUT_S * 1000
        self._save()
        _log.warning(
            "the site %s floods the broker, and is shut out for %d min: look at its agent, and who has its login",
            site,
            SHUT_OUT_S // 60,
        )
        return False

    def commands_for(self, site: str) -> list[bytes]:
        """Return what to ask of the broker because a site that is shut out sends, each time a second later."""
        now_s = self._monotonic()
        if now_s - self._asked_s.get(site, -_AGAIN_AFTER_S) < _AGAIN_AFTER_S:
            return []
        self._asked_s[site] = now_s
        return [_command("disableClient", site)]

    def take_due(self) -> list[bytes]:
        """Return what to ask of the broker for the sites whose time is over; they are let in again."""
        now_ms = self._time_ms()
        over = [
            site
            for site, until_ms in self._until_ms.copy().items()
            if not now_ms < until_ms <= now_ms + SHUT_OUT_S * 1000  # or the clock was stepped
        ]
        for site in over:
            del self._until_ms[site]
            self._asked_s.pop(site, None)
            _log.warning("the site %s is let in again", site)
        if over:
            self._save()
        return [_command("enableClient", site) for site in over]

    def _save(self) -> None:
        with self._saving:
            try:
                atomic_file.write(self._path, msgspec.json.encode(self._until_ms.copy()))
            except OSError as error:
                _log.warning("%s cannot be written: %s", self._path, error)


def _command(name: str, site: str) -> bytes:
    return msgspec.json.encode({"commands": [{"command": name, "username": site}]})


def _read(path: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("%s cannot be read: who is shut out now stays so until the broker restarts: %s", path, error)
        return {}
