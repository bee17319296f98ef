"""A calendar month."""

import re
from datetime import date
from typing import NamedTuple, Self

from pantau_collector.contracts.days import midnight_ms
from pantau_collector.ledger.spans import Span

_TEXT = re.compile(r"([0-9]{4})-([0-9]{2})")
_YEARS = range(1970, 9999)


class Month(NamedTuple):
    """A month of a year, as `2026-10`."""

    year: int
    number: int
    """1 to 12."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the month of a text such as `2026-10`.

        Raises:
            ValueError: it is none; the text states what was expected.
        """
        found = _TEXT.fullmatch(text)
        if not found or not 1 <= int(found[2]) <= 12:
            raise ValueError(f"expected a month such as 2026-10, got {text!r}")
        if int(found[1]) not in _YEARS:
            raise ValueError(f"expected a month from {_YEARS[0]} to {_YEARS[-1]}, such as 2026-10, got {text!r}")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first_day(self) -> date:
        """The first day."""
        return date(self.year, self.number, 1)

    def plus(self, months: int) -> Self:
        """Return the month so many months later, or earlier if negative."""
        year, rest = divmod(self.year * 12 + self.number - 1 + months, 12)
        return type(self)(year, rest + 1)

    def span(self, zone: str) -> Span:
        """Return its time in a zone, UTC ms."""
        return Span(midnight_ms(self.first_day, zone), midnight_ms(self.plus(1).first_day, zone))
