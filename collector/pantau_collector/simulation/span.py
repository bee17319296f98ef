"""Spans of time as people write them: `90s`, `5m`, `1h30m`, `2d`."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
"""Seconds of each unit."""
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
"""One number with its unit."""
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
"""A whole span."""


def seconds(text: object) -> object:
    """Return the span in seconds; a number is returned as it is.

    Raises:
        ValueError: the text is no span.
    """
    if not isinstance(text, str):
        return text
    if not _WHOLE.fullmatch(text):
        raise ValueError("expected a span of time such as 90s, 5m, 1h30m or 2d")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def span(value_s: float) -> str:
    """Format seconds as a span: `1h02m03s`."""
    minutes, left_s = divmod(round(value_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (left_s, "s")]
    while len(parts) > 1 and not parts[0][0]:
        del parts[0]
    return "".join(f"{number}{unit}" if not i else f"{number:02}{unit}" for i, (number, unit) in enumerate(parts))


_LONGEST_S = 10 * 366 * 86_400.0
"""Seconds of the longest span: ten years."""

Span = Annotated[float, BeforeValidator(seconds), Field(ge=0, le=_LONGEST_S, allow_inf_nan=False)]
"""Seconds, which people may also write as a span."""

Jump = Annotated[float, BeforeValidator(seconds), Field(ge=-_LONGEST_S, le=_LONGEST_S, allow_inf_nan=False)]
"""Seconds forwards, or back if negative."""
