"""Which certificates of the link to the broker are reported when, and until when they hold."""

import math

from pantau_agent.config import Broker
from pantau_contract.messages import CertificateEnd
from pantau_service.certificate_end import end_of_authority_ms, end_of_own_ms

EVERY_S = 600.0
"""Seconds between two reports of what has not changed. The files are read as often."""


class Certificates:
    """Reports the ends of certificates: when one is new, and now and then for a collector that is new.

    `known` are those of the last report.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._shown_ms: int | None = None
        self.known: tuple[CertificateEnd, ...] = ()
        self._due_s = -math.inf

    def due(self, shown_ms: int | None, now_s: float) -> tuple[CertificateEnd, ...]:
        """Return what is to be reported now (monotonic seconds).

        `shown_ms` is when the certificate ends that the broker has shown; None while that is not known.
        """
        if shown_ms == self._shown_ms and now_s < self._due_s:
            return ()
        self._shown_ms, self._due_s = shown_ms, now_s + EVERY_S
        self.known = known(self._broker, shown_ms)
        return self.known


def known(broker: Broker, shown_ms: int | None) -> tuple[CertificateEnd, ...]:
    """Return the ends of the broker's certificate, our own and the authority's, as far as there are such."""
    if not broker.tls:
        return ()
    own = broker.tls_certificate
    ends = {
        "broker": shown_ms,
        "client": end_of_own_ms(own) if own is not None else None,
        "authority": end_of_authority_ms(broker.ca_file) if broker.ca_file is not None else None,
    }
    return tuple(CertificateEnd(name, end) for name, end in ends.items() if end is not None and end >= 0)
