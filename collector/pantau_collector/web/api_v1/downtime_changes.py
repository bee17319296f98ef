"""Maintenance is planned, and taken back, by the rules of the command and the page."""

from http import HTTPStatus
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.maintenance import Period, check_period, known_targets, own_start, plan
from pantau_collector.incidents.downtime import Downtime as StoredDowntime
from pantau_collector.incidents.downtime import Scope
from pantau_collector.store import downtime_rows, fleet_rows
from pantau_collector.web.actions.rights import check_target
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.downtimes import Downtime, describe, find_planned
from pantau_collector.web.api_v1.moments import Moment, milliseconds
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_collector.web.api_v1.refused_action import refused_action
from pantau_collector.web.api_v1.values import Number
from pantau_contract.printable import printable_line
from pantau_service.settings import did_you_mean


class DowntimeWish(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be planned; see `Downtime`.

    It begins at `since`, or now. It lasts until `until`, or for `duration_s`; with `rrule` each occurrence lasts
    for `duration_s`, and none begins after `until`. `timezone` is that of the recurrence, or the collector's.
    """

    scope: Scope
    target: Annotated[str, Meta(min_length=1, max_length=400)]
    since: Moment | None = None
    until: Moment | None = None
    duration_s: Annotated[int, Meta(ge=0, le=366 * 86_400)] = 0
    rrule: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None
    timezone: Annotated[str, Meta(max_length=60)] | None = None
    reason: Annotated[str, Meta(max_length=400)] = ""


def plan_downtime(asked: Asked, body: DowntimeWish) -> Downtime:
    """Plan maintenance of something within the scope, in the name of whose token it is."""
    now_ms = asked.now_ms
    try:
        period = _period(asked, body)
        with asked.sources.store.begin() as connection:
            known = known_targets(body.scope, asked.inventory, fleet_rows.load_names(connection))
            _check_target(asked, body, known)
            saved = plan(
                connection,
                StoredDowntime(
                    id=0,
                    scope=body.scope,
                    target=body.target,
                    start_ms=period.start_ms,
                    end_ms=period.end_ms,
                    rrule=body.rrule,
                    duration_s=period.duration_s,
                    timezone=period.timezone,
                    reason=printable_line(body.reason),
                    by=asked.principal.name,
                    created_ms=now_ms,
                ),
                now_ms=now_ms,
            )
    except ActionError as error:
        raise refused_action(error) from None
    return describe(saved, now_ms)


def cancel_downtime(asked: Asked, downtime: Number) -> Downtime:
    """Take maintenance back, also while it is under way."""
    planned = find_planned(asked, downtime)
    try:
        _check_right(asked, planned.scope, planned.target)
    except ActionError as error:
        raise refused_action(error) from None
    with asked.sources.store.begin() as connection:
        if not downtime_rows.cancel_downtime(connection, downtime, now_ms=asked.now_ms):
            raise RefusedError(HTTPStatus.CONFLICT, f"downtime {downtime} is cancelled already")
    return describe(find_planned(asked, downtime), asked.now_ms)


def _check_target(asked: Asked, body: DowntimeWish, known: dict[str, str]) -> None:
    try:
        _check_right(asked, body.scope, body.target)
    except ActionError:
        # Whether it exists is for those to know who may see it.
        if asked.reach.whole or body.target in known:
            raise
    if body.target not in known:
        hint = f"; {did_you_mean(body.target, sorted(known))}" if asked.reach.whole else ""
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"there is no {body.scope} `{printable_line(body.target)}`{hint}",
            "target",
        )


def _check_right(asked: Asked, scope: Scope, target: str) -> None:
    check_target(asked.principal, scope, target, city=asked.city, whole_city=asked.sources.view())


def _period(asked: Asked, body: DowntimeWish) -> Period:
    timezone = body.timezone or asked.sources.zone.key
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "expected a time zone such as Asia/Jakarta", "timezone"
        ) from None
    start_ms = None if body.since is None else milliseconds(body.since, "since")
    if body.rrule is not None and (stated := own_start(body.rrule, timezone)) is not None:
        if start_ms is not None:
            raise ActionError("from", "start_in_rule")
        start_ms, timezone = stated
    end_ms = None if body.until is None else milliseconds(body.until, "until")
    if body.rrule is None and end_ms is not None and body.duration_s:
        raise ActionError("for", "length_twice")
    begins_ms = asked.now_ms if start_ms is None else start_ms
    return check_period(
        Period(begins_ms, end_ms, body.duration_s, timezone), recurs=body.rrule is not None, now_ms=asked.now_ms
    )
