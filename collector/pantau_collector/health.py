"""How the collector itself fares: what `/healthz` answers and the wall warns of."""

from enum import StrEnum

from msgspec import Struct


class TroubleKind(StrEnum):
    """What can be wrong with a collector. Each has a line in the words, `wall.trouble.*`."""

    VIEW_STALE = "view_stale"
    BROKER_GONE = "broker_gone"
    JOURNAL_FAILING = "journal_failing"
    STORE_FAILING = "store_failing"
    SINK_BEHIND = "sink_behind"
    NOTICES_WAITING = "notices_waiting"


class Trouble(Struct, frozen=True):
    """One thing that is wrong. `detail` is for the collector's operator, without secrets."""

    kind: TroubleKind
    detail: str = ""


class Health(Struct, frozen=True):
    """The collector is healthy when it has no trouble.

    While it is not `attentive`, for a grace after its start or after a break of its listening, it opens no outage.
    """

    troubles: tuple[Trouble, ...] = ()
    attentive: bool = True

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.troubles


def with_view(health: Health, *, view_age_s: float, stale_after_s: float) -> Health:
    """The health, and a trouble more when the view of the city has not been renewed for `stale_after_s`."""
    if view_age_s <= stale_after_s:
        return health
    stale = Trouble(
        TroubleKind.VIEW_STALE, f"the view is {view_age_s:.0f} s old, over the limit of {stale_after_s:g} s"
    )
    others = (each for each in health.troubles if each.kind is not TroubleKind.VIEW_STALE)
    return Health((stale, *others), health.attentive)
