"""The OpenAPI document, made of the operations."""

import inspect
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from pantau_collector.access.role import Role
from pantau_collector.web.api_v1.fields import is_repeated, without_none
from pantau_collector.web.api_v1.operation import JSON, Operation
from pantau_collector.web.api_v1.problem import MEDIA_TYPE, Problem
from pantau_collector.web.guard import CSRF_HEADER
from pantau_contract.version import __version__

VERSION = "3.1.0"
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_CHANGING = (HTTPStatus.CONFLICT, HTTPStatus.LENGTH_REQUIRED, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_SCHEMAS: dict[str, Any] = {
    "text/calendar": {"type": "string"},
    "text/event-stream": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "event": {"type": "string"},
            "data": {"type": "string", "contentMediaType": JSON},
        },
        "required": ["event", "data"],
    },
}
"""What is known of an answer that is no JSON; of a stream, of each of its events."""
_ABOUT = """\
What Pantau knows of the city's cameras, within the scope of whoever asks.

Programs send an API token as `Authorization: Bearer ...`. Times are RFC 3339. A list is a page: its `next` is
the `cursor` of the next page. Every refusal is a problem (RFC 9457) that names the field that is wrong. Answers
have an `ETag`: with `If-None-Match` what has not changed is not sent again.
"""


def document(operations: Sequence[Operation], prefix: str, extra: Iterable[type] = ()) -> dict[str, Any]:
    """Return the document.

    Args:
        operations: all of them.
        prefix: of their paths.
        extra: types that no operation names, such as the events of a stream.
    """
    types = list(dict.fromkeys([Problem, *(each for one in operations for each in _types(one)), *extra], None))
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    of_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(prefix + each.path, {})[each.method.lower()] = _operation(each, of_type)
    return {
        "openapi": VERSION,
        "info": {"title": "Pantau", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An API token."},
                "calendar": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "An API token as the password, with any name: for calendars.",
                },
            },
        },
        "security": [{"token": []}],
    }


def _types(operation: Operation) -> Iterator[Any]:
    yield from operation.path_types.values()
    yield from (without_none(field.type) for field in msgspec.structs.fields(operation.query))
    if operation.body is not None:
        yield operation.body
    if operation.media == JSON:
        yield operation.answer


def _operation(operation: Operation, of_type: dict[Any, Any]) -> dict[str, Any]:
    summary, _, rest = (inspect.getdoc(operation.handle) or "").partition("\n")
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": summary,
        "description": f"{rest.partition('Raises:')[0].strip()}\n\nFor the role {_role(operation.least)}.".strip(),
        "parameters": list(_parameters(operation, of_type)),
        "responses": _responses(operation, of_type),
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": of_type[operation.body]}}}
    if operation.method != "GET":
        described["description"] += f" A browser's session sends `{CSRF_HEADER}` as well."
    if operation.media == "text/calendar":
        described["security"] = [{"token": []}, {"calendar": []}]
    return described


def _role(least: Role) -> str:
    return least.name.lower() if least is max(Role) else f"{least.name.lower()} and above"


def _parameters(operation: Operation, of_type: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for name, kind in operation.path_types.items():
        yield {"name": name, "in": "path", "required": True, "schema": of_type[kind]}
    for field in msgspec.structs.fields(operation.query):
        schema = dict(of_type[without_none(field.type)])
        parameter = {"name": field.encode_name, "in": "query", "required": False}
        if description := schema.pop("description", None):
            parameter["description"] = description
        if field.default is not msgspec.NODEFAULT and field.default not in (None, ()):
            schema["default"] = msgspec.to_builtins(field.default)
        if is_repeated(field.type):
            parameter |= {"style": "form", "explode": True}
        yield parameter | {"schema": schema}


def _responses(operation: Operation, of_type: dict[Any, Any]) -> dict[str, Any]:
    schema = of_type[operation.answer] if operation.media == JSON else _SCHEMAS.get(operation.media, {})
    responses: dict[str, Any] = {
        str(int(operation.status)): {
            "description": operation.status.phrase,
            "content": {operation.media: {"schema": schema}},
        }
    }
    if operation.method == "GET" and operation.media != "text/event-stream":
        responses["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    for status in (*_ALWAYS, *(() if operation.method == "GET" else _CHANGING)):
        content = {MEDIA_TYPE: {"schema": of_type[Problem]}}
        responses[str(int(status))] = {"description": status.phrase, "content": content}
    return dict(sorted(responses.items()))
