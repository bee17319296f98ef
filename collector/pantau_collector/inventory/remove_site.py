"""Takes a site with its devices and cameras out of the text of an inventory file; all else stays as it is."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

_HEADER = re.compile(r"\s*\[\[?\s*[\w.\"']+\s*\]\]?\s*(#.*)?")
_OWN_KEY = {"site": "id", "device": "site", "camera": "site"}
"""Which key of an entry names the site that it belongs to, by the entry's table."""


def without_site(text: str, site: str) -> str:
    """Return the text without the entries of a site; comments right above an entry go with it.

    Raises:
        ValueError: the file is written in a way that this cannot change safely, as entries in `camera = [...]`.
    """
    left = "".join(block for block in _blocks(text) if not _is_of(block, site))
    if tomllib.loads(left) != _without(tomllib.loads(text), site):
        raise ValueError(
            f"the entries of {site} are no tables of their own ([[site]], [[device]], [[camera]]): take them"
            " out by hand"
        )
    return left


def _without(content: dict[str, Any], site: str) -> dict[str, Any]:
    kept = {
        table: [entry for entry in entries if table not in _OWN_KEY or entry.get(_OWN_KEY[table]) != site]
        for table, entries in content.items()
    }
    return {table: entries for table, entries in kept.items() if entries or not content[table]}


def _is_of(block: str, site: str) -> bool:
    try:
        content = tomllib.loads(block)
    except (
        tomllib.TOMLDecodeError
    ):  # a header within a text of several lines: what is whole is compared at the end
        return False
    return any(
        entry.get(_OWN_KEY[table]) == site for table in _OWN_KEY for entry in content.get(table, []) if entry
    )


def _blocks(text: str) -> Iterator[str]:
    """Yield the text in pieces, each with one header and the comments right above it."""
    block: list[str] = []
    above: list[str] = []
    for line in text.splitlines(keepends=True):
        if _HEADER.fullmatch(line.rstrip("\r\n")):
            yield "".join(block)
            block, above = [*above, line], []
        elif line.lstrip().startswith("#"):
            above.append(line)
        else:
            block += [*above, line]
            above = []
    yield "".join([*block, *above])
