"""What is answered instead of an answer: problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from msgspec import Struct
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class FieldProblem(Struct, frozen=True):
    """What is wrong with one field of the request: its name, and what was expected."""

    field: str
    detail: str


class Problem(Struct, frozen=True):
    """Why a request was refused, in English. `errors` names the fields that are wrong."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"
    errors: tuple[FieldProblem, ...] = ()


class RefusedError(Exception):
    """The request is refused; `status` says how, the text says why, and `field` which part of it is wrong."""

    def __init__(
        self, status: HTTPStatus, detail: str, field: str = "", *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.field = field
        self.headers = dict(headers or {})


def problem_response(
    status: int, detail: str, field: str = "", *, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a refusal, which nobody keeps."""
    errors = (FieldProblem(field, detail),) if field else ()
    shown = f"{field}: {detail}" if field else detail
    problem = Problem(status, HTTPStatus(status).phrase, shown, errors=errors)
    return Response(
        msgspec.json.encode(problem),
        status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
