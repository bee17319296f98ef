"""Evidence: why a camera was given its cause, in words.

An agent builds the text from the English templates of `[evidence]`, and that text is what goes over the wire. A
program that shows it to a person recognises it by the same templates and translates it. Of a template with plural
forms the wire carries `other` whatever the count: versions that know no plural forms recognise that one. The
right form is chosen where the text is shown, in English too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import NewType

from pantau_contract.printable import printable_line
from pantau_contract.words.plurals import Phrase, fill
from pantau_contract.words.tables import phrases_below

Detail = NewType("Detail", str)
"""Evidence in English. Only `detail` creates it, so that every text has a template and can be translated."""

NO_DETAIL = Detail("")

LONGEST = 400
"""Characters of the longest text that is translated: the limit of `Sample.detail`."""

MOST_PARTS = 8
"""Pieces of evidence, separated by semicolons, into which one text is split at most."""

DEEPEST = 5
"""Levels of evidence within evidence, as of how a request failed, and what followed from that."""

_SEPARATOR = "; "


def detail(key: str, **fields: object) -> Detail:
    """Return the evidence of that key in `[evidence]` as it travels: in English, with its `{fields}` filled in.

    What others reported, such as a server's reason, is a field, and becomes one printable line; so is the evidence
    that this one is about.
    """
    phrase = _english()[key]
    template = phrase if isinstance(phrase, str) else phrase.forms["other"]
    return Detail(template.format_map({name: printable_line(str(value)) for name, value in fields.items()}))


def together(*details: Detail) -> Detail:
    """Join several pieces of evidence into one, leaving out empty ones."""
    return Detail(_SEPARATOR.join(filter(None, details)))


def translate(text: str, phrases: Mapping[str, Phrase]) -> str:
    """Return the evidence in another language, given by its `phrases` of the same keys; unknown text unchanged.

    The text may come from anyone: the time this takes is linear in its length, and it never raises.
    """
    return (_translate_parts(text, phrases, DEEPEST) or text) if len(text) <= LONGEST else text


@dataclass(frozen=True, slots=True)
class _Template:
    """An English template taken apart: `literals` stand before, between and after the fields called `names`."""

    key: str
    literals: tuple[str, ...]
    names: tuple[str, ...]

    def fields(self, text: str) -> dict[str, str] | None:
        """Return the fields' values, none of them empty, or None if this template did not make the text.

        Each literal is taken where it comes first: that finds the fields if there are any, without backtracking.
        """
        first, *rest = self.literals
        if not rest:
            return {} if text == first else None
        *middle, last = rest
        at, end = len(first), len(text) - len(last)
        if not (text.startswith(first) and text.endswith(last)):
            return None
        values = []
        for literal in middle:
            found = text.find(literal, at + 1, end)
            if found < 0:
                return None
            values.append(text[at:found])
            at = found + len(literal)
        if at >= end:
            return None
        return dict(zip(self.names, [*values, text[at:end]], strict=True))


def _translate_parts(text: str, phrases: Mapping[str, Phrase], depth: int) -> str | None:
    """Return the text translated, part by part where it has several, or None if it is unknown."""
    parts = text.split(_SEPARATOR, MOST_PARTS)
    if len(parts) > 1:
        translated = [_translate_one(part, phrases, depth) for part in parts]
        if None not in translated:
            return _SEPARATOR.join(part for part in translated if part is not None)
    return _translate_one(text, phrases, depth)


def _translate_one(text: str, phrases: Mapping[str, Phrase], depth: int) -> str | None:
    if depth == 0:
        return None
    for template in _templates():
        fields = template.fields(text)
        if fields is not None and template.key in phrases:
            values = {name: _translate_parts(value, phrases, depth - 1) or value for name, value in fields.items()}
            return fill(phrases[template.key], values)
    return None


@cache
def _english() -> dict[str, Phrase]:
    return phrases_below("evidence", "en")


@cache
def _templates() -> tuple[_Template, ...]:
    """Return all templates, those with the most literal text first.

    What a shorter one would take for a field's value, a longer one has as its own text.
    """
    templates = [
        _template(key, form)
        for key, phrase in _english().items()
        for form in ([phrase] if isinstance(phrase, str) else phrase.forms.values())
    ]
    return tuple(sorted(templates, key=lambda template: -len("".join(template.literals))))


def _template(key: str, phrase: str) -> _Template:
    pieces = list(Formatter().parse(phrase))
    names = tuple(name for _, name, _, _ in pieces if name is not None)
    literals = [literal for literal, _, _, _ in pieces]
    return _Template(key, (*literals, "") if pieces[-1][1] is not None else tuple(literals), names)
