"""The tables of words, as the files beside this one have them."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

Language = Literal["id", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def table(language: Language) -> dict[str, Any]:
    """One language's words, nested as in its file."""
    text = resources.files(__package__).joinpath(f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """The words by their dotted keys."""
    phrases: dict[str, str] = {}
    for key, value in table.items():
        phrases |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return phrases
