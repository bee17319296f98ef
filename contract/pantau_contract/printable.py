"""Text from outside, made safe to show: one printable line.

Names, evidence and versions come from cameras, agents and their brokers, and end in mails, pages, terminals and
logs. A line end there becomes a line of somebody else's, an escape sequence controls a terminal, and a direction
control shows a text in another order than it has. `wire.decode` passes every text of a message through here; so
must whatever else takes text in.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct, structs

MAX_LINE = 400
"""Characters of a line unless the caller says another limit; as long as the contract's `ShortText`."""
CUT = "\u2026"
"""The ellipsis that ends a line which was cut."""
_REPLACEMENT = "\ufffd"

AnyStruct = TypeVar("AnyStruct", bound=Struct)


def printable_line(text: str, limit: int = MAX_LINE) -> str:
    """Return `text` as one line of at most `limit` characters, for which `str.isprintable` is true.

    Control characters, line and paragraph separators and uncommon spaces become spaces. Invisible format
    characters, the controls of text direction among them, are removed. Surrogates and code points without a
    character become U+FFFD. The work is bounded by `limit`, however long `text` is.
    """
    if len(text) > limit:
        text = text[: limit - 1] + CUT
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp" | "Zs":
            return " "
        case "Cf":
            return ""
        case _:
            return _REPLACEMENT


def printable_texts(struct: AnyStruct) -> AnyStruct:
    """Return a struct with a printable line for each of its texts, also in structs and lists within it."""
    changed = {}
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        printable = _printable_items(value) if isinstance(value, list | tuple) else _printable_value(value)
        if printable is not value:
            changed[name] = printable
    return structs.replace(struct, **changed) if changed else struct


def _printable_value(value: Any) -> Any:
    match value:
        case str():
            return value if value.isprintable() else printable_line(value)
        case Struct():
            return printable_texts(value)
        case _:
            return value


def _printable_items(values: Sequence[Any]) -> Sequence[Any]:
    printable = [_printable_value(value) for value in values]
    if all(new is old for new, old in zip(printable, values, strict=True)):
        return values
    return printable if isinstance(values, list) else tuple(printable)
