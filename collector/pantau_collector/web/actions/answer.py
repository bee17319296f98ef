"""Answers to a form: the page again with what is wrong, or on to the next one."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pantau_collector.actions.action_error import ActionError
from pantau_collector.store import StoreError
from pantau_collector.web.guard import Endpoint, root_of
from pantau_collector.web.layout import language_of
from pantau_contract.words import words

GET_AND_POST = ("GET", "POST")
_NOT_FOUND = frozenset({"no_camera", "no_incident", "no_request"})
_CONFLICTS = frozenset({"incident_over", "agent_gone", "agent_busy", "agent_too_old", "changed_meanwhile"})
_FORBIDDEN = frozenset({"incident_of_others", "target_of_others", "inventory_of_others"})


def status_of(error: ActionError) -> HTTPStatus:
    """Return the HTTP status of an error."""
    if error.key in _NOT_FOUND:
        return HTTPStatus.NOT_FOUND
    if error.key in _FORBIDDEN:
        return HTTPStatus.FORBIDDEN
    if error.key in _CONFLICTS:
        return HTTPStatus.CONFLICT
    if error.key in {"no_broker", "not_kept", "inventory_unwritable", "inventory_unreadable", "no_inventory"}:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.UNPROCESSABLE_ENTITY


async def answered(
    request: Request, act: Callable[[], str], refuse: Callable[[ActionError], Response]
) -> Response:
    """Do something on another thread, and go on to the page at the path that it returns.

    Args:
        request: the request.
        act: does it; its path is relative to `/`. It may raise `ActionError` and `StoreError`.
        refuse: returns the page that shows an error.
    """
    try:
        path = await run_in_threadpool(act)
    except ActionError as error:
        return await run_in_threadpool(refuse, error)
    except StoreError as error:
        return await run_in_threadpool(refuse, ActionError("", "not_kept", said=error))
    return to_page(request, path)


def to_page(request: Request, path: str) -> Response:
    """Return what leads the browser to the page at a path relative to `/`, in the same language."""
    joined = "&" if "?" in path else "?"
    address = f"{root_of(request)}{path}{joined}lang={language_of(request)}"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})


class Refused(Struct, frozen=True):
    """What a page shows of a form that was refused: which form, the field and what is wrong, and what was sent."""

    which: str = ""
    field: str = ""
    text: str = ""
    form: Mapping[str, str] = {}
    status: HTTPStatus = HTTPStatus.OK


NOT_REFUSED = Refused()
"""For a page that is opened anew."""


def refused(request: Request, which: str, form: Mapping[str, str], error: ActionError) -> Refused:
    """Return what a page shows of a form that was refused, in its language."""
    text = error.text(words(language_of(request)))
    return Refused(which, error.field, text, form, status_of(error))


def form_of(page: str, endpoint: Endpoint) -> Endpoint:
    """Return the endpoint of a form whose address, when it is only opened, leads to the page that has the form.

    People come there when they choose the other language after the form was refused. `page` is the last part of
    the page's path, in place of the form's.
    """

    async def answer(request: Request) -> Response:
        if request.method == "POST":
            return await endpoint(request)
        return to_page(request, request.url.path.strip("/").rpartition("/")[0] + f"/{page}")

    return answer
