"""The audit log as text: CSV for a spreadsheet, or JSON for a program, a piece at a time."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from pantau_collector.access.audit_entry import AuditEntry
from pantau_collector.reports.as_csv import harmless

COLUMNS = ("time", "who", "kind", "address", "action", "target", "detail")
"""The columns, and the keys in JSON. `time` is in UTC and ISO 8601."""


def as_csv(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """Yield the lines of a CSV file, with a byte order mark first, by which Excel knows that it is UTF-8."""
    yield "\ufeff" + _line(COLUMNS)
    for entry in entries:
        yield _line(_fields(entry))


def as_json(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """Yield the pieces of a JSON array, an object for each entry."""
    before = "[\n"
    for entry in entries:
        yield before + msgspec.json.encode(dict(zip(COLUMNS, _fields(entry), strict=True))).decode()
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _fields(entry: AuditEntry) -> tuple[str, ...]:
    at = datetime.fromtimestamp(entry.time_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return (at, entry.who, entry.kind, entry.address, entry.action, entry.target, entry.detail)


def _line(fields: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([harmless(each) for each in fields])
    return out.getvalue()
