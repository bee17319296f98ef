"""`/ack`: the page behind the signed link in a notice. It shows the outage, and a button to acknowledge it.

Following the link changes nothing, because mail scanners follow links too. The signature replaces a login, so a
proxy that asks for one must let `/ack` through. Pressing the button twice, or much later, does no harm.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from pantau_collector.actions.acknowledgement import acknowledge_once
from pantau_collector.incidents.incident import Incident
from pantau_collector.notices.links import Claim, LinkError, Links
from pantau_collector.notices.recipients import Recipient
from pantau_collector.notices.time_format import date_and_time
from pantau_collector.store import Store, StoreError, incident_rows
from pantau_collector.web.environment import TEMPLATES
from pantau_collector.web.headers import FORMS_ALLOWED
from pantau_contract.words import Language, words

HOURS = (1, 4, 24)
"""Hours that the page offers for an acknowledgement, beside "until it is over"."""

_MAX_BODY = 2_000
"""Bytes of a form that are read."""

_PRESELECTED = 4
"""Hours that the form offers first."""

_log = logging.getLogger(__name__)


class PlaceName(Protocol):
    """Names the place of an incident, by site and camera, device or uplink."""

    def __call__(self, incident: Incident) -> str:
        """Return the place as in a notice's subject."""


class AcknowledgePage:
    """Serves `/ack`. It stores each acknowledgement as a request, which the pipeline applies."""

    def __init__(
        self,
        store: Store,
        links: Links,
        recipients: Mapping[str, Recipient],
        place_name: PlaceName,
        clock_ms: Callable[[], int],
        *,
        language: Language = "id",
    ) -> None:
        self._store = store
        self._links = links
        self._recipients = recipients
        self._place_name = place_name
        self._clock_ms = clock_ms
        self._language: Language = language

    async def page(self, request: Request) -> Response:
        """Serve `/ack`: GET shows the outage and a button, POST acknowledges it."""
        query = dict(request.query_params)
        try:
            hours = await _hours(request) if request.method == "POST" else None
        except (ValueError, ClientDisconnect):
            return self._message("invalid", self._recipient(query), 400)
        return await run_in_threadpool(self._answer, query, posted=request.method == "POST", hours=hours)

    def _answer(self, query: Mapping[str, str], *, posted: bool, hours: int | None) -> Response:
        recipient = self._recipient(query)
        try:
            incident = self._incident(self._links.read(query))
            if incident is None or recipient is None:
                return self._message("invalid", recipient, 404)
            if incident.resolved_ms is not None:
                return self._message("over", recipient, 200)
            if posted:
                return self._acknowledge(incident, recipient, hours)
        except LinkError as error:
            return self._message(
                "expired" if error.expired else "invalid", recipient, 410 if error.expired else 403
            )
        except StoreError as error:
            _log.error("an acknowledgement cannot be kept: %s", error)
            return self._message("failed", recipient, 503)
        return self._form(incident, recipient)

    def _acknowledge(self, incident: Incident, recipient: Recipient, hours: int | None) -> Response:
        now_ms, by = self._clock_ms(), recipient.name or recipient.id
        until_ms = None if hours is None else now_ms + hours * 3_600_000
        with self._store.begin() as connection:
            acknowledge_once(connection, incident, by, until_ms, now_ms=now_ms)
        _log.info("%s takes incident %d by the link in a notice", recipient.id, incident.id)
        return self._message("done", recipient, 200)

    def _incident(self, claim: Claim) -> Incident | None:
        with self._store.begin() as connection:
            incident = incident_rows.load_incident(connection, claim.incident)
        return incident if incident is not None and incident.since_ms == claim.since_ms else None

    def _recipient(self, query: Mapping[str, str]) -> Recipient | None:
        return self._recipients.get(query.get("r", ""))

    def _form(self, incident: Incident, recipient: Recipient) -> Response:
        phrases = words(recipient.language)
        since = date_and_time(incident.since_ms, ZoneInfo(recipient.timezone), phrases)
        taken = incident.acknowledged
        html = TEMPLATES.get_template("acknowledge.html").render(
            language=recipient.language,
            words=phrases,
            title=self._place_name(incident),
            lines=[phrases.meaning(incident.cause), f"{phrases('notice.since')}: {since}"],
            note=phrases("notice.ack.already", by=taken.by) if taken else "",
            asks=True,
            hours=HOURS,
            preselected=_PRESELECTED,
        )
        return _page(html, 200)

    def _message(self, what: str, recipient: Recipient | None, status: int) -> Response:
        language = recipient.language if recipient else self._language
        phrases = words(language)
        by = (recipient.name or recipient.id) if recipient else ""
        detail = [] if what == "over" else [phrases(f"notice.ack.{what}_detail")]
        html = TEMPLATES.get_template("acknowledge.html").render(
            language=language,
            words=phrases,
            title=phrases(f"notice.ack.{what}", by=by),
            lines=detail,
            note="",
            asks=False,
        )
        return _page(html, status)


def _page(html: str, status: int) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": FORMS_ALLOWED}
    return HTMLResponse(html, status, headers)


async def _hours(request: Request) -> int | None:
    """Return the hours that the form chose, or None for "until it is over".

    Raises:
        ValueError: the request is not the page's form.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise ValueError("too long")
    chosen = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True).get("hours", [str(_PRESELECTED)])[0]
    if chosen == "":
        return None
    hours = int(chosen)
    if hours not in HOURS:
        raise ValueError(chosen)
    return hours
