import re
import tomllib
from importlib import resources
from typing import Any

from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.words import LANGUAGES, words


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    out: dict[str, str] = {}
    for key, value in table.items():
        out |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return out


def phrases(language: str) -> dict[str, str]:
    text = resources.files("pantau_contract.words").joinpath(f"{language}.toml").read_text("utf-8")
    return flat(tomllib.loads(text))


def test_both_languages_have_the_same_phrases_with_the_same_places() -> None:
    indonesian, english = phrases("id"), phrases("en")
    assert indonesian.keys() == english.keys()
    for key, phrase in indonesian.items():
        assert phrase.strip(), key
        assert set(re.findall(r"{(\w+)", phrase)) == set(re.findall(r"{(\w+)", english[key])), key


def test_every_cause_belongs_to_a_state_and_has_a_meaning_and_a_remedy() -> None:
    assert STATE_OF.keys() == set(Cause)
    for language in LANGUAGES:
        for cause in Cause:
            assert words(language).meaning(cause)
            assert words(language).remedy(cause)
        for state in State:
            assert words(language).state(state)
