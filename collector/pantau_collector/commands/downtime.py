"""`pantau-collector downtime`: planned maintenance, during which failures notify nobody."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.maintenance import Period, check_period, known_targets, occurrences, own_start, plan
from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    MAX_NUMBER,
    AsJson,
    ConfigPath,
    fail,
    open_config,
    open_inventory,
    open_store,
)
from pantau_collector.commands.output import TextTable, print_json, print_table, say
from pantau_collector.commands.time_options import ZoneOption, iso, local_zone, moment_ms, seconds, shown
from pantau_collector.incidents.downtime import (
    Downtime,
    DowntimeError,
    Occurrence,
    Scope,
    check,
)
from pantau_collector.store import downtime_rows, fleet_rows
from pantau_contract.printable import printable_line
from pantau_contract.words import words
from pantau_service.settings import did_you_mean

downtime_app = typer.Typer(name="downtime", help="Planned maintenance.", no_args_is_help=True)

_NEXT = 3
"""Occurrences of a downtime that are shown."""


@downtime_app.command(
    "add",
    epilog="Example: pantau-collector downtime add site simpang-kabil --from 22:00 --for 2h --reason 'new switch'",
)
def add_command(
    scope: Annotated[Scope, typer.Argument(help="What is maintained.")],
    target: Annotated[str, typer.Argument(help="SITE/CAMERA, SITE/DEVICE, or the id or name of anything else.")],
    config: ConfigPath = DEFAULT_CONFIG,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="As '2026-11-30 22:00' or 22:00; otherwise now.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ends; with --rrule, when none begins any more.")
    ] = None,
    for_: Annotated[str | None, typer.Option("--for", metavar="SPAN", help="How long it lasts, as 2h.")] = None,
    rrule: Annotated[
        str | None,
        typer.Option(metavar="RULE", help="It recurs (RFC 5545), as FREQ=WEEKLY;BYDAY=SU, or a calendar's lines."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for those who are told.")] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who does it.")] = "",
    timezone: ZoneOption = None,
    as_json: AsJson = False,
) -> None:
    """Plan maintenance, once or recurring, and show when it comes next.

    What fails meanwhile is kept and shown, and nobody is woken; what still fails when it is over is told then.

    Exit status: 0 it is planned; 1 the state cannot be written; 2 something in the options is wrong.
    """
    now_ms = _now_ms()
    settings = open_config(config)
    zone, inventory = local_zone(settings, timezone), open_inventory(settings)
    with _failing(), open_store(settings) as store, store.begin() as connection:
        period = _planned_period(from_, until, for_, rrule, zone, now_ms)
        known = known_targets(scope, inventory, fleet_rows.load_names(connection))
        planned = Downtime(
            id=0,
            scope=scope,
            target=_id_of(scope, target, known),
            start_ms=period.start_ms,
            end_ms=period.end_ms,
            rrule=rrule,
            duration_s=period.duration_s,
            timezone=period.timezone,
            reason=printable_line(reason),
            by=printable_line(by),
            created_ms=now_ms,
        )
        saved = plan(connection, planned, now_ms=now_ms)
    if as_json:
        print_json(_as_builtins(saved, now_ms))
        return
    say(f"Maintenance {saved.id} of {saved.scope} {saved.target} is planned:")
    for each in islice(occurrences(saved, now_ms), _NEXT):
        say(f"  {_period(each, zone)}")
    if rrule is not None:
        say("  ...")


@downtime_app.command("list", epilog="Example: pantau-collector downtime list --all")
def list_command(
    config: ConfigPath = DEFAULT_CONFIG,
    all_: Annotated[bool, typer.Option("--all", help="Those that are over or cancelled too.")] = False,
    timezone: ZoneOption = None,
    as_json: AsJson = False,
) -> None:
    """List the maintenance that is under way or to come."""
    now_ms = _now_ms()
    settings = open_config(config)
    zone = local_zone(settings, timezone)
    with open_store(settings) as store, store.begin() as connection:
        found, unreadable = downtime_rows.load_downtimes(connection, now_ms=None if all_ else now_ms)
    unusable = unreadable | _find_unusable(found)
    coming = {each.id: next(occurrences(each, now_ms), None) for each in found if each.id not in unusable}
    found = [each for each in found if all_ or each.id in unusable or coming[each.id] is not None]
    for number, problem in sorted(unusable.items()):
        say(f"maintenance {number} is set aside: {problem}", colour="red", err=True)
    if as_json:
        print_json([_as_builtins(each, now_ms, unusable.get(each.id)) for each in found])
        return
    if not found and not unreadable:
        say("No maintenance is planned.")
        return
    table = TextTable("No.", "what", "under way, or next", "recurs", "reason", "by")
    for each in found:
        next_one = coming.get(each.id)
        ended = f"cancelled {shown(each.cancelled_ms, zone)}" if each.cancelled_ms else "over"
        ended = "set aside" if each.id in unusable else ended
        when = _period(next_one, zone) if next_one else ended
        under_way = next_one is not None and next_one.start_ms <= now_ms
        table.add_row(
            str(each.id),
            f"{each.scope} {each.target}",
            when,
            " ".join((each.rrule or "").split()),
            each.reason,
            each.by,
            style="bold" if under_way else "dim" if next_one is None else None,
        )
    print_table(table)


@downtime_app.command("cancel", epilog="Example: pantau-collector downtime cancel 3")
def cancel_command(
    number: Annotated[
        int, typer.Argument(metavar="N", max=MAX_NUMBER, help="Its number, as `downtime list` has it.")
    ],
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Take maintenance back, also while it is under way. Exit status 1: there is none of that number to cancel."""
    settings = open_config(config)
    with open_store(settings) as store, store.begin() as connection:
        done = downtime_rows.cancel_downtime(connection, number, now_ms=_now_ms())
    if not done:
        fail(f"there is no maintenance {number} that is not cancelled already", exit_code=EXIT_NOT_DONE)
    if as_json:
        print_json({"id": number, "cancelled": True})
    else:
        say(f"Maintenance {number} is cancelled.")


