"""The ledger's facts as rows. One writer keeps them; any number of readers load a site's.

The newest claim about each camera is in a table of its own. It grows with each batch, and so many rows are cheap
to write only where they stand side by side.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    Executable,
    Select,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from pantau_collector.ledger.claims import Claim
from pantau_collector.ledger.facts import AgentStart, Boot, Subject
from pantau_collector.ledger.gaps import BootRun
from pantau_collector.ledger.runs import Run
from pantau_collector.ledger.spans import FOREVER_MS, Span
from pantau_collector.store.database import drop_rows, put_rows
from pantau_collector.store.schema import (
    ledger_attention,
    ledger_boots,
    ledger_changes,
    ledger_claims,
    ledger_latest,
    ledger_runs,
    ledger_starts,
    ledger_subjects,
)

SubjectKey = tuple[str, Subject]
"""A site, and one of its cameras or devices."""
BootKey = tuple[str, str]
"""A site, and a boot of its agent's machine."""


class Change(NamedTuple):
    """A site of which something is known better, from a moment on (UTC ms). `revision` grows with each change."""

    site: str
    from_ms: int
    revision: int


_T = TypeVar("_T", bound=Hashable)


# What the writer keeps in memory


def load_subjects(connection: Connection) -> dict[SubjectKey, int]:
    """Load the number of every camera and device."""
    rows = connection.execute(select(ledger_subjects))
    return {(row.site, Subject(row.kind, row.name)): row.id for row in rows}


def load_latest(connection: Connection) -> dict[int, Claim]:
    """Load the newest claim about every subject."""
    rows = connection.execute(select(ledger_latest))
    return {row.subject: Claim(row.from_ms, row.to_ms, row.condition) for row in rows}


def load_boots(connection: Connection) -> dict[BootKey, tuple[int, Boot]]:
    """Load every boot, with its number."""
    return {(row.site, row.boot): (row.id, _boot(row)) for row in connection.execute(select(ledger_boots))}


def save_subjects(connection: Connection, new: Iterable[tuple[SubjectKey, int]]) -> None:
    """Add subjects."""
    put_rows(
        connection,
        ledger_subjects,
        ({"id": number, "site": site, "kind": kind, "name": name} for (site, (kind, name)), number in new),
    )


def save_boots(connection: Connection, changed: Iterable[tuple[BootKey, tuple[int, Boot]]]) -> None:
    """Add boots, or replace them."""
    put_rows(
        connection,
        ledger_boots,
        (
            {
                "id": number,
                "site": site,
                "boot": name,
                "machine_ms": boot.machine_ms,
                "undervoltage_ms": boot.undervoltage_ms,
                "ended_ms": boot.ended_ms,
                "undated_ms": boot.undated_ms,
            }
            for (site, name), (number, boot) in changed
        ),
    )


# Claims


def load_claims_around(connection: Connection, subject: int, from_ms: int, to_ms: int) -> list[Claim]:
    """Load the claims about a subject, except the newest, that touch a stretch, and the one before them."""
    rows = connection.execute(_CLAIMS_AROUND, {"subject": subject, "first_ms": from_ms, "last_ms": to_ms})
    return [Claim(row.from_ms, row.to_ms, row.condition) for row in rows]


def save_claims(
    connection: Connection, removed: Iterable[tuple[int, Claim]], added: Iterable[tuple[int, Claim]]
) -> None:
    """Remove claims, and then add others; none of them is the newest about its subject."""
    drop_rows(
        connection, ledger_claims, ({"subject": subject, "from_ms": claim.from_ms} for subject, claim in removed)
    )
    rows = [_claim_row(subject, claim) for subject, claim in added]
    if rows:
        connection.execute(ledger_claims.insert(), rows)


