"""Describes what is wrong with a configuration or an inventory, in a line for each problem."""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

_SECRETS = {"password", "token", "urls"}
"""Keys whose values never appear in a message, beside those of type `SecretStr`."""

_PYDANTIC_PREFIX = re.compile(r"^(?:Value error, )?(?:\w+ should (?:be|have) )?")

Location = tuple[int | str, ...]
"""The path to a value: keys of tables, and positions in lists counted from 0."""


class ConfigError(Exception):
    """A configuration or inventory cannot be used. Each of `problems` is a complete line without secrets."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises:
        ConfigError: the file cannot be read, or is not TOML.
    """
    try:
        # Windows' editors begin a file with a byte order mark, which is no TOML.
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError([f"{path}: expected a file that can be read ({error.strerror})"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: expected UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: expected TOML: {error}"]) from None


def error_at(key: str, text: str) -> PydanticCustomError:
    """Return an error that belongs to one key of a table, for a check that compares several keys."""
    return PydanticCustomError("wrong", "{text}", {"text": text, "key": key})


def without_password(text: str) -> str:
    """Return the text with the user and password of each address in it masked."""
    return re.sub(r"//[^/]*@", "//***@", text)


def explain(
    error: ValidationError,
    model: type[BaseModel],
    path: Path,
    *,
    env_prefix: str = "",
    env_delimiter: str = "",
    data: Mapping[str, Any] | None = None,
    redact: Callable[[str], str] = without_password,
) -> list[str]:
    """Return a line for each problem: `FILE: influx.url: expected ..., got ...`, with list entries counted from 1.

    With the file's `data`, a line also names its entry's `id`. `redact` masks passwords in the values shown.
    """
    lines = []
    for location, text in located_problems(error, model, redact=redact):
        variable = env_prefix + env_delimiter.join(map(str, location)).upper()
        where = f"${variable}" if env_prefix and variable in os.environ else place(path, location)
        lines.append(f"{where}: {text}{_id_of_entry(location, data or {})}")
    return lines


def located_problems(
    error: ValidationError,
    model: type[BaseModel],
    *,
    redact: Callable[[str], str] = without_password,
) -> list[tuple[Location, str]]:
    """Return for each problem its location and what was expected there, without secrets."""
    problems = []
    for problem in error.errors():
        location = _without_tags(problem["loc"], model)
        if problem["type"] == "wrong":
            location = (*location, problem["ctx"]["key"])
        problems.append((location, _text(problem, location, model, redact)))
    return problems


def place(path: Path, location: Location) -> str:
    """Return a location for people: `inventory.toml: camera[3].owner`."""
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location)
    return f"{path}: {text.removeprefix('.')}" if location else str(path)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint with the most similar known word, or with all of them if none is similar."""
    known = list(known)
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"expected one of {', '.join(known[:20])}" if known else "there are none"


def _id_of_entry(location: Location, data: Mapping[str, Any]) -> str:
    match location:
        case (str(table), int(index), str(key), *_) if key != "id":
            entry = data[table][index] if index < len(data.get(table, ())) else {}
            return f" ({table} {entry['id']!r})" if isinstance(entry, dict) and "id" in entry else ""
    return ""


def _text(problem: ErrorDetails, location: Location, model: type[BaseModel], redact: Callable[[str], str]) -> str:
    match problem["type"]:
        case "wrong":
            return problem["msg"]
        case "extra_forbidden":
            return f"there is no such key; {did_you_mean(str(location[-1]), _keys(model, location[:-1]))}"
        case "missing":
            return "expected a value, and there is none"
        case "union_tag_not_found":
            return f"expected {problem['ctx']['discriminator']} to say of which kind it is".replace("'", "`")
        case "union_tag_invalid":
            key = problem["ctx"]["discriminator"].replace("'", "`")
            return f"expected {key} to be one of {problem['ctx']['expected_tags'].replace(chr(39), '')}"
    text = _PYDANTIC_PREFIX.sub("", problem["msg"])
    text = text if text.startswith("expected") else f"expected {text}"
    return f"{text}{_got(problem, location, model, redact)}"


def _got(problem: ErrorDetails, location: Location, model: type[BaseModel], redact: Callable[[str], str]) -> str:
    value = problem["input"]
    if isinstance(value, dict | BaseModel | list) or not location or "got " in problem["msg"]:
        return ""
    if _SECRETS.intersection(location) or _is_secret(_annotation(model, location)):
        return f", got {type(value).__name__}" if problem["type"] != "value_error" else ""
    return f", got {redact(value)!r}" if isinstance(value, str) else f", got {value!r}"


def _without_tags(location: Location, model: type[BaseModel]) -> Location:
    """Return the location without the tags that pydantic adds within unions."""
    kept: list[int | str] = []
    is_behind_tag = False
    for part in location:
        is_behind_tag = bool(kept) and not is_behind_tag and _is_tag(part, kept[-1], _annotation(model, kept))
        if not is_behind_tag:
            kept.append(part)
    return tuple(kept)


def _is_tag(part: int | str, before: int | str, annotation: Any) -> bool:
    """Return True for what is neither a position in a list, nor a key of any table of a union."""
    tables = _models(annotation)
    if isinstance(part, int):
        return len(tables) > 1 and get_origin(annotation) is not list and not isinstance(before, int)
    return len(tables) > 1 and not any(part in table.model_fields for table in tables)


def _keys(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys of the table at a location."""
    return [key for table in _models(_annotation(model, location)) for key in table.model_fields]


def _annotation(model: type[BaseModel], location: Iterable[int | str]) -> Any:
    at: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        fields = (table.model_fields.get(part) for table in _models(at))
        at = next((field.annotation for field in fields if field), None)
    return at


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the tables that an annotation allows, also within lists and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]
