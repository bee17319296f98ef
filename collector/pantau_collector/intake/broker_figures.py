"""What mosquitto reports of itself below `$SYS`: how full it is, and whether it drops messages.

Another broker may report nothing, or an access list may withhold it; then there are no figures and no trouble.
"""

import math

HEAP = "$SYS/broker/heap/current"
STORED = "$SYS/broker/store/messages/count"
RETAINED = "$SYS/broker/retained messages/count"
DROPPED = "$SYS/broker/publish/messages/dropped"

TOPICS = (HEAP, STORED, RETAINED, DROPPED)
"""The topics to subscribe to. mosquitto publishes each 10 s what has changed."""
QUIET_S = 300.0
"""Seconds after the last dropped message for which it is a trouble."""


class BrokerFigures:
    """The latest figures. It is pure; all times are readings of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._dropped_s: float | None = None
        self._dropped_lately = 0.0

    def note(self, topic: str, payload: bytes, now_s: float) -> None:
        """Record a figure. What is no number is ignored."""
        try:
            value = float(payload)
        except ValueError:
            return
        if topic not in TOPICS or not math.isfinite(value):
            return
        known = self._values.get(topic)
        self._values[topic] = value
        if topic == DROPPED and known is not None and value > known:
            if self._dropped_s is None or now_s - self._dropped_s >= QUIET_S:
                self._dropped_lately = 0
            self._dropped_s = now_s
            self._dropped_lately += value - known

    def value(self, topic: str) -> float:
        """Return a figure, or NaN if the broker does not report it."""
        return self._values.get(topic, math.nan)

    def trouble(self, now_s: float, *, max_memory_mb: float) -> str | None:
        """Return what is wrong with the broker, for the operator; None if nothing is."""
        found = []
        if self._dropped_s is not None and now_s - self._dropped_s < QUIET_S:
            found.append(
                f"has dropped messages ({self._dropped_lately:.0f}), because a queue was full: agents send their"
                " batches again; is a collector away for long, or a site flooding it?"
            )
        if (memory_mb := self.value(HEAP) / 1e6) > max_memory_mb:
            found.append(
                f"uses {memory_mb:.0f} MB, over the limit of {max_memory_mb:g} (broker.max_memory_mb):"
                f" {self.value(STORED):.0f} messages wait, {self.value(RETAINED):.0f} are retained"
            )
        return "; it ".join(found) or None
