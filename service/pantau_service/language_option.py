"""The option `--language` of the commands; without it the environment decides."""

import os
from typing import Annotated

import typer

from pantau_contract.words import LANGUAGES, Words, words

LanguageOption = Annotated[str | None, typer.Option("--language", help="en or id; otherwise as LANG has it.")]


def words_for(option: str | None) -> Words:
    """Return the phrases of the language that the option names, or else of the environment's.

    Raises:
        typer.BadParameter: there are no phrases in that language.
    """
    if option is None:
        variables = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        return words("id" if next(filter(None, variables), "").startswith("id") else "en")
    for known in LANGUAGES:
        if option == known:
            return words(known)
    raise typer.BadParameter(f"--language must be one of {', '.join(LANGUAGES)}, not {option!r}")
