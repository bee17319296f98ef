"""What a decision would do: its period, its cameras, and whose their time is now. Commands and pages ask first."""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo

from msgspec import Struct

from pantau_collector.attribution.decided_ledger import DecidedLedger
from pantau_collector.attribution.decision import (
    CameraKey,
    Decision,
    DecisionError,
    NothingToMoveError,
    Wish,
    check_texts,
)
from pantau_collector.attribution.period import period_of
from pantau_collector.ledger import Bucket
from pantau_collector.ledger.bucket import NOT_LOST
from pantau_collector.ledger.spans import Span
from pantau_collector.store import Store, incident_rows
from pantau_service.settings import did_you_mean


class Proposal(Struct, frozen=True):
    """A decision that was not made yet: its id is 0. `closed` are the months of it that have been closed."""

    decision: Decision
    closed: tuple[str, ...] = ()


def propose(
    store: Store,
    ledger: DecidedLedger,
    wish: Wish,
    *,
    now_ms: int,
    zone: tzinfo = UTC,
    closed: Mapping[str, Span] | None = None,
) -> Proposal:
    """Return the decision that would be made; `add_decision` makes it.

    Args:
        store: where the incident is.
        ledger: whose the time is by now.
        wish: what is to be decided.
        now_ms: UTC ms.
        zone: of the times in an error's text.
        closed: the months that have been closed. A decision about one is allowed, and appears as a correction.

    Raises:
        DecisionError: it cannot be made; the text says why.
        StoreError: the store cannot be read.
    """
    check_texts(wish)
    with store.begin() as connection:
        incident = incident_rows.load_incident(connection, wish.incident)
    if incident is None:
        raise NothingToMoveError(
            f"there is no incident {wish.incident}, or it was over so long ago that it was removed"
        )
    cameras = _cameras(wish, incident.members)
    from_ms, to_ms = period_of(wish, incident, now_ms, zone)
    span = Span(from_ms, now_ms if to_ms is None else to_ms)
    before = _before(ledger, cameras, span)
    if not before:
        raise NothingToMoveError(
            f"none of the time of incident {wish.incident} in that period was lost, so there is nothing to move"
        )
    decision = Decision(
        id=0,
        incident=incident.id,
        cameras=cameras,
        from_ms=from_ms,
        to_ms=to_ms,
        to=wish.to,
        party=wish.party.strip(),
        reason=wish.reason.strip(),
        by=wish.by.strip(),
        created_ms=now_ms,
        before=before,
    )
    touched = [
        name for name, month in (closed or {}).items() if month.from_ms < span.to_ms and span.from_ms < month.to_ms
    ]
    return Proposal(decision, tuple(touched))


def _cameras(wish: Wish, members: Sequence[CameraKey]) -> tuple[CameraKey, ...]:
    if wish.cameras is None:
        return tuple(members)
    for camera in wish.cameras:
        if camera not in members:
            name = "/".join(camera)
            hint = did_you_mean(name, sorted("/".join(each) for each in members))
            raise DecisionError(f"camera: incident {wish.incident} has no camera `{name}`; {hint}")
    return tuple(dict.fromkeys(wish.cameras))


def _before(ledger: DecidedLedger, cameras: Sequence[CameraKey], span: Span) -> dict[CameraKey, dict[Bucket, int]]:
    """Return the lost time of each camera by bucket, as it is before the decision."""
    of_site: dict[str, list[str]] = {}
    for site, camera in cameras:
        of_site.setdefault(site, []).append(camera)
    found: dict[CameraKey, dict[Bucket, int]] = {}
    for site, names in of_site.items():
        lives = ledger.site_intervals(site, *span)
        for name in names:
            its: dict[Bucket, int] = {}
            for each in lives.get(name, ()):
                if each.evidenced not in NOT_LOST:
                    its[each.bucket] = its.get(each.bucket, 0) + each.ms
            if its:
                found[site, name] = its
    return found
