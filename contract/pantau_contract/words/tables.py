"""The tables of words in the files beside this one."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from pantau_contract.words.plurals import Phrase, Plural, is_plural

Language = Literal["id", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def phrases(language: Language) -> dict[str, Phrase]:
    """Return all phrases of a language by their dotted keys."""
    text = resources.files(__package__).joinpath(f"{language}.toml").read_text("utf-8")
    return _flat(tomllib.loads(text), language, "")


def phrases_below(table: str, language: Language) -> dict[str, Phrase]:
    """Return the phrases of one table, such as `evidence`, by their dotted keys within it."""
    prefix = f"{table}."
    return {
        key.removeprefix(prefix): phrase for key, phrase in phrases(language).items() if key.startswith(prefix)
    }


def _flat(table: Mapping[str, Any], language: Language, prefix: str) -> dict[str, Phrase]:
    found: dict[str, Phrase] = {}
    for key, value in table.items():
        if not isinstance(value, dict):
            found[prefix + key] = value
        elif is_plural(value):
            found[prefix + key] = Plural(language, value)
        else:
            found |= _flat(value, language, f"{prefix}{key}.")
    return found
