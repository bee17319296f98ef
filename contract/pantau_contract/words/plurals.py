"""Phrases with a count in them, by the plural categories of Unicode CLDR.

In the tables of words such a phrase is a table of its own, with one form for each category that the language has:
`{one = "{count} camera", other = "{count} cameras"}`. The field `count` chooses the form.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import NamedTuple

CATEGORIES = frozenset({"zero", "one", "two", "few", "many", "other"})
"""All plural categories that CLDR knows. Each language has some of them, and always `other`."""

_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,6})?", re.ASCII)
"""What is counted by its number: the count in evidence comes from the network, and may be any text or huge."""


class Plural(NamedTuple):
    """A phrase's forms in one language, by plural category."""

    language: str
    forms: Mapping[str, str]

    def form(self, count: object) -> str:
        """Return the form for a count, which may be a number or its text."""
        return self.forms[category(self.language, count)]


Phrase = str | Plural


def is_plural(value: Mapping[str, object]) -> bool:
    """Return True if a table holds the forms of one phrase, rather than phrases by name."""
    return "other" in value and value.keys() <= CATEGORIES


def fill(phrase: Phrase, values: Mapping[str, object]) -> str:
    """Return the phrase with its `{fields}` filled in.

    Raises:
        KeyError: a field has no value, or a phrase with plural forms no `count`.
    """
    template = phrase if isinstance(phrase, str) else phrase.form(values["count"])
    return template.format_map(values)


def category(language: str, count: object) -> str:
    """Return the plural category of a count in a language; `other` for what is not a plain number.

    Digits after the point count too: English says "1 picture", but "1.0 pictures".
    """
    text = str(count)
    return _rule(language)(Decimal(text)) if _NUMBER.fullmatch(text) else "other"


@cache
def _rule(language: str) -> Callable[[Decimal], str]:
    # Babel takes 10 MB of memory; an agent's processes send evidence without ever choosing a form.
    from babel import Locale  # noqa: PLC0415

    return Locale.parse(language).plural_form
