"""Finds out who makes a request: by a token, by the cookie of a session, or because a proxy has let them in."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool

from pantau_collector.access.principal import Principal
from pantau_collector.accounts.recognition import Recognition
from pantau_collector.web.access import AccessRules, Caller
from pantau_collector.web.cookies import SESSION, read_cookie


class Callers:
    """Recognises callers; without `recognition` there are no accounts, and nobody has a token or session."""

    def __init__(self, rules: AccessRules, recognition: Recognition | None) -> None:
        self._rules = rules
        self._recognition = recognition

    async def find(self, peer: str, headers: Mapping[str, str], *, secure: bool) -> Caller:
        """Return who makes a request.

        A token that is not valid is nobody's, even if the browser has a session.

        Raises:
            StoreError: the state cannot be read.
        """
        address = self._rules.address(peer, headers)
        authorization = headers.get("authorization", "")
        if authorization:
            scheme, _, token = authorization.partition(" ")
            valid = scheme.lower() == "bearer"
            return Caller(address, await self._recognise("token", token.strip()) if valid else None)
        session = read_cookie(headers.get("cookie", ""), SESSION, secure=secure)
        principal = await self._recognise("session", session) if session else None
        return Caller(address, principal or self._rules.without_sign_in(peer, headers), session)

    async def _recognise(self, kind: str, secret: str) -> Principal | None:
        recognition = self._recognition
        if recognition is None:
            return None
        found = recognition.recent(kind, secret)
        if found is None:
            look_up = recognition.by_token if kind == "token" else recognition.by_session
            found = await run_in_threadpool(look_up, secret)
        return found.principal
