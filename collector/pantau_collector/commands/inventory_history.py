"""`pantau-collector inventory history`: shows how the inventory changed, and corrects when a change was true."""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import typer

from pantau_collector.actions.closed_months import load_closed_months
from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    AsJson,
    ConfigPath,
    fail,
    open_config,
    open_store,
)
from pantau_collector.commands.output import TextTable, print_json, print_table, say
from pantau_collector.commands.time_options import ZoneOption, iso, local_zone, moment_ms, shown
from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.inventory.history_changes import BEGINNING_MS, Change, Move, Since
from pantau_collector.inventory.history_moves import MoveError, check_move
from pantau_collector.ledger import rows
from pantau_collector.ledger.spans import Span
from pantau_collector.store import inventory_rows

_CHANGES = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,12}))?")
_MOST_AT_ONCE = 50_000
"""Changes that can be moved at once."""
_MAX_NAME, _MAX_REASON = 200, 1000

history_app = typer.Typer(name="history", invoke_without_command=True)


class _Shown(NamedTuple):
    """A change with the entry as it was before, since when it holds, and what people said about that."""

    since: Since
    before: dict[str, Any]
    moves: list[Move]

    @property
    def change(self) -> Change:
        return self.since.change

    @property
    def after(self) -> dict[str, Any]:
        return _values(self.change)

    @property
    def kind(self) -> str:
        if self.change.entry_json is None:
            return "removed"
        return "changed" if self.before else "added"


