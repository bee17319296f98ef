"""Which role a route needs, and that only a request with this right, within its scope, reaches the endpoint."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.accounts.accounts import Accounts
from pantau_collector.accounts.actor import Actor
from pantau_collector.fleet.view import CityView
from pantau_contract.topics import SLUG

MAX_BODY = 8_192
"""Bytes of a request's body at most, unless a route says otherwise."""
CSRF_FIELD = "csrf"
"""The field of a form that shows that our own page has sent it."""
CSRF_HEADER = "X-CSRF-Token"
"""The same as a header, for scripts."""
_MAX_FIELDS = 100
"""Fields of a form at most."""
_SAFE = frozenset({"GET", "HEAD"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

Endpoint = Callable[[Request], Awaitable[Response]]


class Rule(Struct, frozen=True):
    """Who may use a route: `least` is the lowest role, or None if it is open to all. `max_body` is in bytes.

    What a request changes is written to the audit log if the route is `audited`; one that shows a `picture` writes
    who looked at it. `whole_city` is True if it cannot be had for a part of the city.
    """

    least: Role | None
    methods: frozenset[str]
    max_body: int = MAX_BODY
    audited: bool = True
    picture: bool = False
    whole_city: bool = False


class GuardedRoute(Route):
    """A route with its rule."""

    def __init__(self, path: str, endpoint: Endpoint, rule: Rule, **options: Any) -> None:
        super().__init__(path, endpoint, methods=sorted(rule.methods), **options)
        self.rule = rule


def guarded(
    path: str,
    endpoint: Endpoint,
    least: Role,
    *,
    methods: Iterable[str] = ("GET",),
    max_body: int = MAX_BODY,
    name: str | None = None,
    audited: bool = True,
    picture: bool = False,
    whole_city: bool = False,
) -> GuardedRoute:
    """Return a route for `least` and the roles above it.

    Where the path names a `{site}` or a `{camera}`, one beyond the principal's scope is not found. What changes
    something needs the CSRF token of the session, unless a program sent its token with the request. What was
    changed is written to the audit log, unless the endpoint does so itself (`audited=False`); with `picture`, also
    who looked at the picture of `{camera}`. With `whole_city`, it is refused to principals of a part of it.
    """
    rule = Rule(least, frozenset(methods), max_body, audited, picture, whole_city)

    async def checked(request: Request) -> Response:
        refused = await _refusal(request, rule)
        if refused is not None:
            return refused
        response = await endpoint(request)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            _write_audit(request, path, rule)
        return response

    return GuardedRoute(path, checked, rule, name=name)


def open_to_all(path: str, endpoint: Endpoint, *, methods: Iterable[str] = ("GET",)) -> GuardedRoute:
    """Return a route that needs no right."""
    return GuardedRoute(path, endpoint, Rule(None, frozenset(methods)))


def find_principal(request: Request) -> Principal | None:
    """Return who asks, or None for a stranger."""
    found: Principal | None = request.state.caller.principal
    return found


def principal_of(request: Request) -> Principal:
    """Return who asks; a guarded route is reached by nobody else."""
    principal = find_principal(request)
    if principal is None:
        raise LookupError("nobody has signed in: is the route guarded?")
    return principal


def city_of(request: Request) -> CityView:
    """Return the city within the principal's scope."""
    view: CityView = request.app.state.scoped(principal_of(request).scope)
    return view


def csrf_of(request: Request) -> str:
    """Return the CSRF token of the principal's session, for the field `csrf` of a form."""
    principal = principal_of(request)
    text = repr((principal.kind, principal.name, principal.session))
    key: bytes = request.app.state.csrf_key
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def refusal(status: HTTPStatus, text: str, **headers: str) -> Response:
    """Return a short answer in plain text, which nobody keeps."""
    return PlainTextResponse(f"{text}\n", status, headers={"Cache-Control": "no-store", **headers})


async def _refusal(request: Request, rule: Rule) -> Response | None:
    principal = find_principal(request)
    if principal is None:
        return _ask_to_sign_in(request)
    if rule.least is not None and principal.role < rule.least:
        return refusal(HTTPStatus.FORBIDDEN, f"this needs the role {rule.least.name.lower()}")
    if rule.whole_city and not principal.scope.whole_city:
        return refusal(HTTPStatus.FORBIDDEN, "this is for those who may see the whole city")
    if _is_beyond_scope(request):
        return refusal(HTTPStatus.NOT_FOUND, "there is no such site or camera")
    return None if request.method in _SAFE else await _refusal_of_change(request, principal, rule)


async def _refusal_of_change(request: Request, principal: Principal, rule: Rule) -> Response | None:
    if int(request.headers.get("content-length", "0")) > rule.max_body:
        return refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"expected {rule.max_body} bytes or fewer", Connection="close"
        )
    if principal.kind == "token" or hmac.compare_digest(
        (await _csrf_sent(request)).encode(), csrf_of(request).encode()
    ):
        return None
    return refusal(HTTPStatus.FORBIDDEN, "this form has expired: open the page again")


def _ask_to_sign_in(request: Request) -> Response:
    is_page = request.method in _SAFE and "text/html" in request.headers.get("accept", "")
    if is_page and request.app.state.can_sign_in:
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        address = f"{root_of(request)}sign-in" + (f"?{urlencode({'to': to})}" if to != "/" else "")
        return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
    return refusal(HTTPStatus.UNAUTHORIZED, "sign in first")


def root_of(request: Request) -> str:
    """Return the relative address of `/` from the page, so that a proxy may serve all of it below a path."""
    return "../" * (request.url.path.count("/") - 1) or "./"


def _is_beyond_scope(request: Request) -> bool:
    site, camera = request.path_params.get("site"), request.path_params.get("camera")
    if site is None:
        return False
    found = next((each for each in city_of(request).sites if each.id == site), None)
    if found is None or not SLUG.fullmatch(site):
        return True
    return camera is not None and not any(each.id == camera for each in found.cameras)


def _write_audit(request: Request, path: str, rule: Rule) -> None:
    accounts: Accounts | None = getattr(request.app.state, "accounts", None)
    if accounts is None:
        return
    principal, caller = principal_of(request), request.state.caller
    actor = Actor(principal.name, principal.kind, caller.address)
    named = request.path_params
    if rule.picture:
        accounts.audit_log.add_look(
            actor,
            "picture_seen",
            "/".join(str(named[each]) for each in ("site", "camera", "project") if each in named),
        )
    elif rule.audited and request.method not in _SAFE:
        accounts.audit_log.add(actor, f"{request.method} {path}", request.url.path)


async def _csrf_sent(request: Request) -> str:
    if (header := request.headers.get(CSRF_HEADER)) is not None:
        return header
    if not request.headers.get("content-type", "").startswith(_FORMS):
        return ""
    try:
        form = await request.form(max_files=1, max_fields=_MAX_FIELDS, max_part_size=MAX_BODY)
    except ClientDisconnect:
        return ""
    sent = form.get(CSRF_FIELD, "")
    return sent if isinstance(sent, str) else ""
