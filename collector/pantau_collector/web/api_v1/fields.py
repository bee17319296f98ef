"""Reads the typed fields of a request out of its address and body. Every error names its field."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct

from pantau_collector.web.api_v1.problem import RefusedError
from pantau_service.settings import did_you_mean

T = TypeVar("T", bound=Struct)

_AT = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_SPACE_FOR_PLUS = re.compile(r".*\d \d\d:\d\d")


def without_none(kind: Any) -> Any:
    """Return what an optional type is when it is there: `int` for `int | None`."""
    parts = [each for each in get_args(kind) if each is not NoneType]
    return parts[0] if NoneType in get_args(kind) and len(parts) == 1 else kind


def is_repeated(kind: Any) -> bool:
    """Return True for the type of a parameter that may be given several times."""
    return get_origin(_bare(without_none(kind))) is tuple


def read_query(kind: type[T], given: Iterable[tuple[str, str]]) -> T:
    """Return the parameters of a query.

    Raises:
        RefusedError: one is unknown, given twice, or wrong.
    """
    types = _types(kind)
    found: dict[str, list[str]] = {}
    for name, text in given:
        if name not in types:
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"there is no such parameter; {did_you_mean(name, types)}", name
            )
        found.setdefault(name, []).append(text)
    values = {}
    for name, texts in found.items():
        if is_repeated(types[name]):
            values[name] = tuple(
                read_text(name, text, get_args(_bare(without_none(types[name])))[0]) for text in texts
            )
        elif len(texts) > 1:
            raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "expected it once", name)
        else:
            values[name] = read_text(name, texts[0], types[name])
    return kind(**values)


def read_text(name: str, text: str, kind: Any) -> Any:
    """Return the value of one parameter.

    Raises:
        RefusedError: it is not of its type.
    """
    kind = without_none(kind)
    is_moment = _bare(kind) is datetime
    if is_moment and not _MOMENT.fullmatch(text):
        hint = "; a + is written %2B in an address" if _SPACE_FOR_PLUS.fullmatch(text) else ""
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"expected a time such as 2026-11-30T22:00:00Z{hint}", name
        )
    if (choices := _choices(kind)) and text not in choices:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"there is no such value; {did_you_mean(text, choices)}", name
        )
    try:
        return msgspec.convert(text, kind, strict=is_moment)
    except msgspec.ValidationError as error:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, _lowered(str(error)), name) from None


def read_body(kind: type[T], body: bytes, content_type: str) -> T:
    """Return a JSON body.

    Raises:
        RefusedError: it is no JSON, or a field is unknown or wrong.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected Content-Type: application/json")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text = str(error)
        at = _AT.search(text)
        detail = _lowered(_AT.sub("", text))
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, at["field"] if at else "") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"expected JSON: {_lowered(str(error))}") from None


@lru_cache
def _types(kind: type[Struct]) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _choices(kind: Any) -> Sequence[str]:
    kind = _bare(kind)
    if get_origin(kind) is Literal:
        return [str(each) for each in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(each.value) for each in kind]
    return ()


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
