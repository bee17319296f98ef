"""Maintenance is planned: what may be maintained, when, and when that comes next."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection

from pantau_collector.actions.action_error import ActionError
from pantau_collector.incidents.downtime import Downtime, DowntimeError, Occurrence, Scope, occurrence, start_of
from pantau_collector.inventory import Inventory
from pantau_collector.store import downtime_rows


class Period(NamedTuple):
    """When maintenance is, as `Downtime` has it; `duration_s` is 0 unless it recurs."""

    start_ms: int
    end_ms: int | None
    duration_s: int
    timezone: str


def known_targets(scope: Scope, inventory: Inventory, seen: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what exists in a scope, as target and name. `seen` are the cameras that agents have reported."""
    if scope is Scope.CAMERA:
        cameras = {f"{site}/{camera}": "" for site, camera in seen}
        return cameras | {"/".join(key): each.name for key, each in inventory.cameras.items()}
    if scope is Scope.SITE:
        return {site: "" for site, _ in seen} | {key: each.name for key, each in inventory.sites.items()}
    if scope is Scope.DEVICE:
        return {"/".join(key): each.name for key, each in inventory.devices.items()}
    if scope is Scope.UPLINK:
        return {key: each.name for key, each in inventory.uplinks.items()}
    if scope is Scope.OWNER:
        return {key: each.name for key, each in inventory.owners.items()}
    return {each.project: "" for each in inventory.cameras.values() if each.project}


def own_start(rrule: str, timezone: str) -> tuple[int, str] | None:
    """Return the start (UTC ms) and the time zone that a rule states itself, or None.

    Raises:
        ActionError: it is no rule.
    """
    try:
        return start_of(rrule, timezone)
    except DowntimeError as error:
        raise ActionError("rrule", "as_said", said=error) from None


def check_period(period: Period, *, recurs: bool, now_ms: int) -> Period:
    """Return the period with the end that follows from its length.

    Raises:
        ActionError: it has no length, or is over.
    """
    start_ms, end_ms, duration_s, timezone = period
    if recurs and not duration_s:
        raise ActionError("for", "each_lasts")
    if not recurs and end_ms is None:
        if not duration_s:
            raise ActionError("for", "how_long")
        end_ms = start_ms + 1000 * duration_s
    if end_ms is not None and end_ms <= max(start_ms, now_ms):
        raise ActionError("until", "time_over")
    return Period(start_ms, end_ms, duration_s if recurs else 0, timezone)


def plan(connection: Connection, downtime: Downtime, *, now_ms: int) -> Downtime:
    """Plan maintenance, and return it with its number. The transaction must end if this raises.

    Raises:
        ActionError: it can never take place.
    """
    field = "rrule" if downtime.rrule is not None else "until"
    try:
        saved = downtime_rows.add_downtime(connection, downtime)
    except DowntimeError as error:
        raise ActionError(field, "as_said", said=error) from None
    if occurrence(saved, now_ms) is None:
        raise ActionError(field, "never")
    return saved


def occurrences(downtime: Downtime, now_ms: int) -> Iterator[Occurrence]:
    """Yield the occurrence under way, if there is one, and those to come."""
    found = occurrence(downtime, now_ms)
    while found is not None:
        yield found
        found = occurrence(downtime, found.end_ms)
