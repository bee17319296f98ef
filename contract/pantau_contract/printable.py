"""Text from outside, made safe to show: one printable line.

Names, evidence and versions come from cameras, agents and their brokers, and end in mails, pages, terminals and
logs. A line end there becomes a line of somebody else's, an escape sequence controls a terminal, and a direction
control shows a text in another order than it has. `wire.decode` passes every text of a message through here; so
must whatever else takes text in.
"""

import unicodedata

MAX_LINE = 400
"""Characters of a line unless the caller says another limit; as long as the contract's `ShortText`."""
CUT = "\u2026"
"""The ellipsis that ends a line which was cut."""
_REPLACEMENT = "\ufffd"


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
