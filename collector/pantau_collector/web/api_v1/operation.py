"""One operation of the API: a function whose types are at once its validation and its description."""

import hashlib
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from pantau_collector.access.role import Role
from pantau_collector.store import StoreError
from pantau_collector.web.api_v1.asked import Asked, Shared
from pantau_collector.web.api_v1.fields import read_body, read_query, read_text
from pantau_collector.web.api_v1.problem import RefusedError, problem_response
from pantau_collector.web.conditional import is_not_modified
from pantau_collector.web.guard import Endpoint

JSON = "application/json"


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """An operation without parameters."""


class Operation:
    """A route, and what it is asked with and answers, as the types of `handle` say.

    `handle` takes an `Asked`, the names in braces of `path`, and if it has them `query` and `body`, which are
    structs. It runs in a thread and may read the store, unless it is a coroutine. What it returns is encoded as
    JSON, unless `media` says that it is the content itself: bytes, or a whole response. With `picture`, it is
    written who looked at it.
    """

    def __init__(
        self,
        method: str,
        path: str,
        handle: Callable[..., Any],
        *,
        least: Role = Role.VIEWER,
        status: HTTPStatus = HTTPStatus.OK,
        media: str = JSON,
        picture: bool = False,
    ) -> None:
        hints = get_type_hints(handle, include_extras=True)
        self.method = method
        self.path = path
        self.handle = handle
        self.least = least
        self.status = status
        self.media = media
        self.picture = picture
        self.path_types: Mapping[str, Any] = {name: hints[name] for name in re.findall(r"{(\w+)}", path)}
        self.query: type[Struct] = hints.get("query", NoQuery)
        self.body: type[Struct] | None = hints.get("body")
        self.answer: Any = hints["return"]
        self._takes_query = "query" in hints

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.handle.__name__

    @property
    def tag(self) -> str:
        """What it is about: the last of its path's words that is no parameter of a camera or site."""
        return self.handle.__module__.rpartition(".")[2]

    def endpoint(self, shared: Shared) -> Endpoint:
        """Return what the web application calls."""

        async def answer(request: Request) -> Response:
            try:
                arguments = await self._arguments(request)
                asked = Asked(request, shared)
                if iscoroutinefunction(self.handle):
                    found = await self.handle(asked, **arguments)
                else:
                    found = await run_in_threadpool(self.handle, asked, **arguments)
            except RefusedError as error:
                return problem_response(error.status, str(error), error.field, headers=error.headers)
            except StoreError:
                return problem_response(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "the collector's state cannot be read at the moment: try again",
                    headers={"Retry-After": "5"},
                )
            except ClientDisconnect:
                return Response(status_code=HTTPStatus.BAD_REQUEST)
            return self._response(request, found)

        return answer

    async def _arguments(self, request: Request) -> dict[str, Any]:
        arguments = {
            name: read_text(name, request.path_params[name], kind) for name, kind in self.path_types.items()
        }
        query = read_query(self.query, request.query_params.multi_items())
        if self._takes_query:
            arguments["query"] = query
        if self.body is not None:
            content_type = request.headers.get("content-type", "")
            arguments["body"] = read_body(self.body, await request.body(), content_type)
        return arguments

    def _response(self, request: Request, found: Any) -> Response:
        if isinstance(found, Response):
            return found
        content = msgspec.json.encode(found) if self.media == JSON else found
        if request.method not in ("GET", "HEAD"):
            return Response(content, self.status, media_type=self.media, headers={"Cache-Control": "no-store"})
        headers = {
            "ETag": f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"',
            "Cache-Control": "private, no-cache",
        }
        if is_not_modified(request, headers):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(content, self.status, media_type=self.media, headers=headers)
