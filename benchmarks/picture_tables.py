"""The tables that `python -m benchmarks.picture` prints: Markdown for people, JSON for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.picture_events import wilson


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`; `low` and `high` are its 95 % interval (Wilson's)."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, or None of nothing."""
        return self.count / self.of if self.of else None

    def __str__(self) -> str:
        """Return the share with its count and its interval."""
        if not self.of:
            return "-"
        low, high = wilson(self.count, self.of)
        return f"{self.count / self.of:.3f} ({self.count}/{self.of}; {low:.3f}-{high:.3f})"

    def as_json(self) -> dict[str, float | int | None]:
        """Return the same, with the ends of the interval."""
        low, high = wilson(self.count, self.of)
        return {"share": self.value, "count": self.count, "of": self.of, "low": low, "high": high}


def share(values: Iterable[bool]) -> Share:
    """Return the share of true values."""
    values = list(values)
    return Share(sum(values), len(values))


Cell = Share | float | int | str | None


@dataclass(frozen=True, slots=True)
class Table:
    """One table: `name` for programs, `title` for people, and a cell for each of `columns` in each row."""

    name: str
    title: str
    columns: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list)

    def as_markdown(self) -> str:
        """Return the table for people; None is a dash."""
        lines = [f"| {' | '.join(self.columns)} |", f"|{' --- |' * len(self.columns)}"]
        lines += [f"| {' | '.join('-' if cell is None else str(cell) for cell in row)} |" for row in self.rows]
        return f"{self.title}:\n\n" + "\n".join(lines) + "\n"

    def as_json(self) -> list[dict[str, object]]:
        """Return the rows as objects by column."""
        return [
            {
                column: cell.as_json() if isinstance(cell, Share) else cell
                for column, cell in zip(self.columns, row, strict=True)
            }
            for row in self.rows
        ]
