"""What went out in a simulation, and whether that is what was wanted."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from pantau_collector.notices.notice import Form, Letter, Notice
from pantau_collector.simulation.scenario import WantedNotice
from pantau_collector.simulation.span import span
from pantau_collector.store import incident_rows, notice_rows
from pantau_collector.store.schema import outbox

_NEW = select(outbox).where(outbox.c.id > bindparam("after")).order_by(outbox.c.id)


class Told(NamedTuple):
    """One letter to one recipient, at `s` seconds from the beginning, and what each of its notices is about."""

    s: float
    to: str
    letter: Letter
    about: tuple[str, ...]

    @property
    def notices(self) -> list[tuple[Notice, str]]:
        """Each with what it is about: a camera or device as `site/id`, a site, an uplink."""
        return list(zip(self.letter.notices, self.about, strict=True))


def read_told(connection: Connection, after: int, s: float) -> tuple[list[Told], int]:
    """The letters that have come into the outbox behind its row `after`, and its last row now."""
    found: dict[int, Told] = {}
    for row in connection.execute(_NEW, {"after": after}):
        after = row.id
        notices = tuple(notice_rows.of_letter(connection, row.letter))
        about = tuple(_about(connection, notice) for notice in notices)
        found[row.letter] = Told(s, row.recipient, Letter(Form(row.form), notices), about)
    return list(found.values()), after


def differences(told: Iterable[Told], wanted: Iterable[WantedNotice]) -> list[str]:
    """One line for each notice that was wanted and did not come in its time, and for each that was not wanted."""
    left = [(one.s, one.to, notice, about) for one in told for notice, about in one.notices]
    lines = []
    for each in wanted:
        found = next((one for one in left if _is(*one, each)), None)
        if found is None:
            cause = f" ({each.cause})" if each.cause else ""
            lines.append(f"not told at {span(each.at)}: to {each.to}: {each.kind} {each.about}{cause}")
        else:
            left.remove(found)
    for s, to, notice, about in left:
        lines.append(f"not wanted at {span(s)}: to {to}: {notice.kind} {about} ({notice.cause})")
    return lines


def messages(told: Iterable[Told]) -> Mapping[str, int]:
    """How many messages each recipient had."""
    counts: dict[str, int] = {}
    for one in told:
        counts[one.to] = counts.get(one.to, 0) + 1
    return counts


def _is(s: float, to: str, notice: Notice, about: str, wanted: WantedNotice) -> bool:
    return (
        (to, notice.kind, about) == (wanted.to, wanted.kind, wanted.about)
        and wanted.cause in ("", notice.cause)
        and 0 <= s - wanted.at <= wanted.within
    )


def _about(connection: Connection, notice: Notice) -> str:
    incident = incident_rows.load_incident(connection, notice.incident)
    return incident.name if incident else notice.place
