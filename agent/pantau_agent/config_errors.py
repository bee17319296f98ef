"""What is wrong with a configuration, one line each, for the person who mends it."""

import difflib
import os
import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from pantau_agent.rtsp.url import redact

Location = tuple[int | str, ...]

_SECRETS = {"password"}
_WHAT_PYDANTIC_SAYS = re.compile(r"^(?:Value error, )?(?:\w+ should (?:be|have) )?")


class ConfigError(Exception):
    """The configuration cannot be used. `problems` are whole lines, without secrets."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def wrong(key: str, text: str) -> PydanticCustomError:
    """For a check of several keys of a table: an error at one of them."""
    return PydanticCustomError("wrong", "{text}", {"text": text, "key": key})


def explain(
    error: ValidationError,
    model: type[BaseModel],
    path: Path,
    data: dict[str, Any],
    env_prefix: str,
    env_delimiter: str,
) -> list[str]:
    """One line a problem: `FILE: camera[2].url: expected ..., got ...`.

    Entries of a list are counted from 1, and the entry's `id` is told. A value of the environment is told by its
    variable.
    """
    lines = []
    for problem in error.errors():
        location = problem["loc"]
        if problem["type"] == "wrong":
            location = (*location, problem["ctx"]["key"])
        variable = env_prefix + env_delimiter.join(map(str, location)).upper()
        where = f"${variable}" if variable in os.environ else f"{path}: {_key(location)}"
        lines.append(f"{where}: {_what(problem, location, model)}{_id_of_entry(location, data)}")
    return lines


def _key(location: Location) -> str:
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".")


def _id_of_entry(location: Location, data: dict[str, Any]) -> str:
    match location:
        case (str(table), int(index), str(key), *_) if key != "id":
            entry = data[table][index] if table in data and index < len(data[table]) else {}
            return f" ({table} {entry['id']!r})" if isinstance(entry, dict) and "id" in entry else ""
    return ""


def _what(problem: ErrorDetails, location: Location, model: type[BaseModel]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return _unknown_key(str(location[-1]), _keys(model, location[:-1]))
        case "missing":
            return "expected a value, and there is none"
        case "wrong":
            return problem["msg"]
    text = _WHAT_PYDANTIC_SAYS.sub("", problem["msg"])
    text = text if text.startswith("expected") else f"expected {text}"
    return f"{text}{_got(problem['input'], location)}"


def _unknown_key(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"expected one of {', '.join(known)}"
    return f"there is no such key; {hint}"


def _keys(model: type[BaseModel], location: Location) -> list[str]:
    """The keys of the table at a location."""
    at: Any = model
    for part in location:
        annotation = at if isinstance(part, int) else at.model_fields[part].annotation
        at = next((inner for inner in get_args(annotation) if isinstance(inner, type)), annotation)
    return list(at.model_fields)


def _got(value: object, location: Location) -> str:
    """What stands there, unless it is a whole table or a secret."""
    if isinstance(value, dict | BaseModel | list):
        return ""
    if location[-1] in _SECRETS:
        return f", got {type(value).__name__}"
    return f", got {redact(value) if isinstance(value, str) else value!r}"
