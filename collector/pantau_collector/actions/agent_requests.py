"""Asks agents for something about one camera, now, and tells how far that is."""

import secrets
from collections.abc import Callable
from enum import StrEnum

from pantau_collector.actions.action_error import ActionError
from pantau_collector.fleet.view import SiteView
from pantau_collector.store import Store, agent_request_rows
from pantau_collector.store.agent_request_rows import AgentRequest
from pantau_contract.messages import Command
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode

LOOK = "look"
ACCEPT_VIEW = "accept_view"
_OLD_LOOK = "snapshot"
"""What agents know that know no look: they answer with the latest sample, and a picture follows."""
ANSWER_WITHIN_MS = 30_000
"""Milliseconds within which an agent answers; it looks for 20 s at most."""
PICTURE_WITHIN_MS = 10_000
"""Milliseconds after the answer within which the picture comes."""
MAX_AT_SITE = 4
"""Requests that one agent works on at a time."""


class Progress(StrEnum):
    """How far a request is. `PICTURE`: it is answered, and the picture is on its way."""

    ASKED = "asked"
    PICTURE = "picture"
    DONE = "done"
    REFUSED = "refused"
    LATE = "late"


class AgentRequests:
    """Sends requests and keeps them; the pipeline adds the answers."""

    def __init__(self, store: Store, send: Callable[[str, bytes], bool], clock_ms: Callable[[], int]) -> None:
        self._store = store
        self._send = send
        self._clock_ms = clock_ms

    def ask(self, site: SiteView, camera: str, action: str, by: str) -> AgentRequest:
        """Ask the agent of a site, or return the same request if it is being answered already.

        Raises:
            ActionError: the agent or the broker is not there, the agent is too old for it, or busy.
            StoreError: it cannot be kept, and was not sent.
        """
        if not site.online:
            raise ActionError("", "agent_gone")
        if action not in site.actions:
            if action != LOOK:
                raise ActionError("", "agent_too_old", version=site.version or "?")
            action = _OLD_LOOK
        now_ms = self._clock_ms()
        request = AgentRequest(secrets.token_hex(16), site.id, camera, action, by, now_ms)
        with self._store.begin() as connection:
            under_way = agent_request_rows.load_unanswered(connection, site.id, since_ms=now_ms - ANSWER_WITHIN_MS)
            for each in under_way:
                if (each.camera, each.action) == (camera, action):
                    return each
            if len(under_way) >= MAX_AT_SITE:
                raise ActionError("", "agent_busy")
            agent_request_rows.add_request(connection, request)
        command = Command(request.id, action, camera, now_ms, site.connection)
        if not self._send(str(Topic(site.id, TopicKind.COMMAND)), encode(command)):
            with self._store.begin() as connection:
                agent_request_rows.remove_request(connection, request.id)
            raise ActionError("", "no_broker")
        return request

    def find(self, request: str) -> AgentRequest | None:
        """Return a request by its id, or None.

        Raises:
            StoreError: it cannot be read.
        """
        with self._store.begin() as connection:
            return agent_request_rows.load_request(connection, request)

    def progress(self, request: AgentRequest, picture_ms: int) -> Progress:
        """Return how far a request is. `picture_ms` is when the camera's newest picture was taken (UTC)."""
        now_ms, answer = self._clock_ms(), request.answer
        if answer is None or request.answered_ms is None:
            return Progress.LATE if now_ms - request.asked_ms > ANSWER_WITHIN_MS else Progress.ASKED
        if answer.error:
            return Progress.REFUSED
        wanted_ms = answer.picture
        if request.action == _OLD_LOOK and answer.sample is not None:
            wanted_ms = answer.sample.time
        if wanted_ms is None or picture_ms >= wanted_ms or now_ms - request.answered_ms > PICTURE_WITHIN_MS:
            return Progress.DONE
        return Progress.PICTURE
