"""Recognises that another client takes over our session at the broker, because it has our client id.

A broker ends the older of two connections with one client id (MQTT 3.1.1, 3.1.4-2). Both clients reconnect, so
each gets a part of the messages, for as long as both run. MQTT 5 has a reason code for it. From a broker that does
not send it (mosquitto 2.0.11 does not), it shows as connections that the broker ends and accepts again at once.
"""

TAKEN_OVER = 142
"""MQTT 5's reason code "Session taken over" in DISCONNECT (3.14.2.1)."""
QUIET_S = 300.0
"""Seconds without another takeover after which the trouble is over; clients may wait long before they return."""
WINDOW_S = 60.0
"""Seconds within which hang-ups count as belonging together."""
HANG_UPS = 2
"""The number of hang-ups within `WINDOW_S`, without a failure to connect between them, that is a pattern."""


class SessionContest:
    """Judges how connections end. It is pure; all times are readings of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._hang_ups_s: list[float] = []
        self._pattern_s: float | None = None
        self._taken_over_s: float | None = None

    def note_taken_over(self, now_s: float) -> None:
        """Record that the broker gave a takeover as the reason for which it ended a connection."""
        self._taken_over_s = now_s

    def note_hang_up(self, now_s: float) -> None:
        """Record that an accepted connection was ended from outside, without a reason."""
        self._hang_ups_s = [each for each in self._hang_ups_s if now_s - each < WINDOW_S] + [now_s]
        if len(self._hang_ups_s) >= HANG_UPS:
            self._pattern_s = now_s

    def note_other_failure(self) -> None:
        """Record a failure that no other client causes: the broker was away, refused us, or did not answer."""
        self._hang_ups_s = []

    def is_certain(self, now_s: float) -> bool:
        """Return True if the broker has reported a takeover within `QUIET_S`."""
        return _is_recent(self._taken_over_s, now_s)

    def trouble(self, now_s: float, client_id: str) -> str | None:
        """Return what is wrong, for the operator, until `QUIET_S` after it last happened."""
        advice = "let every collector have a broker.client_id of its own"
        if self.is_certain(now_s):
            return (
                f"another client with the client_id {client_id!r} takes over our session, and each gets only a"
                f" part of the messages: {advice}"
            )
        if _is_recent(self._pattern_s, now_s):
            return (
                "our session is ended and accepted again at once, time after time: most likely another client has"
                f" the same client_id {client_id!r}, or else something on the way cuts connections; {advice}"
            )
        return None


def _is_recent(then_s: float | None, now_s: float) -> bool:
    return then_s is not None and now_s - then_s < QUIET_S
