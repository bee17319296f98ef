"""`pantau-collector incidents` and `ack`: lists and shows incidents, and acknowledges one."""

import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from pantau_collector.actions.acknowledgement import open_incident
from pantau_collector.actions.action_error import ActionError
from pantau_collector.attribution import load_decisions
from pantau_collector.commands import attribute, outbox
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
from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.store import incident_rows, outbox_search, request_rows
from pantau_collector.store.incident_rows import TimelineStep
from pantau_contract.printable import printable_line
from pantau_contract.words import Words
from pantau_service.language_option import LanguageOption, words_for

incidents_app = typer.Typer(name="incidents", invoke_without_command=True)


@incidents_app.callback(epilog="Example: pantau-collector incidents --all --since 7d")
def list_command(
    context: typer.Context,
    config: ConfigPath = DEFAULT_CONFIG,
    all_: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    since: Annotated[
        str, typer.Option(metavar="TIME", help="With --all: that went on then or later, as 7d or 2026-11-01.")
    ] = "7d",
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """List the incidents that are open: since when, what, where, why, who is on it.

    `incidents show N` tells all about one. Exit status: 0; 1 the state cannot be read; 2 a wrong option.
    """
    if context.invoked_subcommand is not None:
        return
    words, now_ms = words_for(language), _now_ms()
    settings = open_config(config)
    zone = local_zone(settings, timezone)
    since_ms = moment_ms("--since", since, zone, now_ms, past=True)
    inventory = open_inventory(settings)
    with open_store(settings) as store, store.begin() as connection:
        found = incident_rows.load_since(connection, since_ms) if all_ else incident_rows.load_open(connection)
    if as_json:
        print_json([as_builtins(incident, inventory, words) for incident in found])
    elif found:
        print_table(_table(found, inventory, words, zone, with_end=all_))
    else:
        none = words("incidents.none_since", time=shown(since_ms, zone)) if all_ else words("incidents.none")
        say(none)


@incidents_app.command("show", epilog="Example: pantau-collector incidents show 17")
def show_command(
    number: Annotated[int, typer.Argument(metavar="N", max=MAX_NUMBER, help="The incident's number.")],
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """Show one incident: its steps, its cameras, who was notified when, and what was decided about its time.

    Exit status 1: there is none.
    """
    words = words_for(language)
    settings = open_config(config)
    zone, inventory = local_zone(settings, timezone), open_inventory(settings)
    with open_store(settings) as store, store.begin() as connection:
        found = incident_rows.load_incidents(connection, [number])
        timeline = incident_rows.load_timeline(connection, number)
        sent = outbox_search.sendings_of(connection, number)
        held = outbox_search.held_of(connection, number)
        decided = [each for each in load_decisions(connection) if each.incident == number]
    if not found:
        fail(f"there is no incident {number}", exit_code=EXIT_NOT_DONE)
    if as_json:
        steps = [step._asdict() | {"time": iso(step.time_ms)} for step in timeline]
        letters = [outbox.as_builtins(each) for each in sent]
        waits = [{"recipient": name, "kind": kind, "due": iso(due_ms)} for name, kind, due_ms in held]
        decisions = [attribute.as_builtins(each) for each in decided]
        about = {"timeline": steps, "told": letters, "held": waits, "decisions": decisions}
        print_json(as_builtins(found[0], inventory, words) | about)
        return
    _print_incident(found[0], timeline, inventory, words, zone)
    say("")
    say(words("incidents.told" if sent or held else "incidents.nobody_told"), bold=True)
    if sent:
        print_table(outbox.sendings_table(sent, zone))
    for name, kind, due_ms in held:
        say(f"{name}: {kind}, {words('incidents.held', time=shown(due_ms, zone))}")
    if decided:
        say("", words("attribute.title"))
        print_table(attribute.decisions_table(decided, words, zone))


def ack_command(
    number: Annotated[int, typer.Argument(metavar="N", max=MAX_NUMBER, help="The incident's number.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who is on it.")],
    config: ConfigPath = DEFAULT_CONFIG,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="As '2026-11-30 22:00' or 22:00.")] = None,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help="As 2h; else until it is over.")
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Nobody is on it any more.")] = False,
    timezone: ZoneOption = None,
    as_json: AsJson = False,
) -> None:
    """Say that somebody is on an incident: it is not raised to the next level meanwhile, and the others know.

    Exit status: 0 it is noted; 1 there is no such incident, or it is over; 2 a wrong option.
    """
    now_ms = _now_ms()
    settings = open_config(config)
    zone = local_zone(settings, timezone)
    if until is not None and for_ is not None:
        fail("expected --until or --for, not both")
    until_ms = moment_ms("--until", until, zone, now_ms) if until is not None else None
    if for_ is not None:
        until_ms = now_ms + 1000 * seconds("--for", for_)
    if until_ms is not None and until_ms <= now_ms:
        fail(f"--until: expected a time to come, got {shown(until_ms, zone)}")
    by = printable_line(by).strip()
    if not by:
        fail("--by: expected a name")
    with open_store(settings) as store, store.begin() as connection:
        try:
            open_incident(connection, number)
        except ActionError as error:
            since_ms = error.values.get("since_ms")
            ended = f"incident {number} is over since {shown(since_ms, zone)}" if isinstance(since_ms, int) else ""
            fail(ended or f"there is no incident {number}", exit_code=EXIT_NOT_DONE)
        if withdraw:
            request_rows.withdraw_acknowledgement(connection, number, by, created_ms=now_ms)
        else:
            request_rows.acknowledge(connection, number, by, until_ms, created_ms=now_ms)
    if as_json:
        print_json({"incident": number, "by": by, "until": iso(until_ms), "withdrawn": withdraw})
    elif withdraw:
        say(f"Noted: nobody is on incident {number} any more. The collector takes it up within seconds.")
    else:
        end = f"until {shown(until_ms, zone)}" if until_ms is not None else "until it is over"
        say(f"Noted: {by} is on incident {number} {end}. The collector takes it up within seconds.")


