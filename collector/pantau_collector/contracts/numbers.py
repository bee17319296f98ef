"""Numbers that money is computed with: exact decimals.

A float is refused, because it is not the number that was written.
"""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_NUMBER = re.compile(r"\d{1,18}(?:\.\d{1,6})?")
"""A decimal number without sign, exponent or thousands separators."""
MAX_RUPIAH = Decimal(10) ** 13
"""The largest amount; all contracts of a city are far below it."""
MAX_HOURS = Decimal(24 * 366)
"""Hours of the longest time that a contract gives."""


def exact(value: Any) -> Decimal:
    """Return a number of a file as it was written.

    Raises:
        ValueError: it is no number, or a float; the text says how to write it.
    """
    if isinstance(value, Decimal):
        value = format(value, "f")
    if isinstance(value, float):
        raise ValueError(  # noqa: TRY004 - pydantic explains a ValueError
            f'expected a whole number, or a decimal in quotes: "{value!r}" is exact, {value!r} is not'
        )
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError('expected a number such as 12500000 or "98.5"')  # noqa: TRY004 - as above
    text = str(value).strip()
    if text.startswith("-"):
        raise ValueError("expected a number that is not negative")
    if not _NUMBER.fullmatch(text):
        raise ValueError(
            'expected a number such as 12500000 or "98.5": digits, a point before decimals, no separators'
        )
    return Decimal(text)


def _rupiah(value: Any) -> Decimal:
    return _at_most(exact(value), MAX_RUPIAH, "rupiah")


def _percent(value: Any) -> Decimal:
    return _at_most(exact(value), Decimal(100), "percent")


def _hours(value: Any) -> Decimal:
    return _at_most(exact(value), MAX_HOURS, "hours (a year)")


def _at_most(number: Decimal, most: Decimal, unit: str) -> Decimal:
    if number > most:
        raise ValueError(f"expected at most {most:f} {unit}, got {number:f}")
    return number


def written(number: Decimal) -> str:
    """Return the number as it is written in a file: without exponent and without zeros that say nothing."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_AS_WRITTEN = PlainSerializer(written, return_type=str)

Rupiah = Annotated[Decimal, BeforeValidator(_rupiah), _AS_WRITTEN]
"""An amount of money, 0 to `MAX_RUPIAH`."""

Percent = Annotated[Decimal, BeforeValidator(_percent), _AS_WRITTEN]
"""0 to 100."""

HoursOfTime = Annotated[Decimal, BeforeValidator(_hours), _AS_WRITTEN]
"""A length of time in hours, 0 to `MAX_HOURS`."""