def _planned_period(
    from_: str | None, until: str | None, for_: str | None, rrule: str | None, zone: ZoneInfo, now_ms: int
) -> Period:
    """Return when a downtime is by the options of `downtime add`; options that contradict end the command."""
    start_ms, timezone = moment_ms("--from", from_ or "now", zone, now_ms), zone.key
    if rrule is not None and (found := own_start(rrule, zone.key)) is not None:
        if from_ is not None:
            fail("--from: the rule has a DTSTART of its own; leave one of the two out")
        start_ms, timezone = found
    end_ms = moment_ms("--until", until, zone, max(start_ms, now_ms)) if until is not None else None
    duration_s = seconds("--for", for_) if for_ is not None else 0
    if rrule is None and (end_ms is None) == (not duration_s):
        fail("expected --for or --until, and not both: how long does it last?")
    return check_period(Period(start_ms, end_ms, duration_s, timezone), recurs=rrule is not None, now_ms=now_ms)


@contextmanager
def _failing() -> Iterator[None]:
    """End the command with the text of an error, and the option that it is about."""
    try:
        yield
    except ActionError as error:
        fail(f"--{error.field}: {error.text(words('en'))}")


def _find_unusable(downtimes: Iterable[Downtime]) -> dict[int, str]:
    """Return why downtimes that are not cancelled cannot be used, by number."""
    unusable = {}
    for each in downtimes:
        try:
            if each.cancelled_ms is None:
                check(each)
        except DowntimeError as error:
            unusable[each.id] = str(error)
    return unusable


def _id_of(scope: Scope, target: str, known: dict[str, str]) -> str:
    """Return the id of a target, which is given by its id, or by its name if that is unambiguous."""
    if target in known:
        return target
    named = [each for each, name in known.items() if target.casefold() in (name.casefold(), each.casefold())]
    if len(named) != 1:
        fail(f"there is no {scope} `{target}`; {did_you_mean(target, sorted(known))}")
    return named[0]


def _period(each: Occurrence, zone: ZoneInfo) -> str:
    return f"{shown(each.start_ms, zone)} - {shown(each.end_ms, zone)}"


def _as_builtins(downtime: Downtime, now_ms: int, problem: str | None = None) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(downtime)
    if problem is not None:
        return fields | {"next": [], "problem": problem}
    coming = [
        {"start": iso(each.start_ms), "end": iso(each.end_ms)}
        for each in islice(occurrences(downtime, now_ms), _NEXT)
    ]
    return fields | {"next": coming}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
