"""The collector's own health, which `/healthz` returns and the wall shows warnings of."""

from enum import StrEnum

from msgspec import Struct


class TroubleKind(StrEnum):
    """What can be wrong with a collector. Each kind has a text in the words, `wall.trouble.*`."""

    VIEW_STALE = "view_stale"
    BROKER_GONE = "broker_gone"
    NOTHING_DELIVERED = "nothing_delivered"
    CLIENT_ID_SHARED = "client_id_shared"
    BROKER_OVERLOADED = "broker_overloaded"
    SITE_SHUT_OUT = "site_shut_out"
    JOURNAL_FAILING = "journal_failing"
    STORE_FAILING = "store_failing"
    SINK_BEHIND = "sink_behind"
    DOWNTIME_UNUSABLE = "downtime_unusable"
    NOTICES_WAITING = "notices_waiting"
    CERTIFICATE_ENDS = "certificate_ends"
    SITE_CERTIFICATE_ENDS = "site_certificate_ends"
    CERTIFICATE_ENDS_SOON = "certificate_ends_soon"


_WARNINGS = {TroubleKind.SITE_CERTIFICATE_ENDS, TroubleKind.CERTIFICATE_ENDS_SOON}
"""Kinds of which the collector does not suffer itself, or not yet."""


class Trouble(Struct, frozen=True):
    """Something that is wrong. `detail` is for the collector's operator, and holds no secrets."""

    kind: TroubleKind
    detail: str = ""


class Health(Struct, frozen=True):
    """The collector is healthy when it has no trouble but warnings.

    While it is not `attentive`, during a grace period after its start or after a break in receiving, it opens no
    incident.
    """

    troubles: tuple[Trouble, ...] = ()
    attentive: bool = True

    @property
    def ok(self) -> bool:
        """True if nothing is wrong that the collector suffers of now."""
        return all(trouble.kind in _WARNINGS for trouble in self.troubles)


def with_view(health: Health, *, view_age_s: float, stale_after_s: float) -> Health:
    """Return the health with a trouble added if the view of the city is older than `stale_after_s`."""
    if view_age_s <= stale_after_s:
        return health
    stale = Trouble(
        TroubleKind.VIEW_STALE, f"the view is {view_age_s:.0f} s old, over the limit of {stale_after_s:g} s"
    )
    others = (each for each in health.troubles if each.kind is not TroubleKind.VIEW_STALE)
    return Health((stale, *others), health.attentive)
