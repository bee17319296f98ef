"""People's words, Indonesian and English, in one place: `id.toml` and `en.toml` beside this file.

Both files have the same keys. The technician's command, the notices and the wall page all speak from here; the
evidence that an agent gives, and sends in English, is said again in another language (see `evidence`).
"""

from functools import cache
from typing import Any

from pantau_contract.states import State, current_name
from pantau_contract.words.evidence import again
from pantau_contract.words.tables import LANGUAGES, Language, flat, table


class Words:
    """One language's words."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table
        self._evidence = flat(table.get("evidence", {}))

    def state(self, state: State) -> str:
        """The state in a word or two."""
        return self._text(f"state.{state}")

    def meaning(self, cause: str) -> str:
        """What a cause means, in one line. `cause` is a `Cause` or an incident's own, as `site_dark`."""
        return self._text(f"cause.{current_name(cause)}.meaning")

    def remedy(self, cause: str) -> str:
        """What to do about a cause, in one line."""
        return self._text(f"cause.{current_name(cause)}.remedy")

    def evidence(self, detail: str) -> str:
        """What an agent gave as evidence, in English, said in this language; what is not known stays as it is."""
        return again(detail, self._evidence)

    def __call__(self, key: str, **values: object) -> str:
        """Any other phrase by its dotted key, as `notice.since`, with its `{places}` filled in."""
        return self._text(key).format_map(values) if values else self._text(key)

    def _text(self, key: str) -> str:
        node: Any = self._table
        for part in key.split("."):
            node = node[part]
        if not isinstance(node, str):
            raise KeyError(key)
        return node


@cache
def words(language: Language) -> Words:
    """The words of one language.

    Raises:
        KeyError: later, at a key that the language does not have.
    """
    return Words(table(language))


__all__ = ["LANGUAGES", "Language", "Words", "words"]
