import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pantau_agent
from pantau_agent.streams.failure import Step
from pantau_contract.words import evidence, words
from pantau_contract.words.evidence import LONGEST, detail, together
from pantau_contract.words.plurals import Phrase
from pantau_contract.words.tables import phrases_below


def other(phrase: Phrase) -> str:
    return phrase if isinstance(phrase, str) else phrase.forms["other"]


ENGLISH = {key: other(phrase) for key, phrase in phrases_below("evidence", "en").items()}
INDONESIAN = {key: other(phrase) for key, phrase in phrases_below("evidence", "id").items()}
AGENT = Path(pantau_agent.__file__ or "").parent


def fields_of(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}


def calls_in_the_agent() -> list[tuple[str, ast.Call]]:
    trees = [(path.name, ast.parse(path.read_text("utf-8"))) for path in AGENT.rglob("*.py")]
    return [(name, node) for name, tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_the_agent_says_no_evidence_but_by_the_table() -> None:
    for name, call in calls_in_the_agent():
        called = ast.unparse(call.func)
        assert called != "Detail", f"{name}: {ast.unparse(call)}"
        if called == "detail" and isinstance(call.args[0], ast.Constant):
            given = {keyword.arg for keyword in call.keywords}
            assert given == fields_of(ENGLISH[str(call.args[0].value)]), f"{name}: {ast.unparse(call)}"


def test_the_table_has_nothing_that_the_agent_never_says() -> None:
    sources = "".join(path.read_text("utf-8") for path in AGENT.rglob("*.py"))
    assert [key for key in ENGLISH if f'"{key}"' not in sources and not key.startswith(("part.", "former."))] == []


@pytest.mark.parametrize("key", ENGLISH)
@pytest.mark.parametrize("value", ["7", "3.5 %", "Busy (try later), not now", "[::1]", "{x} %s \\1"])
def test_evidence_of_every_kind_is_known_again_with_all_its_fields(key: str, value: str) -> None:
    fields = {name: f"{value} {name}" for name in fields_of(ENGLISH[key])}
    said = detail(key, **fields)
    assert said == ENGLISH[key].format_map(fields)
    assert words("id").evidence(said) == INDONESIAN[key].format_map(fields)
    assert words("en").evidence(said) == said


def test_what_others_reported_is_one_printable_line() -> None:
    said = detail("ended", step="GET", what=detail("broke", said="a\r\n\x1b[2Jb\u202e\u2028c" + "x" * 1000))
    assert said.startswith("GET: the connection broke: a   [2Jb cx")
    assert said.isprintable()
    assert len(said) < 500


@pytest.mark.parametrize("text", Path(__file__).with_name("evidence_0_1_0.txt").read_text("utf-8").splitlines())
def test_evidence_of_an_agent_of_version_0_1_0_is_recognised(text: str) -> None:
    known = evidence._translate_parts(text, phrases_below("evidence", "id"), evidence.DEEPEST)
    assert known == words("id").evidence(text)


def test_evidence_within_evidence_is_said_again_too() -> None:
    refused = detail("password_refused", what=detail("answered", step="DESCRIBE", answer="401 Go; away"))
    assert words("id").evidence(detail("taken_before", what=refused)) == (
        "DESCRIBE dijawab 401 Go; away untuk nama pengguna dan kata sandi yang diatur, "
        "padahal dulu diterima; atau kata sandinya diganti"
    )
    both = together(detail("no_packet", seconds="6.0"), detail("goodbye"))
    assert words("id").evidence(both) == "tidak ada paket selama 6.0 detik; kamera berpamitan (RTCP BYE)"
    reached = detail("no_connection", address="10.0.0.9", port=554, said="No route to host")
    assert words("id").evidence(reached) == "10.0.0.9 port 554: tidak ada jalur ke alamat itu"


def test_a_step_of_a_look_is_said_in_the_language() -> None:
    for step in Step:
        said = words("id").evidence(detail("silent", step=step, seconds=10))
        assert said.startswith(step) == (step == step.upper()), said


def test_evidence_of_another_program_or_version_stays_as_it_is() -> None:
    for text in (
        "",
        "no packet for ",
        "no packet for s",
        "no packet for  s",
        " was answered ",
        "the sensor is too warm",
        "x" * (LONGEST + 1),
    ):
        assert words("id").evidence(text) == text
    whole = detail("decoder_says", said="x" * LONGEST)
    assert words("id").evidence(whole) == whole


@given(st.text(st.sampled_from("; :,.%{}()ax"), max_size=60) | st.text(max_size=2 * LONGEST))
def test_no_text_makes_it_fail_and_english_stays_what_it_is(text: str) -> None:
    words("id").evidence(text)
    assert words("en").evidence(text) == text


PIECES = [*(piece for phrase in ENGLISH.values() for piece in re.split(r"{\w+}", phrase)), "(", "; ", "{", "\n"]


@given(st.lists(st.sampled_from(PIECES), min_size=2, max_size=40))
def test_pieces_of_evidence_in_any_order_are_harmless(pieces: list[str]) -> None:
    text = "".join(pieces)[:LONGEST]
    assert words("en").evidence(text) == text
    words("id").evidence(text)


MOST_COMPARISONS = 150_000
"""Comparisons with templates, each linear in the text. The worst text needs half; backtracking needs millions."""


@pytest.mark.parametrize("piece", [piece for piece in PIECES if piece])
def test_the_effort_for_text_from_the_network_is_bounded(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    comparisons = 0
    compare = evidence._Template.fields

    def counted(template: evidence._Template, text: str) -> dict[str, str] | None:
        nonlocal comparisons
        comparisons += 1
        return compare(template, text)

    monkeypatch.setattr(evidence._Template, "fields", counted)
    for text in ((piece * LONGEST)[:LONGEST], (f"{piece}; " * LONGEST)[:LONGEST], piece * 100_000):
        comparisons = 0
        words("id").evidence(text)
        assert comparisons <= MOST_COMPARISONS


def test_the_limits_of_evidence_are_those_of_the_contract() -> None:
    assert LONGEST == 400  # as `Sample.detail`
    assert evidence.MOST_PARTS == 8
    assert evidence.DEEPEST == 5
