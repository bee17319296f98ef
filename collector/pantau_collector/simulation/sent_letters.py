"""The letters of a simulation, and how they differ from what was expected."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from pantau_collector.notices.letter import Form, Letter
from pantau_collector.notices.notice import Notice
from pantau_collector.simulation.scenario import ExpectedNotice
from pantau_collector.simulation.span import span
from pantau_collector.store import incident_rows, notice_rows
from pantau_collector.store.schema import outbox

_NEW = select(outbox).where(outbox.c.id > bindparam("after")).order_by(outbox.c.id)
"""Selects the rows of the outbox behind a row, the oldest first."""


class SentLetter(NamedTuple):
    """One letter to one recipient, `s` seconds after the beginning, and what each of its notices is about."""

    s: float
    to: str
    letter: Letter
    about: tuple[str, ...]

    @property
    def notices(self) -> list[tuple[Notice, str]]:
        """Each notice with what it is about: a camera or device as `site/id`, a site, or an uplink."""
        return list(zip(self.letter.notices, self.about, strict=True))


def read_sent_letters(connection: Connection, after: int, s: float) -> tuple[list[SentLetter], int]:
    """Return the letters that have come into the outbox behind its row `after`, and the last row."""
    found: dict[int, SentLetter] = {}
    for row in connection.execute(_NEW, {"after": after}):
        after = row.id
        notices = tuple(notice_rows.of_letter(connection, row.letter))
        about = tuple(_about(connection, notice) for notice in notices)
        found[row.letter] = SentLetter(s, row.recipient, Letter(Form(row.form), notices), about)
    return list(found.values()), after


def differences(letters: Iterable[SentLetter], expected: Iterable[ExpectedNotice]) -> list[str]:
    """Return one line for each expected notice that did not come in its time, and for each unexpected one."""
    unexpected = [(letter.s, letter.to, notice, about) for letter in letters for notice, about in letter.notices]
    lines = []
    for each in expected:
        found = next((notice for notice in unexpected if _matches(*notice, each)), None)
        if found is None:
            cause = f" ({each.cause})" if each.cause else ""
            lines.append(f"not told at {span(each.at)}: to {each.to}: {each.kind} {each.about}{cause}")
        else:
            unexpected.remove(found)
    for s, to, notice, about in unexpected:
        lines.append(f"not wanted at {span(s)}: to {to}: {notice.kind} {about} ({notice.cause})")
    return lines


def count_letters(letters: Iterable[SentLetter]) -> Mapping[str, int]:
    """Return how many letters each recipient had."""
    counts: dict[str, int] = {}
    for letter in letters:
        counts[letter.to] = counts.get(letter.to, 0) + 1
    return counts


def _matches(s: float, to: str, notice: Notice, about: str, expected: ExpectedNotice) -> bool:
    return (
        (to, notice.kind, about) == (expected.to, expected.kind, expected.about)
        and expected.cause in ("", notice.cause)
        and 0 <= s - expected.at <= expected.within
    )


def _about(connection: Connection, notice: Notice) -> str:
    incident = incident_rows.load_incident(connection, notice.incident)
    return incident.name if incident else notice.place