def as_builtins(incident: Incident, inventory: Inventory, words: Words) -> dict[str, Any]:
    """Return an incident for programs: as it is stored, with ISO 8601 times and phrases for people added."""
    fields: dict[str, Any] = msgspec.to_builtins(incident)
    times = {key: iso(getattr(incident, f"{key}_ms")) for key in ("since", "opened", "resolved")}
    phrases = {"where": where(incident, inventory, words), "meaning": words.meaning(incident.cause)}
    return fields | times | phrases


def where(incident: Incident, inventory: Inventory, words: Words) -> str:
    """Return the names of an incident's place: site and camera or device, or an uplink and its number of sites."""
    if incident.uplink is not None:
        count = words("count.sites", count=len(incident.sites))
        return f"{inventory.uplink_name(incident.uplink)} ({count})"
    site = inventory.site(incident.site).name or incident.site
    if incident.device is not None:
        return f"{site} / {inventory.device_name(incident.site, incident.device)}"
    if incident.camera is not None:
        return f"{site} / {inventory.camera(incident.site, incident.camera).name or incident.camera}"
    return site


def _table(
    found: list[Incident], inventory: Inventory, words: Words, zone: ZoneInfo, *, with_end: bool
) -> TextTable:
    table = TextTable()
    columns = ["number", "since", *(["over"] if with_end else []), "what", "where", "cause", "cameras", "taken"]
    for column in [*columns, "downtime"]:
        table.add_column(
            words(f"incidents.{column}"), justify="right" if column in ("number", "cameras") else "left"
        )
    for incident in found:
        table.add_row(
            str(incident.id),
            shown(incident.since_ms, zone),
            *([shown(incident.resolved_ms, zone)] if with_end else []),
            words.meaning(incident.cause) + _remark(incident, words),
            where(incident, inventory, words),
            incident.cause,
            str(len(incident.cameras)),
            _taken(incident, words, zone),
            incident.downtime,
            style="dim" if incident.resolved_ms is not None or incident.downtime else None,
        )
    return table


def _remark(incident: Incident, words: Words) -> str:
    remarks = [words("incidents.flapping")] if incident.flapping else []
    if incident.escalation:
        remarks.append(words("incidents.escalated", level=incident.escalation))
    return f" ({', '.join(remarks)})" if remarks else ""


def _taken(incident: Incident, words: Words, zone: ZoneInfo) -> str:
    taken = incident.acknowledged
    if taken is None or taken.until_ms is None:
        return taken.by if taken else ""
    return words("incidents.until", by=taken.by, time=shown(taken.until_ms, zone))


def _print_incident(
    incident: Incident, timeline: list[TimelineStep], inventory: Inventory, words: Words, zone: ZoneInfo
) -> None:
    facts = [
        ("where", where(incident, inventory, words)),
        ("what", words.meaning(incident.cause) + _remark(incident, words)),
        ("cause", incident.cause),
        ("since", shown(incident.since_ms, zone)),
        ("over", shown(incident.resolved_ms, zone)),
        ("taken", _taken(incident, words, zone)),
        ("downtime", incident.downtime),
        ("cameras", ", ".join(f"{site}/{camera}" for site, camera in incident.members)),
    ]
    say(f"{words('incidents.number')} {incident.id}", bold=True)
    for label, value in facts:
        if value:
            say(f"{words(f'incidents.{label}')}: {value}")
    say("")
    for step in timeline:
        what = words(f"incidents.step.{step.kind}", cause=step.cause, count=len(step.cameras))
        say(f"{shown(step.time_ms, zone)}  {what}")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
