import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_contract.printable import MAX_LINE, printable_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("Simpang Kabil \u2013 kamera nº 1, 監視 \U0001f4f7", "Simpang Kabil \u2013 kamera nº 1, 監視 \U0001f4f7"),
        ("two\r\nlines", "two  lines"),
        ("a\u2028b\u2029c\x85d\ve\ff", "a b c d e f"),
        ("\x1b[31mred\x9b0m\a", " [31mred 0m "),
        ("NUL\0 and DEL\x7f", "NUL  and DEL "),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("\u2066a\u2067b\u2068c\u2069\u200e\u200f\u061c\u202a\u202b\u202d", "abc"),
        ("zero\u200bwidth\ufeff, soft\u00adhyphen, tag\U000e0041", "zerowidth, softhyphen, tag"),
        ("wide\u3000and\u00a0hard", "wide and hard"),
        ("\ud800 \udfff \ufffe \ue000", "\ufffd \ufffd \ufffd \ufffd"),
    ],
)
def test_text_becomes_one_printable_line(text: str, line: str) -> None:
    assert printable_line(text) == line


@given(st.text(st.characters(exclude_categories=())), st.integers(1, 50))
def test_any_text_becomes_printable_within_its_limit_and_stays_as_it_is_then(text: str, limit: int) -> None:
    line = printable_line(text, limit)
    assert line.isprintable()
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert printable_line(line, limit) == line


def test_no_control_or_direction_character_of_unicode_comes_through() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character)[0] == "C" or unicodedata.bidirectional(character) in {
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B", "BN"),
        }:
            assert printable_line(character) in {"", " ", "\ufffd"}, hex(code)


def test_a_long_text_is_cut_and_says_so() -> None:
    assert MAX_LINE == 400
    assert printable_line("x" * 400) == "x" * 400
    assert printable_line("x" * 401) == "x" * 399 + "\u2026"
    assert printable_line("abcdef", 4) == "abc\u2026"
    assert printable_line("\x1b" * (64 << 20), 4) == "   \u2026"
