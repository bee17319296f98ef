"""`/incidents/{number}/attribute`: to whom the lost time of an incident belongs, decided by a person.

What it would move is shown first, as `attribute` does. Nothing that was decided is ever changed or deleted.
"""

from collections.abc import Mapping
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.role import Role
from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.closed_months import load_closed_months
from pantau_collector.attribution import (
    DecidedLedger,
    DecisionError,
    NothingToMoveError,
    Proposal,
    Wish,
    add_decision,
    load_decisions,
    propose,
)
from pantau_collector.ledger import Bucket
from pantau_collector.web.actions.answer import NOT_REFUSED, Refused, answered, refused
from pantau_collector.web.actions.form import is_first, moment_ms, new_once, read_form
from pantau_collector.web.actions.incident_actions import incident_place, load_outage, not_found
from pantau_collector.web.guard import GuardedRoute, guarded, principal_of
from pantau_collector.web.layout import language_of, render
from pantau_collector.web.sources import Sources
from pantau_collector.web.times import Times, duration
from pantau_contract.words import words

_EVIDENCE = "evidence"
"""What the form sends to take time back to the evidence."""


class AttributionPage:
    """Serves the form, what it would move, and decides what was shown."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def routes(self) -> list[GuardedRoute]:
        """Return its routes."""
        path = "/incidents/{number:int}/attribute"
        return [
            guarded(path, self.page, Role.OPERATOR, name="attribute"),
            guarded(path, self.submit, Role.OPERATOR, methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        """Serve the form."""
        return await run_in_threadpool(self._show, request)

    async def submit(self, request: Request) -> Response:
        """Show what would be moved, or decide it."""
        form = await read_form(request)
        refuse = partial(self._refuse, request, form)
        if form.get("step") == "decide":
            return await answered(request, partial(self._decide, request, form), refuse)
        return await run_in_threadpool(self._show_proposal, request, form)

    def _show_proposal(self, request: Request, form: Mapping[str, str]) -> Response:
        try:
            return self._show(request, Refused("attribute", form=form), self._propose(request, form))
        except ActionError as error:
            return self._refuse(request, form, error)

    def _decide(self, request: Request, form: Mapping[str, str]) -> str:
        decision = self._propose(request, form).decision
        with self._sources.store.begin() as connection:
            if is_first(connection, form, principal_of(request), now_ms=decision.created_ms):
                add_decision(connection, decision)
        return f"incidents/{request.path_params['number']}/actions?done=attributed"

    def _propose(self, request: Request, form: Mapping[str, str]) -> Proposal:
        sources, to = self._sources, form.get("to", "")
        if to not in (*map(str, Bucket), _EVIDENCE):
            raise ActionError("to", "no_bucket")
        if not form.get("reason"):
            raise ActionError("reason", "nothing_written")
        if to == Bucket.THIRD_PARTY and not form.get("party"):
            raise ActionError("party", "no_party")
        with sources.store.begin() as connection:
            outage = load_outage(connection, request)
            closed = load_closed_months(connection)
        wish = Wish(
            incident=outage.incident.id,
            to=None if to == _EVIDENCE else Bucket(to),
            reason=form["reason"],
            by=principal_of(request).name,
            party=form.get("party", ""),
            cameras=None if outage.complete else outage.members,
            from_ms=moment_ms(form, "from", sources.zone),
            to_ms=moment_ms(form, "until", sources.zone),
        )
        ledger = DecidedLedger(sources.store, sources.inventory())
        try:
            return propose(
                sources.store, ledger, wish, now_ms=sources.clock_ms(), zone=sources.zone, closed=closed
            )
        except NothingToMoveError:
            raise ActionError("", "nothing_lost") from None
        except DecisionError as error:
            field, _, said = str(error).partition(": ")
            known = {"to": "to", "reason": "reason", "party": "party", "from": "from", "until": "until"}
            raise ActionError(known.get(field, ""), "as_said", said=said or error) from None

    def _refuse(self, request: Request, form: Mapping[str, str], error: ActionError) -> Response:
        return self._show(request, refused(request, "attribute", form, error))

    def _show(
        self, request: Request, refused_form: Refused = NOT_REFUSED, proposal: Proposal | None = None
    ) -> Response:
        phrases = words(language_of(request))
        try:
            with self._sources.store.begin() as connection:
                outage = load_outage(connection, request)
                made = [each for each in load_decisions(connection) if each.incident == outage.incident.id]
        except ActionError as error:
            return not_found(error)
        return render(
            request,
            "actions/attribute.html",
            status=refused_form.status,
            outage=outage,
            incident=outage.incident,
            place=incident_place(outage, self._sources.inventory()),
            proposal=proposal,
            made=made,
            buckets=[*map(str, Bucket)],
            times=Times(phrases, self._sources.zone, self._sources.clock_ms()),
            lasted=lambda ms: duration(ms / 1000, phrases),
            once=refused_form.form.get("once") or new_once(),
            refused=refused_form,
        )
