"""InfluxDB's line protocol.

It follows https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/ (escaping, types), and
what InfluxDB 1.6 was observed to accept. Names of measurements, tags and fields are our own and need no escaping;
only values may come from outside.
"""

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

Value = float | int | bool | str | None
"""A field's value. None, NaN and the infinities are not written."""

NO_TAG = "-"
"""What stands for a tag without a value; no id can be it.

Line protocol has no empty tag, and InfluxDB 3 may refuse a tag that the first line of its table did not have. So
every line of a measurement carries every tag.
"""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAG_SPECIAL = re.compile(r"[\x00-\x1f\x7f,= \\]")
_ESCAPING = re.compile(r"\\(?=\\*(?:[,= ]|$))")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MIN_INTEGER, _MAX_INTEGER = -(1 << 63), (1 << 63) - 1


class FieldType(Enum):
    """A field's type. It never changes, because InfluxDB refuses a field whose type does."""

    FLOAT = "float"
    INTEGER = "integer"
    STRING = "string"


_FLOAT, _INTEGER = FieldType.FLOAT, FieldType.INTEGER


class Field(NamedTuple):
    """A field of a measurement; `unit` is empty for one without a unit."""

    name: str
    kind: FieldType
    unit: str
    meaning: str


class Measurement:
    """A measurement: its name, tags and fields."""

    def __init__(self, name: str, *, tags: Sequence[str], fields: Sequence[Field]) -> None:
        for each in (name, *tags, *(field.name for field in fields)):
            if not _NAME.fullmatch(each):
                raise ValueError(f"{each!r} is not a name: lower-case letters, digits and '_' only")
        self.name = name
        self.tags = tuple(tags)
        self.fields = tuple(fields)
        self._tag_prefixes = [f",{tag}=" for tag in tags]
        self._field_prefixes = [(f"{field.name}=", field.kind) for field in fields]

    def line(self, tags: Sequence[str], values: Sequence[Value], time_ms: int) -> str | None:
        """Return the line, without line end, for values in the order of `tags` and `fields`; None without fields.

        An empty tag becomes `NO_TAG`, and an integer beyond 64 bits the nearest that fits.

        Raises:
            ValueError: there are too many or too few values.
        """
        head = self.name
        for prefix, tag in zip(self._tag_prefixes, tags, strict=True):
            head += prefix + (escape_tag(tag) if tag else NO_TAG)
        parts: list[str] = []
        add = parts.append
        for (prefix, kind), value in zip(self._field_prefixes, values, strict=True):
            if value is None:
                continue
            if kind is _FLOAT:
                number = float(value)
                if isfinite(number):
                    add(prefix + repr(number))
            elif kind is _INTEGER:
                whole = int(value)
                if not _MIN_INTEGER <= whole <= _MAX_INTEGER:
                    whole = _MIN_INTEGER if whole < 0 else _MAX_INTEGER
                add(f"{prefix}{whole}i")
            else:
                add(prefix + quote_string(str(value)))
        return f"{head} {','.join(parts)} {time_ms}" if parts else None


@lru_cache(maxsize=1 << 16)
def escape_tag(text: str) -> str:
    r"""Return a tag's value with a backslash before each comma, equals sign and space.

    What no tag can hold is replaced. Control characters, such as line ends, become spaces. A backslash at the end
    or before another special character becomes a slash, because InfluxDB 1.6 refuses the line otherwise.
    """
    if not _TAG_SPECIAL.search(text):
        return text
    text = _ESCAPING.sub("/", _CONTROL.sub(" ", text))
    return text.replace(",", r"\,").replace("=", r"\=").replace(" ", r"\ ")


@lru_cache(maxsize=1 << 12)
def quote_string(text: str) -> str:
    """Return a quoted string value; control characters, at which some stores end a line, become spaces."""
    return '"' + _CONTROL.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"') + '"'