@history_app.callback(epilog="Example: pantau-collector inventory history --since 90d")
def list_command(
    context: typer.Context,
    since: Annotated[str, typer.Option(metavar="TIME", help="Recorded since then, as 90d or 2026-10-01.")] = "90d",
    all_: Annotated[bool, typer.Option("--all", help="With the first inventory that was recorded.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    as_json: AsJson = False,
) -> None:
    """Show how the inventory changed: what, when the collector loaded it, and since when it was true.

    What a camera's time counts for is decided by the inventory as it was then. Where somebody wrote a change into
    it earlier or later than it was true, `inventory history move` says so.

    Exit status: 0; 1 the state cannot be read; 2 a wrong option.
    """
    if context.invoked_subcommand is not None:
        return
    settings = open_config(config)
    zone = local_zone(settings, timezone)
    since_ms = moment_ms("--since", since, zone, _now_ms(), past=True)
    with open_store(settings) as store, store.begin() as connection:
        history, moves = inventory_rows.load_history(connection), inventory_rows.load_moves(connection)
    found = [
        each
        for each in _changes(history, moves)
        if all_ or (each.change.time_ms >= since_ms and (each.since.from_ms > BEGINNING_MS or each.moves))
    ]
    if as_json:
        print_json([_as_builtins(each) for each in found])
    elif found:
        _print(found, zone)
    else:
        say("No change of the inventory was recorded since then.")


@history_app.command(
    "move",
    epilog="Example: pantau-collector inventory history move 12 13 --to 2026-10-12 --by Ani --reason 'moved on the"
    " 12th, typed on the 15th'",
)
def move_command(
    changes: Annotated[
        list[str],
        typer.Argument(metavar="CHANGE...", help="Their numbers in `inventory history`, as 12 or 12-40."),
    ],
    to: Annotated[str, typer.Option(metavar="TIME", help="Since when it was true, as '2026-10-12 08:00'.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who says so.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    config: ConfigPath = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    timezone: ZoneOption = None,
    as_json: AsJson = False,
) -> None:
    """Say since when changes of the inventory were true, if not since they were recorded. It shows them, and asks.

    A camera that was moved to another site is two changes: removed there, added here. What was said before is
    kept; the last word counts.

    Exit status: 0 it is noted; 1 nobody agreed; 2 there is no such change, or a wrong option.
    """
    now_ms = _now_ms()
    settings = open_config(config)
    zone = local_zone(settings, timezone)
    to_ms = moment_ms("--to", to, zone, now_ms, past=True)
    if to_ms > now_ms:
        fail(f"--to: expected a time that is past, got {shown(to_ms, zone)}")
    by, reason = _text("--by", by, _MAX_NAME), _text("--reason", reason, _MAX_REASON)
    numbers = _numbers(changes)
    with open_store(settings) as store:
        with store.begin() as connection:
            history, moves = inventory_rows.load_history(connection), inventory_rows.load_moves(connection)
            closed = load_closed_months(connection)
        try:
            check_move(history.in_effect, numbers, to_ms)
        except MoveError as error:
            fail(str(error))
        found = [each for each in _changes(history, moves) if each.change.id in numbers]
        if not as_json:
            _print(found, zone)
            for month in _touched(closed, found, to_ms):
                say(f"{month} is closed: this will appear as a correction of it.", colour="yellow")
        if not yes and not typer.confirm(f"True since {shown(to_ms, zone)}?", err=True):
            raise typer.Exit(EXIT_NOT_DONE)
        with store.begin() as connection:
            inventory_rows.add_moves(connection, sorted(numbers), to_ms, reason=reason, by=by, now_ms=now_ms)
            rows.save_changes(connection, _affected(history, found, to_ms))
            moved, moves = inventory_rows.load_history(connection), inventory_rows.load_moves(connection)
    if as_json:
        print_json([_as_builtins(each) for each in _changes(moved, moves) if each.change.id in numbers])
    else:
        say("Noted. It stays for ever; a later word about the same change counts instead.")


def _changes(history: InventoryHistory, moves: Iterable[Move]) -> list[_Shown]:
    """Return every change in order of its number."""
    said: dict[int, list[Move]] = {}
    for move in moves:
        said.setdefault(move.change, []).append(move)
    found = [
        _Shown(since, _values(earlier.change) if earlier else {}, said.get(since.change.id, []))
        for its in history.in_effect.values()
        for earlier, since in pairwise([None, *its])
        if since is not None
    ]
    return sorted(found, key=lambda each: each.change.id)


def _affected(history: InventoryHistory, found: Iterable[_Shown], to_ms: int) -> dict[str, int]:
    """Return since when (UTC ms) each site is known otherwise, if these changes were true since `to_ms`."""
    every = [key[0] for table, key in history.in_effect if table == "site"]
    affected: dict[str, int] = {}
    for each in found:
        table, key = each.change.entry
        for site in every if table == "uplink" else key[:1] if table in {"site", "device", "camera"} else ():
            affected[site] = min(affected.get(site, to_ms), each.since.from_ms, to_ms)
    return affected


def _touched(closed: Mapping[str, Span], found: Iterable[_Shown], to_ms: int) -> list[str]:
    """Return the closed months between since when changes held and since when they are said to be true."""
    edges = [(min(each.since.from_ms, to_ms), max(each.since.from_ms, to_ms)) for each in found]
    return [
        name
        for name, month in closed.items()
        if any(month.from_ms < end_ms and from_ms < month.to_ms for from_ms, end_ms in edges)
    ]


def _print(found: Iterable[_Shown], zone: ZoneInfo) -> None:
    table = TextTable("No.", "recorded", "true since", "what", "change", "corrected")
    for each in found:
        entry, key = each.change.entry
        table.add_row(
            str(each.change.id),
            shown(each.change.time_ms, zone),
            shown(each.since.from_ms, zone) if each.since.from_ms > BEGINNING_MS else "the first record",
            f"{entry} {'/'.join(key)}",
            "; ".join(_differences(each)),
            "; ".join(f"{shown(move.to_ms, zone)}, {move.by}: {move.reason}" for move in each.moves),
        )
    print_table(table)


def _differences(each: _Shown) -> Iterator[str]:
    if each.kind == "removed":
        yield "removed"
        return
    if each.kind == "added":
        yield "added"
    for key in sorted(each.before.keys() | each.after.keys()):
        before, after = each.before.get(key), each.after.get(key)
        if before != after and key not in {"site", "id"}:
            yield f"{key}: {_said(after)}" if before is None else f"{key}: {_said(before)} -> {_said(after)}"


def _said(value: Any) -> str:
    return "none" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _as_builtins(each: _Shown) -> dict[str, Any]:
    table, key = each.change.entry
    return {
        "id": each.change.id,
        "recorded_ms": each.change.time_ms,
        "recorded": iso(each.change.time_ms),
        "since_ms": each.since.from_ms,
        "since": iso(each.since.from_ms) if each.since.from_ms > BEGINNING_MS else None,
        "table": table,
        "entry": "/".join(key),
        "kind": each.kind,
        "before": each.before or None,
        "after": each.after or None,
        "moves": [
            move._asdict() | {"to": iso(move.to_ms), "created": iso(move.created_ms)} for move in each.moves
        ],
    }


def _values(change: Change) -> dict[str, Any]:
    found: Mapping[str, Any] = json.loads(change.entry_json) if change.entry_json is not None else {}
    return dict(found)


def _numbers(texts: Iterable[str]) -> set[int]:
    numbers: set[int] = set()
    for text in texts:
        found = _CHANGES.fullmatch(text)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            fail(f"expected a change's number as 12, or 12-40 for several, got {text!r}")
        if last - first >= _MOST_AT_ONCE:
            fail(f"expected at most {_MOST_AT_ONCE:,} changes at once, got {text}")
        numbers.update(range(first, last + 1))
    return numbers


def _text(option: str, text: str, most: int) -> str:
    if not text.strip() or len(text) > most or not text.isprintable():
        fail(f"{option}: expected one line of 1 to {most} printable characters, got {text[:50]!r}")
    return text.strip()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
