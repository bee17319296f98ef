"""Watches the ends of the collector's certificates and of those that the sites report."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from pantau_collector.fleet.view import SiteView
from pantau_collector.health import Trouble, TroubleKind
from pantau_service.certificate_end import end_of_authority_ms, end_of_own_ms

SOON_DAYS = 30
"""Days before a certificate's end from which to say so."""
AT_ONCE_DAYS = 7
"""Days before it from which that is urgent."""
_DAY_MS = 86_400_000
_READ_EVERY_S = 600.0
"""Seconds between two readings of the files."""
_NAMED = 5
"""Sites that a trouble names at most."""


class OwnCertificates:
    """The ends of the certificates of the collector's own link to the broker (UTC ms), by their names.

    `shown_ms` returns when the certificate ends that the broker has shown, or None while that is not known.
    """

    def __init__(
        self,
        own: Path | None,
        authority: Path | None,
        shown_ms: Callable[[], int | None],
        monotonic: Callable[[], float],
    ) -> None:
        self._own = own
        self._authority = authority
        self._shown_ms = shown_ms
        self._monotonic = monotonic
        self._read_at = -math.inf
        self._files: dict[str, int] = {}

    def __call__(self) -> dict[str, int]:
        """Return them now."""
        if self._monotonic() - self._read_at >= _READ_EVERY_S:
            self._read_at = self._monotonic()
            ends = {
                "client": end_of_own_ms(self._own) if self._own else None,
                "authority": end_of_authority_ms(self._authority) if self._authority else None,
            }
            self._files = {name: end for name, end in ends.items() if end is not None}
        shown_ms = self._shown_ms()
        return self._files if shown_ms is None else {"broker": shown_ms, **self._files}


def days_left(ends_ms: int, now_ms: int) -> float:
    """Return the days until then, negative afterwards."""
    return round((ends_ms - now_ms) / _DAY_MS, 2)


def certificate_troubles(own: Mapping[str, int], sites: Iterable[SiteView], now_ms: int) -> Iterator[Trouble]:
    """Yield what ends within 7 days, and within 30.

    What a site reports is no more than a warning: no site can make the collector unhealthy.
    """
    ours = sorted((days_left(end, now_ms), f"the collector's {name}") for name, end in own.items())
    theirs = sorted(
        (days_left(site.certificate_ends_ms, now_ms), f"{site.id}'s {site.certificate}")
        for site in sites
        if site.certificate_ends_ms is not None
    )
    found = [
        (TroubleKind.CERTIFICATE_ENDS, [each for each in ours if each[0] <= AT_ONCE_DAYS]),
        (TroubleKind.SITE_CERTIFICATE_ENDS, [each for each in theirs if each[0] <= AT_ONCE_DAYS]),
        (
            TroubleKind.CERTIFICATE_ENDS_SOON,
            [each for each in sorted([*ours, *theirs]) if AT_ONCE_DAYS < each[0] <= SOON_DAYS],
        ),
    ]
    for kind, ending in found:
        if ending:
            named = ", ".join(f"{name} in {days:.0f} days" for days, name in ending[:_NAMED])
            more = f", and {len(ending) - _NAMED} more" if len(ending) > _NAMED else ""
            yield Trouble(kind, named + more)
