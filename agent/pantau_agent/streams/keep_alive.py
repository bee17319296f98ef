"""What is known about keeping one camera's sessions alive, over sessions and restarts of the agent."""

from msgspec import Struct

PROVEN_TIMEOUTS = 3.0
"""How many times its timeout a session must last before its sign of life is known to keep it."""
SUSPECT_TIMEOUTS = 2.5
"""A session that ends within so many times its timeout is taken for one that was not kept alive."""
CLOSED_WITHIN_S = 2.0
"""Seconds after a sign of life within which the end of a session is taken for its consequence."""
SAME_AGE = 0.15
"""Share by which the ages of two sessions at their end may differ for the end to be the camera's timer."""
MIN_TIMEOUT_S = 5.0
"""Shortest timeout in seconds that is learned from sessions that ended at the same age."""


class KeepAlive(Struct):
    """What is known of one camera. All is unknown at first.

    `method` is the request to begin with. `proven` says that it has kept a session. `timeout_s` is the timeout in
    seconds that was learned, where the camera states none, or too long a one. `last_age_s` is the age at which the
    last session ended early.
    """

    method: str = ""
    proven: bool = False
    timeout_s: float = 0.0
    last_age_s: float = 0.0

    def record_kept(self, method: str) -> None:
        """Record that a session has been kept alive by `method`."""
        self.method, self.proven, self.last_age_s = method, True, 0.0

    def record_end(
        self, age_s: float, timeout_s: float, method: str, next_method: str, since_sent_s: float | None
    ) -> None:
        """Record that a session of that age ended by itself, in which `method` was used.

        `since_sent_s` is how long before the end the last sign of life was sent, or None if none was. One early
        end of a session is no proof against a method that has worked before.
        """
        before_s = self.last_age_s
        same_age = before_s > 0 and abs(age_s - before_s) <= max(1.0, SAME_AGE * before_s)
        self.last_age_s = age_s
        if since_sent_s is None:
            if same_age:
                self.timeout_s = max(MIN_TIMEOUT_S, age_s)
        elif since_sent_s <= CLOSED_WITHIN_S or same_age or age_s <= SUSPECT_TIMEOUTS * timeout_s:
            self.method = method if self.proven else next_method
            self.proven = False
