"""`pantau-collector recipients`: lists who is notified of what, and sends a test notice."""

import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    AsJson,
    ConfigPath,
    fail,
    open_config,
    open_inventory,
)
from pantau_collector.commands.output import print_json, say
from pantau_collector.delivery.dispatch import channels
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.recipients import Filter, People, Recipient
from pantau_collector.notices.time_format import date_and_time
from pantau_collector.notices.transport import ChannelTransport
from pantau_collector.notices.unknown_filters import find_unknown_filters
from pantau_contract.words import words
from pantau_service.settings import did_you_mean

recipients_app = typer.Typer(
    name="recipients", help="Who is told of what, and whether it reaches them.", no_args_is_help=True
)


@recipients_app.command(
    "list", epilog="Example: pantau-collector recipients list --config /etc/pantau/collector.toml"
)
def list_command(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List who is notified of what, when, and by which channels; their addresses stay secret."""
    settings = open_config(config)
    unknown = find_unknown_filters(settings.recipient, open_inventory(settings))
    people = settings.people
    if as_json:
        print_json([_as_builtins(each, people) for each in people.recipient])
        return
    for each in people.recipient:
        about = _as_builtins(each, people)
        say(f"{each.id}  {each.name}", bold=True)
        between = ", then " if each.delivery == "in_order" else ", "
        say(f"  by {between.join(about['channels'])}")
        say(f"  {each.language}, {each.timezone}")
        for filter_ in about["told_of"]:
            say(f"  told of {_text(filter_)}")
        if about["escalation_levels"]:
            levels = ", ".join(f"level {level}" for level in about["escalation_levels"])
            say(f"  told of what nobody has taken: {levels}")
        if each.quiet_hours:
            say(f"  quiet {', '.join(each.quiet_hours)}")
    if not people.recipient:
        say("Nobody is told of anything: the configuration has no [[recipient]].")
    for line in unknown:
        say(line, colour="yellow", err=True)


@recipients_app.command("test", epilog="Example: pantau-collector recipients test noc")
def try_command(
    recipient: Annotated[str, typer.Argument(metavar="ID", help="The recipient's id.")],
    config: ConfigPath = DEFAULT_CONFIG,
    channel: Annotated[str | None, typer.Option(help="Only this one, as `recipients list` has it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send a real test notice on each channel of a recipient, now, and say what came of each.

    It goes past the outbox: quiet hours and limits do not count. Exit status: 0 every channel took it; 1 one did
    not; 2 there is no such recipient or channel.
    """
    settings = open_config(config)
    known = {each.id: each for each in settings.recipient}
    if recipient not in known:
        fail(f"there is no recipient `{recipient}`; {did_you_mean(recipient, known)}")
    to, urls = known[recipient], channels(known[recipient])
    if channel is not None and channel not in urls:
        fail(f"--channel: {recipient} has no `{channel}`; {did_you_mean(channel, urls)}")
    transport = ChannelTransport(_now_ms)
    message, key = _message(to), f"test-{to.id}-{_now_ms()}"
    results: dict[str, str | None] = {}
    for name in [channel] if channel is not None else urls:
        error = results[name] = _send(transport, urls[name], message, f"{key}-{name}")
        if not as_json:
            say(f"{name}: {error or 'taken'}", colour="red" if error else "green")
    if as_json:
        print_json({name: {"taken": error is None, "error": error} for name, error in results.items()})
    if any(results.values()):
        raise typer.Exit(EXIT_NOT_DONE)


def _send(transport: ChannelTransport, url: str, message: RenderedMessage, key: str) -> str | None:
    """Send a message, and return the channel's error, or None if it accepted the message."""
    try:
        transport.send(url, message, kind=NoticeKind.MAINTENANCE, key=key)
    except ChannelError as error:
        return str(error)
    return None


def _message(to: Recipient) -> RenderedMessage:
    phrases, zone = words(to.language), ZoneInfo(to.timezone)
    now = date_and_time(_now_ms(), zone, phrases)
    return RenderedMessage(
        phrases("recipients.test_subject"), phrases("recipients.test_text", name=to.name or to.id, time=now)
    )


def _as_builtins(each: Recipient, people: People) -> dict[str, Any]:
    levels = [
        number for number, level in enumerate(people.levels, start=1) if each.id in people.expand(level.recipients)
    ]
    told_of = [] if each.escalations_only else [_criteria(filter_) for filter_ in people.filters(each)]
    return {
        "id": each.id,
        "name": each.name,
        "language": each.language,
        "timezone": each.timezone,
        "channels": list(channels(each)),
        "delivery": each.delivery,
        "told_of": told_of,
        "groups": [group.id for group in people.group if each.id in group.members],
        "escalation_levels": levels,
        "quiet_hours": each.quiet_hours,
        "hourly_limit": each.hourly_limit,
    }


def _criteria(filter_: Filter) -> dict[str, list[str]]:
    """Return the criteria of a filter by key; empty if it matches everything."""
    return {key: sorted(map(str, value)) for key in Filter.model_fields if (value := getattr(filter_, key))}


def _text(criteria: dict[str, list[str]]) -> str:
    return "; ".join(f"{key}: {', '.join(values)}" for key, values in criteria.items()) or "everything"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
