"""InfluxDB's line protocol.

After https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/ (escaping, types), and what
InfluxDB 1.6 was seen to take. Names of measurements, tags and fields are our own and need no escaping; only values
may be a stranger's.
"""

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

Value = float | int | bool | str | None
"""None, NaN and the infinities are left out."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAG_SPECIAL = re.compile(r"[\x00-\x1f\x7f,= \\]")
_ESCAPING = re.compile(r"\\(?=\\*(?:[,= ]|$))")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


class FieldType(Enum):
    """A field's type, the same for ever: InfluxDB refuses a field that changes it."""

    FLOAT = "float"
    INTEGER = "integer"
    STRING = "string"


_FLOAT, _INTEGER = FieldType.FLOAT, FieldType.INTEGER


class Field(NamedTuple):
    """One field; `unit` is empty where there is none."""

    name: str
    kind: FieldType
    unit: str
    meaning: str


class Measurement:
    """Lines of one measurement."""

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
        """The line for values in the order of `tags` and `fields`, without line end; None if no value is left.

        Raises:
            ValueError: too many or too few values, or an integer beyond 64 bits.
        """
        head = self.name
        for prefix, tag in zip(self._tag_prefixes, tags, strict=True):
            if tag:
                head += prefix + escape_tag(tag)
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
                if not _LEAST <= whole <= _MOST:
                    raise ValueError(f"{self.name}: {prefix}{whole} does not fit into 64 bits")
                add(f"{prefix}{whole}i")
            else:
                add(prefix + quote_string(str(value)))
        return f"{head} {','.join(parts)} {time_ms}" if parts else None


@lru_cache(maxsize=1 << 16)
def escape_tag(text: str) -> str:
    r"""A tag's value. Comma, equals sign and space get a backslash before them.

    What no tag can hold is replaced: control characters, a line end above all, by a space; a backslash by a slash
    at the end and before another special character, where InfluxDB 1.6 reads it in two ways and refuses the line.
    """
    if not _TAG_SPECIAL.search(text):
        return text
    text = _ESCAPING.sub("/", _CONTROL.sub(" ", text))
    return text.replace(",", r"\,").replace("=", r"\=").replace(" ", r"\ ")


@lru_cache(maxsize=1 << 12)
def quote_string(text: str) -> str:
    """A string field's value, quoted; control characters become spaces: some stores end a line within quotes."""
    return '"' + _CONTROL.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"') + '"'
