"""`pantau-collector outbox`: lists letters that are not delivered, and sends failed ones again."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    MAX_NUMBER,
    AsJson,
    ConfigPath,
    fail,
    open_config,
    open_store,
)
from pantau_collector.commands.output import TextTable, print_json, print_table, say
from pantau_collector.commands.time_options import ZoneOption, iso, local_zone, shown
from pantau_collector.store import notice_rows, outbox_search
from pantau_collector.store.outbox_rows import Status
from pantau_collector.store.outbox_search import Sending
from pantau_contract.words import words

outbox_app = typer.Typer(name="outbox", invoke_without_command=True)

_UNDELIVERED = (Status.DUE, Status.SENDING, Status.DEAD)


@outbox_app.callback(epilog="Example: pantau-collector outbox --all --limit 200")
def list_command(
    context: typer.Context,
    config: ConfigPath = DEFAULT_CONFIG,
    all_: Annotated[bool, typer.Option("--all", help="What was delivered too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The latest so many.")] = 100,
    timezone: ZoneOption = None,
    as_json: AsJson = False,
) -> None:
    """List the letters that are not delivered: due, being sent, or given up (dead), with the reason.

    `outbox retry N` sends one again that was given up. Exit status: 1 the state cannot be read; 2 a wrong option.
    """
    if context.invoked_subcommand is not None:
        return
    settings = open_config(config)
    zone = local_zone(settings, timezone)
    with open_store(settings) as store, store.begin() as connection:
        found = outbox_search.list_sendings(connection, tuple(Status) if all_ else _UNDELIVERED, limit)
        held = notice_rows.count_waiting(connection)
    if as_json:
        print_json({"held": held, "letters": [as_builtins(each) for each in found]})
        return
    if found:
        print_table(sendings_table(found, zone))
    else:
        say("Everything is delivered.")
    if held:
        say(words("en")("count.notices_waiting", count=held))


@outbox_app.command("retry", epilog="Example: pantau-collector outbox retry 812")
def retry_command(
    number: Annotated[
        int, typer.Argument(metavar="N", max=MAX_NUMBER, help="The letter's number, as `outbox` has it.")
    ],
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Send a letter again that was given up, with the key that it had. Exit status 1: there is none such."""
    settings = open_config(config)
    with open_store(settings) as store, store.begin() as connection:
        done = outbox_search.revive(connection, number)
    if not done:
        fail(f"there is no letter {number} that was given up", exit_code=EXIT_NOT_DONE)
    if as_json:
        print_json({"id": number, "status": str(Status.DUE)})
    else:
        say(f"Letter {number} is due again: the collector sends it within seconds, if it runs.")


def sendings_table(found: list[Sending], zone: ZoneInfo) -> TextTable:
    """Return a table of letters, in which those given up are red."""
    table = TextTable("No.", "made", "incidents", "kind", "to", "by", "status", "done", "reason")
    for each in found:
        attempts = f" ({each.attempts})" if each.attempts > 1 else ""
        table.add_row(
            str(each.id),
            shown(each.created_ms, zone),
            ", ".join(map(str, each.incidents)),
            each.kind,
            each.recipient,
            each.channel,
            f"{each.status}{attempts}",
            shown(each.finished_ms, zone),
            each.error,
            style="red" if each.status == Status.DEAD else None,
        )
    return table


def as_builtins(each: Sending) -> dict[str, Any]:
    """Return a letter for programs."""
    return each._asdict() | {"created": iso(each.created_ms), "finished": iso(each.finished_ms)}
