"""Evidence: why a camera was given its cause, in words.

An agent says it by the English templates of `[evidence]`, and that text is what goes over the wire. Whoever shows
it to a person knows it again by the same templates, and says it in that person's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import NewType

from pantau_contract.words.tables import flat, table

Detail = NewType("Detail", str)
"""Evidence in English; `detail` makes it, so that no text gets there which cannot be said in another language."""

NO_DETAIL = Detail("")
_AND = "; "
LONGEST = 400
"""Characters of what is looked at, as in `Sample.detail`: what is longer was told by nobody of ours."""
MOST_PARTS = 8
DEEPEST = 5
"""Evidence within evidence, as of how a request failed, and what followed from that."""


def detail(key: str, **fields: object) -> Detail:
    """The evidence of that key in `[evidence]`, in English, with its `{fields}` filled in.

    What others said, as a server's reason, is a field; so is evidence that this one is about.
    """
    return Detail(_english()[key].format_map(fields))


def together(*details: Detail) -> Detail:
    """Several pieces of evidence as one; empty ones say nothing."""
    return Detail(_AND.join(filter(None, details)))


def again(text: str, phrases: Mapping[str, str]) -> str:
    """The evidence, said again by another language's `phrases` of the same keys. Unknown text stays as it is.

    The text may come from anyone: the time this takes is linear in its length, and it never raises.
    """
    return (_known(text, phrases, DEEPEST) or text) if len(text) <= LONGEST else text


@dataclass(frozen=True, slots=True)
class _Template:
    """`literals` is what stands before, between and after the fields of those `names`."""

    key: str
    literals: tuple[str, ...]
    names: tuple[str, ...]

    def fields(self, text: str) -> dict[str, str] | None:
        """The fields' values, none of them empty; None where the text is not made by this template.

        Each literal is taken where it comes first: that finds the fields if there are any, and never goes back.
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


def _known(text: str, phrases: Mapping[str, str], depth: int) -> str | None:
    """The text said again; None where it is not known."""
    parts = text.split(_AND, MOST_PARTS)
    if len(parts) > 1:
        known = [_one(part, phrases, depth) for part in parts]
        if None not in known:
            return _AND.join(part for part in known if part is not None)
    return _one(text, phrases, depth)


def _one(text: str, phrases: Mapping[str, str], depth: int) -> str | None:
    if depth == 0:
        return None
    for template in _templates():
        fields = template.fields(text)
        if fields is not None and template.key in phrases:
            said = {name: _known(value, phrases, depth - 1) or value for name, value in fields.items()}
            return phrases[template.key].format_map(said)
    return None


@cache
def _english() -> dict[str, str]:
    return flat(table("en")["evidence"])


@cache
def _templates() -> tuple[_Template, ...]:
    """The one that says most by itself first: what a shorter one has as a field, it has as words."""
    made = [_template(key, phrase) for key, phrase in _english().items()]
    return tuple(sorted(made, key=lambda template: -len("".join(template.literals))))


def _template(key: str, phrase: str) -> _Template:
    pieces = list(Formatter().parse(phrase))
    names = tuple(name for _, name, _, _ in pieces if name is not None)
    literals = [literal for literal, _, _, _ in pieces]
    return _Template(key, (*literals, "") if pieces[-1][1] is not None else tuple(literals), names)
