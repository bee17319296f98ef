"""The phrases shown to people, in Indonesian and English: `id.toml` and `en.toml` in this folder.

Both files have the same keys. The commands, the notices and the wall page all take their phrases from here. The
evidence that an agent sends in English is translated here too (see `evidence`). A phrase with a count in it has
plural forms (see `plurals`).
"""

from functools import cache

from pantau_contract.states import State, current_name
from pantau_contract.words.evidence import translate
from pantau_contract.words.plurals import fill
from pantau_contract.words.tables import LANGUAGES, Language, phrases, phrases_below


class Words:
    """The phrases of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._phrases = phrases(language)
        self._evidence = phrases_below("evidence", language)

    def state(self, state: State) -> str:
        """Return the name of a state, a word or two."""
        return self(f"state.{state}")

    def meaning(self, cause: str) -> str:
        """Return what a cause means, in a line. `cause` is a `Cause` or an incident's own, such as `site_dark`."""
        return self(f"cause.{current_name(cause)}.meaning")

    def remedy(self, cause: str) -> str:
        """Return what to do about a cause, in one line."""
        return self(f"cause.{current_name(cause)}.remedy")

    def evidence(self, detail: str) -> str:
        """Translate an agent's evidence, which is in English; unknown text is returned unchanged."""
        return translate(detail, self._evidence)

    def __call__(self, key: str, **values: object) -> str:
        """Return any other phrase by its dotted key, such as `notice.since`, with its `{fields}` filled in.

        Where the phrase has plural forms, `count` chooses one.
        """
        phrase = self._phrases[key]
        return fill(phrase, values) if values or not isinstance(phrase, str) else phrase


@cache
def words(language: Language) -> Words:
    """Return the phrases of one language.

    Looking up a key that the language does not have raises `KeyError`.
    """
    return Words(language)


__all__ = ["LANGUAGES", "Language", "Words", "words"]
