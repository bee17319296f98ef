"""`/sign-in`: where somebody gives the wall's token once, and the browser gets a cookie for it.

A screen without a keyboard opens `/sign-in#TOKEN`: what follows the `#` never leaves the browser, and the
page's script takes it out of the address at once.
"""

import logging
import time
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pantau_collector.web.access import AccessRules
from pantau_collector.web.environment import TEMPLATES
from pantau_collector.web.gate import caller_of
from pantau_collector.web.guard import MAX_BODY
from pantau_collector.web.headers import FORMS_ALLOWED
from pantau_contract.words import LANGUAGES, Language, words

_log = logging.getLogger(__name__)


class SignInPage:
    """Serves the page, and checks the token that its form sends."""

    def __init__(self, rules: AccessRules, language: Language) -> None:
        self._rules = rules
        self._language: Language = language

    async def page(self, request: Request) -> Response:
        """Serve `/sign-in`: GET shows the form; POST checks the token, and goes on to the wall."""
        if request.method != "POST":
            return self._form(request, HTTPStatus.OK)
        address = caller_of(request).address
        if not self._rules.is_token(await _token(request)):
            _log.warning("%s has tried to sign in to the wall with a wrong token", address)
            return self._form(request, HTTPStatus.FORBIDDEN)
        _log.info("%s has signed in to the wall", address)
        cookie = self._rules.cookie(request.headers.get("host", ""), time.time())
        headers = {"Set-Cookie": cookie, "Cache-Control": "no-store"}
        return RedirectResponse("./", HTTPStatus.SEE_OTHER, headers=headers)

    def _form(self, request: Request, status: HTTPStatus) -> Response:
        requested = request.query_params.get("lang")
        language = next((each for each in LANGUAGES if each == requested), self._language)
        html = TEMPLATES.get_template("sign_in.html").render(
            language=language, words=words(language), wrong=status is HTTPStatus.FORBIDDEN
        )
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": FORMS_ALLOWED}
        return HTMLResponse(html, status, headers)


async def _token(request: Request) -> str:
    """Return the token that the form sent, or an empty text."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return ""
    except ClientDisconnect:
        return ""
    return parse_qs(body.decode("ascii", "replace")).get("token", [""])[0].strip()
