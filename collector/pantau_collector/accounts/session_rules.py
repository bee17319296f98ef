"""When a session ends by itself."""

from msgspec import Struct

from pantau_collector.access.sign_in_session import Session

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
SCREEN_IDLE_MS = 14 * _DAY_MS
"""Milliseconds after which the session of a screen that is switched off ends."""
SCREEN_LONGEST_MS = 400 * _DAY_MS
"""Milliseconds after which a screen's session ends: browsers keep no cookie longer."""


class SessionRules(Struct, frozen=True):
    """A person's session ends after `idle_h` hours without a request, and after `longest_h` in any case."""

    idle_h: int = 12
    longest_h: int = 168

    @property
    def idle_ms(self) -> int:
        """Milliseconds without a request after which a person's session ends."""
        return self.idle_h * _HOUR_MS

    @property
    def longest_ms(self) -> int:
        """Milliseconds after which a person's session ends in any case."""
        return self.longest_h * _HOUR_MS

    def is_alive(self, session: Session, now_ms: int) -> bool:
        """Return True if a session has not ended."""
        idle_ms = self.idle_ms if session.account else SCREEN_IDLE_MS
        return now_ms < session.ends_ms and now_ms - session.seen_ms < idle_ms
