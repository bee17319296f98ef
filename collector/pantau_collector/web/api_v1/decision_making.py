"""A person decides to whom the lost time of an incident belongs, by the rules of the command and the page."""

from http import HTTPStatus
from typing import Annotated

from msgspec import Meta, Struct

from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.closed_months import load_closed_months
from pantau_collector.attribution import (
    DecidedLedger,
    DecisionError,
    NothingToMoveError,
    Wish,
    add_decision,
    propose,
)
from pantau_collector.ledger import Bucket
from pantau_collector.store import incident_rows
from pantau_collector.web.actions.rights import outage_of
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.decisions import Decision, describe
from pantau_collector.web.api_v1.moments import Moment, milliseconds
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_collector.web.api_v1.refused_action import refused_action
from pantau_collector.web.api_v1.values import CameraKey, Number

_FIELDS = {"from": "since", "to": "until", "camera": "cameras"}


class DecisionWish(Struct, frozen=True, forbid_unknown_fields=True):
    """What is decided about an incident.

    `to` is a bucket, or null to take the time back to the evidence. `party` is whose fault it was. `cameras` are
    those of the incident that it is about, or null for all within the scope; `since` and `until` a part of its
    time.
    """

    incident: Number
    to: Bucket | None
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    party: Annotated[str, Meta(max_length=200)] = ""
    cameras: Annotated[tuple[CameraKey, ...], Meta(min_length=1, max_length=1000)] | None = None
    since: Moment | None = None
    until: Moment | None = None


class DecisionMade(Struct, frozen=True):
    """The decision, and the closed months that it touches: there it appears as a correction."""

    decision: Decision
    closed_months: tuple[str, ...]


def decide(asked: Asked, body: DecisionWish) -> DecisionMade:
    """Decide to whom an incident's lost time belongs, in the name of whose token it is.

    Only lost time moves. Nothing that was decided is ever changed; a later decision about the same time counts
    instead.
    """
    sources = asked.sources
    try:
        with sources.store.begin() as connection:
            found = incident_rows.load_incident(connection, body.incident)
            outage = outage_of(found, body.incident, asked.principal, asked.city)
            closed = load_closed_months(connection)
    except ActionError as error:
        raise refused_action(error) from None
    wish = Wish(
        incident=body.incident,
        to=body.to,
        reason=body.reason,
        by=asked.principal.name,
        party=body.party,
        cameras=_cameras(body, outage.members, complete=outage.complete),
        from_ms=None if body.since is None else milliseconds(body.since, "since"),
        to_ms=None if body.until is None else milliseconds(body.until, "until"),
    )
    ledger = DecidedLedger(sources.store, asked.inventory)
    try:
        proposal = propose(sources.store, ledger, wish, now_ms=asked.now_ms, zone=sources.zone, closed=closed)
    except NothingToMoveError as error:
        raise RefusedError(HTTPStatus.CONFLICT, str(error)) from None
    except DecisionError as error:
        field, _, said = str(error).partition(": ")
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, said, _FIELDS.get(field, field)) from None
    with sources.store.begin() as connection:
        made = describe(asked, add_decision(connection, proposal.decision))
    if made is None:
        raise LookupError("a decision about cameras within the scope is not within it")
    return DecisionMade(made, proposal.closed)


def _cameras(
    body: DecisionWish, members: tuple[tuple[str, str], ...], *, complete: bool
) -> tuple[tuple[str, str], ...] | None:
    """Return the cameras that are meant, of those within the scope.

    Raises:
        RefusedError: one is not among them.
    """
    if body.cameras is None:
        return None if complete else members
    by_name = {"/".join(key): key for key in members}
    for name in body.cameras:
        if name not in by_name:
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"incident {body.incident} has no such camera", "cameras"
            )
    return tuple(by_name[name] for name in body.cameras)