def save_latest(
    connection: Connection, new: Iterable[tuple[int, Claim]], longer: Iterable[tuple[int, Claim]]
) -> None:
    """Replace the newest claims about subjects: by others, or by ones that differ in their end alone."""
    put_rows(connection, ledger_latest, (_claim_row(subject, claim) for subject, claim in new))
    ends = [{"of": subject, "end_ms": claim.to_ms} for subject, claim in longer]
    if ends:
        connection.execute(_LENGTHEN, ends)


# Runs, starts, attention, changes


def load_runs_around(connection: Connection, boot: int, first_seq: int, last_seq: int) -> list[Run]:
    """Load the runs of a boot that hold one of these numbers, or the one before or after them."""
    runs = ledger_runs.c
    near = (runs.boot == boot, runs.last_seq >= first_seq - 1, runs.first_seq <= last_seq + 1)
    return [_run(row) for row in connection.execute(select(ledger_runs).where(*near))]


def load_newest_run(connection: Connection, boot: int) -> Run | None:
    """Load the run of a boot with the highest numbers."""
    runs = ledger_runs.c
    query = select(ledger_runs).where(runs.boot == boot).order_by(runs.first_seq.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _run(row)


def save_runs(
    connection: Connection, removed: Iterable[tuple[int, Run]], added: Iterable[tuple[int, Run]]
) -> None:
    """Remove runs of boots, and then add others."""
    drop_rows(connection, ledger_runs, ({"boot": boot, "first_seq": run.first_seq} for boot, run in removed))
    rows = [{"boot": boot} | {name: getattr(run, name) for name in run.__struct_fields__} for boot, run in added]
    if rows:
        connection.execute(ledger_runs.insert(), rows)


def save_start(connection: Connection, site: str, start: AgentStart) -> None:
    """Add a start, unless it is known with a later date."""
    table, (boot, before_ms, period) = ledger_starts.c, start.key
    same = (table.site == site, table.boot == boot, table.before_ms == before_ms, table.period == period)
    row = connection.execute(select(ledger_starts).where(*same)).first()
    if row is None or _start(row) < start:
        values = {name: getattr(start, name) for name in start.__struct_fields__}
        put_rows(connection, ledger_starts, [{"site": site, "period": period} | values])


def load_attention(connection: Connection, from_ms: int, to_ms: int) -> list[Span]:
    """Load when the collector was listening: the spans that touch a stretch, one before them and one after."""
    table = ledger_attention.c
    first = select(func.max(table.from_ms)).where(table.to_ms < from_ms).scalar_subquery()
    last = select(func.min(table.from_ms)).where(table.from_ms > to_ms).scalar_subquery()
    query = select(ledger_attention).where(
        table.from_ms >= func.coalesce(first, 0), table.from_ms <= func.coalesce(last, FOREVER_MS)
    )
    return [Span(row.from_ms, row.to_ms) for row in connection.execute(query.order_by(table.from_ms))]


def save_attention(connection: Connection, before: Sequence[Span], after: Sequence[Span]) -> None:
    """Replace spans in which the collector was listening."""
    removed, added = difference(before, after)
    drop_rows(connection, ledger_attention, (span._asdict() for span in removed))
    put_rows(connection, ledger_attention, (span._asdict() for span in added))


def load_changes(connection: Connection) -> list[Change]:
    """Load what has changed and was not dropped by `drop_changes`."""
    return [Change(row.site, row.from_ms, row.revision) for row in connection.execute(select(ledger_changes))]


def save_changes(connection: Connection, changed: Mapping[str, int]) -> None:
    """Note since when (UTC ms) each of these sites is known better. Several programs may do so at once."""
    upsert = _SAVE_CHANGE[connection.dialect.name]
    rows = [{"site": site, "from_ms": from_ms, "revision": 1} for site, from_ms in sorted(changed.items())]
    if rows:
        connection.execute(upsert, rows)


def drop_changes(connection: Connection, changes: Iterable[Change]) -> None:
    """Drop changes that were dealt with, except those of sites that have changed again since."""
    values = [{"of": each.site, "since_ms": each.from_ms, "as_read": each.revision} for each in changes]
    if values:
        connection.execute(_DROP_CHANGE, values)


# What a reader loads of a site


def load_cameras(connection: Connection, kind: str) -> list[tuple[str, str]]:
    """Load site and id of every subject of a kind."""
    table = ledger_subjects.c
    query = select(table.site, table.name).where(table.kind == kind).order_by(table.site, table.name)
    return [(row.site, row.name) for row in connection.execute(query)]


def load_site_subjects(connection: Connection, site: str) -> dict[int, Subject]:
    """Load the cameras and devices of a site by their numbers."""
    query = select(ledger_subjects).where(ledger_subjects.c.site == site)
    return {row.id: Subject(row.kind, row.name) for row in connection.execute(query)}


def load_site_claims(connection: Connection, site: str, from_ms: int, to_ms: int) -> dict[int, list[Claim]]:
    """Load the claims about a site's subjects in a period, and for each subject one before it and one after."""
    found: dict[int, list[Claim]] = {}
    values = {"site": site, "first_ms": from_ms, "last_ms": to_ms}
    for row in connection.execute(_SITE_CLAIMS, values):
        found.setdefault(row.subject, []).append(Claim(row.from_ms, row.to_ms, row.condition))
    for row in connection.execute(_SITE_LATEST, {"site": site}):
        claims = found.setdefault(row.subject, [])
        if not claims or claims[-1].from_ms <= to_ms:
            claims.append(Claim(row.from_ms, row.to_ms, row.condition))
    return found


def load_claims_before(connection: Connection, subject: int, before_ms: int, limit: int) -> list[Claim]:
    """Load the last claims about a subject that begin before a moment, in order."""
    table = ledger_claims.c
    query = (
        select(ledger_claims)
        .where(table.subject == subject, table.from_ms < before_ms)
        .order_by(table.from_ms.desc())
        .limit(limit)
    )
    rows = list(connection.execute(query))
    return [Claim(row.from_ms, row.to_ms, row.condition) for row in reversed(rows)]


def load_site_runs(connection: Connection, site: str, from_ms: int, to_ms: int) -> list[BootRun]:
    """Load a site's runs in a period, the last one before them, and the first one after them.

    Those that arrived in the period are in it too.
    """
    of_site = select(ledger_boots.c.boot.label("name"), ledger_runs).join(
        ledger_runs, ledger_runs.c.boot == ledger_boots.c.id
    )
    of_site = of_site.where(ledger_boots.c.site == site)
    runs, boot = ledger_runs.c, ledger_boots.c.boot
    during = of_site.where(or_(runs.to_ms >= from_ms, runs.arrived_ms >= from_ms), runs.from_ms <= to_ms)
    before = of_site.where(runs.to_ms < from_ms).order_by(runs.to_ms.desc(), boot.desc(), runs.last_seq.desc())
    after = of_site.where(runs.from_ms > to_ms).order_by(runs.from_ms, boot, runs.first_seq)
    queries = (before.limit(1), during, after.limit(1))
    found = (BootRun(row.name, _run(row)) for query in queries for row in connection.execute(query))
    return list(dict.fromkeys(found))


def load_site_boots(connection: Connection, site: str) -> dict[str, Boot]:
    """Load a site's boots."""
    query = select(ledger_boots).where(ledger_boots.c.site == site)
    return {row.boot: _boot(row) for row in connection.execute(query)}


def load_site_starts(connection: Connection, site: str) -> list[AgentStart]:
    """Load the starts of a site's agent."""
    return [_start(row) for row in connection.execute(select(ledger_starts).where(ledger_starts.c.site == site))]


def difference(before: Iterable[_T], after: Iterable[_T]) -> tuple[list[_T], list[_T]]:
    """Return what must be removed from `before`, and what must be added, to make `after` of it."""
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    return [each for each in old if each not in new], [each for each in new if each not in old]


def _claim_row(subject: int, claim: Claim) -> dict[str, Any]:
    return {"subject": subject, **claim._asdict()}


def _run(row: Any) -> Run:
    return Run(
        row.first_seq,
        row.last_seq,
        row.from_ms,
        row.to_ms,
        row.interval_ms,
        row.late,
        row.starts,
        row.arrived_ms,
    )


def _boot(row: Any) -> Boot:
    return Boot(row.machine_ms, row.undervoltage_ms, row.ended_ms, row.undated_ms)


def _start(row: Any) -> AgentStart:
    return AgentStart(row.boot, row.before_ms, row.time_ms, row.reason, row.clean, row.machine_ms)


def _save_change(insert: Any) -> Executable:
    """Return the statement that adds a change, or joins it with the one that is there."""
    new = insert(ledger_changes)
    known, since_ms = ledger_changes.c, new.excluded.from_ms
    earlier = case((since_ms < known.from_ms, since_ms), else_=known.from_ms)
    values = {"from_ms": earlier, "revision": known.revision + 1}
    joined: Executable = new.on_conflict_do_update(index_elements=[known.site], set_=values)
    return joined


_SAVE_CHANGE = {"sqlite": _save_change(sqlite.insert), "postgresql": _save_change(postgresql.insert)}
_DROP_CHANGE = delete(ledger_changes).where(
    ledger_changes.c.site == bindparam("of"),
    ledger_changes.c.from_ms == bindparam("since_ms"),
    ledger_changes.c.revision == bindparam("as_read"),
)
_LENGTHEN = (
    update(ledger_latest).where(ledger_latest.c.subject == bindparam("of")).values(to_ms=bindparam("end_ms"))
)


def _from_the_one_before(subject: ColumnElement[int], at_ms: ColumnElement[int]) -> ColumnElement[int]:
    """Select the beginning of the last claim about a subject that begins at a moment or before, or else 0."""
    earlier = ledger_claims.alias()
    latest = select(func.max(earlier.c.from_ms)).where(earlier.c.subject == subject, earlier.c.from_ms <= at_ms)
    return func.coalesce(latest.scalar_subquery(), 0)


def _claims_around() -> Select[tuple[int, int, int, str]]:
    subject, claims = bindparam("subject", type_=BigInteger), ledger_claims.c
    first = _from_the_one_before(subject, bindparam("first_ms", type_=BigInteger))
    where = (claims.subject == subject, claims.from_ms >= first, claims.from_ms <= bindparam("last_ms"))
    return select(ledger_claims).where(*where).order_by(claims.from_ms)


def _site_claims() -> Select[tuple[int, int, int, str]]:
    """Select a site's claims in a period; of each subject from the one before on, up to the one after."""
    subjects, claims, later = ledger_subjects.c, ledger_claims.c, ledger_claims.alias()
    first = _from_the_one_before(subjects.id, bindparam("first_ms", type_=BigInteger))
    following = select(func.min(later.c.from_ms)).where(
        later.c.subject == subjects.id, later.c.from_ms > bindparam("last_ms", type_=BigInteger)
    )
    last = func.coalesce(following.scalar_subquery(), literal(FOREVER_MS, BigInteger))
    return (
        select(ledger_claims)
        .join_from(ledger_subjects, ledger_claims, claims.subject == subjects.id)
        .where(subjects.site == bindparam("site"), claims.from_ms >= first, claims.from_ms <= last)
        .order_by(claims.subject, claims.from_ms)
    )


_CLAIMS_AROUND = _claims_around()
_SITE_CLAIMS = _site_claims()
_SITE_LATEST = (
    select(ledger_latest)
    .join_from(ledger_subjects, ledger_latest, ledger_latest.c.subject == ledger_subjects.c.id)
    .where(ledger_subjects.c.site == bindparam("site"))
)
