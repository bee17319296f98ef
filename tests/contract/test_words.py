import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from babel import Locale

import pantau_agent
import pantau_collector
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.words import LANGUAGES, Language, words
from pantau_contract.words.evidence import detail
from pantau_contract.words.plurals import CATEGORIES, Phrase, Plural
from pantau_contract.words.tables import phrases


def fields_of(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def forms_of(phrase: Phrase) -> list[str]:
    return [phrase] if isinstance(phrase, str) else list(phrase.forms.values())


def test_both_languages_have_the_same_phrases_with_the_same_places() -> None:
    indonesian, english = phrases("id"), phrases("en")
    assert indonesian.keys() == english.keys()
    for key, phrase in indonesian.items():
        assert isinstance(phrase, str) == isinstance(english[key], str), key
        fields = fields_of(forms_of(english[key])[0])
        for form in [*forms_of(phrase), *forms_of(english[key])]:
            assert form.strip(), key
            assert fields_of(form) == fields, key


def test_every_cause_belongs_to_a_state_and_has_a_meaning_and_a_remedy() -> None:
    assert STATE_OF.keys() == set(Cause)
    for language in LANGUAGES:
        for cause in Cause:
            assert words(language).meaning(cause)
            assert words(language).remedy(cause)
        for state in State:
            assert words(language).state(state)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_countable_phrase_has_each_category_of_its_language_and_no_other(language: Language) -> None:
    needed = Locale.parse(language).plural_form.tags | {"other"}
    assert needed <= CATEGORIES
    plurals = {key: phrase for key, phrase in phrases(language).items() if isinstance(phrase, Plural)}
    assert plurals
    for key, phrase in plurals.items():
        assert phrase.forms.keys() == needed, key
        assert phrase.language == language
        for form in phrase.forms.values():
            assert "count" in fields_of(form), key


NOT_COUNTED = {"fps", "times", "percent", "share", "kbps", "seconds", "ms"}
"""Fields that hold a measure with digits after the point, or its unit."""
LIMITS = {"octets", "limit", "all", "megabytes"}
"""Fields that hold a limit or a size far above one."""


NOUNS = r"bytes|cameras|days|degrees|errors|files|headers|hours|incidents|minutes|notices|octets|outages|pictures|"
NOUNS += r"places|points|recipients|seconds|sites|times|tracks"


def test_no_english_phrase_has_a_count_beside_a_noun_without_forms_of_its_own() -> None:
    for key, phrase in phrases("en").items():
        if isinstance(phrase, str):
            counted = set(re.findall(rf"\{{(\w+)\}} (?:more |other |open )?(?:{NOUNS})\b", phrase))
            assert counted <= NOT_COUNTED | LIMITS, key


@pytest.mark.parametrize(
    ("count", "english", "indonesian"),
    [
        (0, "0 cameras affected", "0 kamera terdampak"),
        (1, "1 camera affected", "1 kamera terdampak"),
        (2, "2 cameras affected", "2 kamera terdampak"),
        (21, "21 cameras affected", "21 kamera terdampak"),
    ],
)
def test_a_count_chooses_the_form(count: int, english: str, indonesian: str) -> None:
    assert words("en")("wall.affected", count=count) == english
    assert words("id")("wall.affected", count=count) == indonesian


@pytest.mark.parametrize("count", [0, 1, 2, 21])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [key for key, phrase in phrases("en").items() if isinstance(phrase, Plural)])
def test_every_countable_phrase_takes_every_count(key: str, language: Language, count: int) -> None:
    phrase = phrases(language)[key]
    assert isinstance(phrase, Plural)
    wanted = "one" if language == "en" and count == 1 else "other"
    values = dict.fromkeys(fields_of(phrase.forms["other"]), "x") | {"count": count}
    assert words(language)(key, **values) == phrase.forms[wanted].format_map(values)


@pytest.mark.parametrize(
    "count", ["1.0", "x", "", "-1", "1,000", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 300, "1e999999999"]
)
def test_what_is_no_plain_one_takes_the_form_of_many(count: str) -> None:
    assert words("en")("count.cameras", count=count) == f"{count} cameras"


def test_a_countable_phrase_without_its_count_is_an_error() -> None:
    with pytest.raises(KeyError):
        words("en")("count.cameras")


def test_the_programs_use_no_key_that_does_not_exist() -> None:
    roots = [Path(module.__file__ or "").parent for module in (pantau_agent, pantau_collector)]
    known = phrases("en")
    for path in (path for root in roots for path in root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name, key = ast.unparse(node.func), node.args[0].value
                is_key = isinstance(key, str) and re.fullmatch(r"[a-z_]+\.[a-z_.]+", key)
                if name in {"words", "say", "phrases", "self._words"} and is_key:
                    assert key in known, f"{path}: {key!r}"


def test_evidence_travels_in_one_form_and_is_shown_in_the_right_one() -> None:
    sent = detail("learning", count=1)
    assert sent == "still learning this camera (1 pictures so far)"  # as agents of 0.1.0 send it
    assert words("en").evidence(sent) == "still learning this camera (1 picture so far)"
    assert words("id").evidence(sent) == "kamera ini masih dipelajari (baru 1 gambar)"
    for count in (0, 2, 21):
        sent = detail("learning", count=count)
        assert words("en").evidence(sent) == f"still learning this camera ({count} pictures so far)"


def test_evidence_in_any_form_is_recognised() -> None:
    for sent in ("the picture has turned by about 1 degree", "the picture has turned by about 1 degrees"):
        assert words("en").evidence(sent) == "the picture has turned by about 1 degree"
        assert words("id").evidence(sent) == "gambar berputar kira-kira 1 derajat"
