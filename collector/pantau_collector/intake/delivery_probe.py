"""Proves that the broker delivers what is subscribed to, by messages of our own that must come back.

A broker may grant a subscription and deliver nothing: mosquitto checks the access list once more for each message,
and does not report what it withholds. Then every site is silent, and nothing else shows that it is not the sites.

There is one probe for each topic filter of the contract, in the place of a site that cannot exist. They have
QoS 0, so that the broker keeps none of them for a collector that is away.
"""

import secrets

from pantau_contract.topics import SUBSCRIPTIONS

PROBE_SITE = "pantau-collector"
"""The id that stands for a site in the topics of probes. No site may have it."""
PROBE_EVERY_S = 5.0
"""Seconds from one round of probes to the next."""
PROBE_WITHIN_S = 15.0
"""Seconds without a returned probe after which a filter counts as not delivered; as long as three rounds."""
PROBE_PREFIX = b"pantau-collector probe "
"""The beginning of the payload of every collector's probes."""

TOPICS = tuple(each.replace("+", PROBE_SITE, 1).replace("+", "probe") for each in SUBSCRIPTIONS)
"""The topics of the probes, in the order of `SUBSCRIPTIONS`."""


class DeliveryProbe:
    """Makes the probes and judges which return.

    It is pure; all times are readings of one monotonic clock, in seconds.
    """

    def __init__(self) -> None:
        # Distinguishes our probes from those of another collector, and of this one before a restart.
        self._prefix = PROBE_PREFIX + secrets.token_hex(8).encode() + b" "
        self._since_s = 0.0
        self._sent_s: float | None = None
        self._returned_s: dict[int, float] = {}

    def begin(self, now_s: float) -> None:
        """Begin again with a new connection, on which nothing is proven yet."""
        self._since_s = now_s
        self._sent_s = None
        self._returned_s = {}

    def take_due(self, now_s: float) -> list[tuple[str, bytes]]:
        """Return the probes to publish now, each as topic and payload."""
        if self._sent_s is not None and now_s - self._sent_s < PROBE_EVERY_S:
            return []
        if self._sent_s is not None and now_s - self._sent_s >= PROBE_WITHIN_S:
            self.begin(now_s)  # this process was paused, so it is not the broker's fault that none has returned
        self._sent_s = now_s
        return [(topic, self._prefix + str(index).encode()) for index, topic in enumerate(TOPICS)]

    def note_returned(self, payload: bytes, now_s: float) -> None:
        """Record a probe that the broker has delivered; those of other collectors prove nothing."""
        index = payload.removeprefix(self._prefix)
        if index != payload and index.isdigit():
            self._returned_s[int(index)] = now_s

    def is_proven(self, now_s: float) -> bool:
        """Return True if every filter has delivered a probe within `PROBE_WITHIN_S`."""
        return not self._missing(now_s)

    def is_overdue(self, now_s: float) -> bool:
        """Return True if a filter has delivered nothing although there was `PROBE_WITHIN_S` for it."""
        return now_s - self._since_s >= PROBE_WITHIN_S and not self.is_proven(now_s)

    def trouble(self, now_s: float, user: str | None) -> str | None:
        """Return what is not delivered, for the operator, and what to do; None if all is."""
        missing = self._missing(now_s)
        if not missing:
            return None
        if not self.is_overdue(now_s):
            return "has not yet delivered messages of our own, which prove that it delivers"
        what = "anything" if len(missing) == len(SUBSCRIPTIONS) else ", ".join(missing)
        who = f"user {user!r}" if user else "a client without user"
        return (
            f"does not deliver {what}, though it granted the subscription: messages of our own do"
            f" not come back. Let its access list allow {who} to read pantau/v1/# and to write"
            f" pantau/v1/{PROBE_SITE}/#"
        )

    def _missing(self, now_s: float) -> list[str]:
        """Return the filters that no probe has come through lately."""
        returned = self._returned_s.copy()
        return [
            each
            for index, each in enumerate(SUBSCRIPTIONS)
            if index not in returned or now_s - returned[index] >= PROBE_WITHIN_S
        ]
