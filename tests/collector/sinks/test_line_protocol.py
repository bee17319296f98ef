import math
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pantau_collector.config import InfluxV1
from pantau_collector.sinks.influx_v1 import InfluxV1Store
from pantau_collector.sinks.line_protocol import Field, FieldType, Measurement, escape_tag, quote_string
from tests.servers.influxdb import Database

M = Measurement(
    "m",
    tags=("a", "b"),
    fields=(
        Field("f", FieldType.FLOAT, "", ""),
        Field("i", FieldType.INTEGER, "", ""),
        Field("s", FieldType.STRING, "", ""),
    ),
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.text(' ,="\\\n\ré', max_size=8)


def test_the_line_of_the_reference() -> None:
    assert M.line(("x", "y"), (82.0, 5, "text"), 1465839830100) == 'm,a=x,b=y f=82.0,i=5i,s="text" 1465839830100'


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain-1_2", "plain-1_2"),
        ("jalan raya, blok=7", r"jalan\ raya\,\ blok\=7"),
        ('"quoted"', '"quoted"'),
        (r"c:\cams", r"c:\cams"),
        (r"c:\ d\\,", r"c:/\ d//\,"),
        ("ends\\", "ends/"),
        ("\\", "/"),
        ("two\nlines\r", r"two\ lines\ "),
        ("ünïcödé 街", r"ünïcödé\ 街"),
    ],
)
def test_tags_are_escaped(text: str, escaped: str) -> None:
    assert escape_tag(text) == escaped


def test_strings_are_quoted() -> None:
    assert quote_string('say "no\\yes"\nnow') == r'"say \"no\\yes\" now"'
    assert quote_string("") == '""'


def test_what_has_no_value_is_left_out() -> None:
    assert M.line(("", "y"), (math.nan, 1, None), 1) == "m,a=-,b=y i=1i 1"
    assert M.line(("", ""), (math.inf, None, ""), 1) == 'm,a=-,b=- s="" 1'
    assert M.line(("x", "y"), (-math.inf, None, None), 1) is None


def test_a_type_never_depends_on_the_value() -> None:
    assert M.line(("", ""), (1, True, 5), 1) == 'm,a=-,b=- f=1.0,i=1i,s="5" 1'


def test_an_integer_beyond_64_bits_becomes_the_nearest_that_fits() -> None:
    assert M.line(("", ""), (None, 1 << 63, None), 1) == "m,a=-,b=- i=9223372036854775807i 1"
    assert M.line(("", ""), (None, -(1 << 99), None), 1) == "m,a=-,b=- i=-9223372036854775808i 1"


def test_a_name_that_would_need_escaping_is_refused() -> None:
    with pytest.raises(ValueError, match="not a name"):
        Measurement("two words", tags=(), fields=())


@given(TEXT, TEXT)
def test_no_text_can_end_a_line_or_begin_another_part_of_it(tag: str, string: str) -> None:
    line = M.line((tag, "y"), (None, None, string), 1)
    assert line is not None
    assert not any(character in line for character in "\n\r\0")
    unescaped = line.replace(r"\,", "").replace(r"\ ", "").replace(r"\=", "")
    head, space, rest = unescaped.partition(" ")
    assert (head.count(","), space) == (2, " ")
    assert rest.endswith('" 1')


def spaced(text: str) -> str:
    return "".join(" " if ord(character) < 32 or ord(character) == 127 else character for character in text)


def stored(tag: str) -> str:
    """Return a tag's value as it is stored, with what no tag can hold replaced."""
    return re.sub(r"\\+(?=[,= ]|\Z)", lambda run: "/" * len(run[0]), spaced(tag))


@given(
    st.lists(
        st.tuples(
            TEXT.filter(bool),
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(1 << 63), (1 << 63) - 1),
            TEXT,
        ),
        min_size=1,
        max_size=20,
    )
)
@example(points=[("\\ \\,", 0.0, 0, "="), ("0", 0.0, 0, "")])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_a_real_influxdb_gives_back_what_was_put_into_a_line(
    influxdb: Database, points: list[tuple[str, float, int, str]]
) -> None:
    store = InfluxV1Store(InfluxV1(version=1, url=influxdb.url, database=influxdb.name))
    lines = [M.line((tag, "y"), (number, whole, text), i) for i, (tag, number, whole, text) in enumerate(points)]
    store.write("\n".join(line for line in lines if line).encode())
    store.close()
    rows = influxdb.query(f"SELECT a, f, i, s FROM m WHERE b = 'y' AND time < {len(points)}ms AND time >= 0")
    influxdb.query("DROP MEASUREMENT m")
    found = {row["time"]: (row["a"], float(row["f"]), row["i"], row["s"]) for row in rows}
    assert found == {
        i: (stored(tag), number, whole, spaced(string)) for i, (tag, number, whole, string) in enumerate(points)
    }
