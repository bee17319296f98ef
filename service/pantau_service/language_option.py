"""The language a command speaks: as `--language` says, else as the environment has it."""

import os
from typing import Annotated

import typer

from pantau_contract.words import LANGUAGES, Words, words

LanguageOption = Annotated[str | None, typer.Option("--language", help="en or id; otherwise as LANG has it.")]


def words_for(asked: str | None) -> Words:
    """The words of that language.

    Raises:
        typer.BadParameter: no such language.
    """
    if asked is None:
        variables = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        return words("id" if next(filter(None, variables), "").startswith("id") else "en")
    for known in LANGUAGES:
        if asked == known:
            return words(known)
    raise typer.BadParameter(f"--language must be one of {', '.join(LANGUAGES)}, not {asked!r}")
