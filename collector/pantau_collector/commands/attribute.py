"""`pantau-collector attribute`: a person decides to whom an incident's lost time belongs, or lists decisions."""

import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pantau_collector.actions.closed_months import load_closed_months
from pantau_collector.attribution import (
    DecidedLedger,
    Decision,
    DecisionError,
    NothingToMoveError,
    Proposal,
    Wish,
    add_decision,
    load_decisions,
    propose,
)
from pantau_collector.commands.opening import (
    DEFAULT_CONFIG,
    EXIT_NOT_DONE,
    AsJson,
    ConfigPath,
    fail,
    open_config,
    open_inventory,
    open_store,
)
from pantau_collector.commands.output import TextTable, print_json, print_table, say
from pantau_collector.commands.time_options import ZoneOption, iso, lasted, local_zone, moment_ms, shown
from pantau_collector.ledger import Bucket
from pantau_collector.ledger.spans import FOREVER_MS
from pantau_contract.words import Words
from pantau_service.language_option import LanguageOption, words_for
from pantau_service.settings import did_you_mean

_EVIDENCE = "evidence"
"""What `--to` says to take time back to the evidence."""
_TARGETS = [*map(str, Bucket), _EVIDENCE]
_CAMERAS_SHOWN = 5


def attribute_command(
    what: Annotated[
        str, typer.Argument(metavar="INCIDENT|list", help="The incident's number; or `list`: what was decided.")
    ],
    to: Annotated[
        str | None, typer.Option(metavar="BUCKET", help="As third_party; `evidence` takes time back to it.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why. It is in the report.")] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who decides.")] = "",
    party: Annotated[str, typer.Option(metavar="NAME", help="Whose fault it was, as 'PT X'.")] = "",
    camera: Annotated[
        list[str] | None, typer.Option(metavar="SITE/CAMERA", help="Only this one of the incident's; repeat it.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="As '2026-11-30 22:00'; or since it began.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Or until it ended.")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """Decide to whom the lost time of an incident belongs. It shows whose it is by now, and asks first.

    Only lost time moves: when a camera worked, or was out of service, it stays so. Nothing that was decided is
    ever changed or deleted; a later decision about the same time counts instead. `--to evidence` takes time back.

    `attribute list` lists what was decided; with --from and --until, about that time.

    Exit status: 0 it is decided; 1 nobody agreed, there is no such incident, or none of its time was lost; 2 a
    wrong option.
    """
    words, now_ms = words_for(language), time.time_ns() // 1_000_000
    settings = open_config(config)
    zone = local_zone(settings, timezone)
    from_ms = None if from_ is None else moment_ms("--from", from_, zone, now_ms, past=True)
    until_ms = None if until is None else moment_ms("--until", until, zone, now_ms, past=True)
    if what == "list":
        with open_store(settings) as store, store.begin() as connection:
            made = load_decisions(connection)
        _list([each for each in made if _touches(each, from_ms, until_ms)], words, zone, as_json=as_json)
        return
    wish = Wish(
        incident=_incident(what),
        to=_target(to),
        reason=reason,
        by=by,
        party=party,
        cameras=None if camera is None else tuple(map(_camera, camera)),
        from_ms=from_ms,
        to_ms=until_ms,
    )
    inventory = open_inventory(settings)
    with open_store(settings) as store:
        with store.begin() as connection:
            closed = load_closed_months(connection)
        try:
            ledger = DecidedLedger(store, inventory)
            proposal = propose(store, ledger, wish, now_ms=now_ms, zone=zone, closed=closed)
        except NothingToMoveError as error:
            fail(str(error), exit_code=EXIT_NOT_DONE)
        except DecisionError as error:
            fail(str(error))
        if not as_json:
            _show(proposal, words, zone)
        if not yes and not typer.confirm(words("attribute.ask"), err=True):
            raise typer.Exit(EXIT_NOT_DONE)
        with store.begin() as connection:
            decision = add_decision(connection, proposal.decision)
    if as_json:
        print_json(as_builtins(decision) | {"closed": list(proposal.closed)})
    else:
        say(words("attribute.decided", number=decision.id))


def as_builtins(decision: Decision) -> dict[str, Any]:
    """Return a decision for programs, with ISO 8601 times added."""
    return {
        "id": decision.id,
        "incident": decision.incident,
        "cameras": ["/".join(each) for each in decision.cameras],
        "from_ms": decision.from_ms,
        "from": iso(decision.from_ms),
        "to_ms": decision.to_ms,
        "until": iso(decision.to_ms),
        "to": str(decision.to or _EVIDENCE),
        "party": decision.party,
        "reason": decision.reason,
        "by": decision.by,
        "created_ms": decision.created_ms,
        "created": iso(decision.created_ms),
        "before": {
            "/".join(camera): {str(bucket): ms for bucket, ms in its.items()}
            for camera, its in decision.before.items()
        },
    }


def _incident(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        fail(f"expected an incident's number, as `incidents --all` has it, or `list`; got {text!r}")
    return int(text)


def _target(text: str | None) -> Bucket | None:
    if text not in _TARGETS:
        fail(f"--to: {did_you_mean(text or '', _TARGETS)}")
    return None if text == _EVIDENCE else Bucket(text)


def _camera(text: str) -> tuple[str, str]:
    site, _, camera = text.partition("/")
    if not site or not camera:
        fail(f"--camera: expected SITE/CAMERA, got {text!r}")
    return site, camera


def _touches(decision: Decision, from_ms: int | None, until_ms: int | None) -> bool:
    ends_ms = FOREVER_MS if decision.to_ms is None else decision.to_ms
    return (from_ms is None or ends_ms > from_ms) and (until_ms is None or decision.from_ms < until_ms)


def _show(proposal: Proposal, words: Words, zone: ZoneInfo) -> None:
    decision = proposal.decision
    say(words("attribute.about", incident=decision.incident, period=_period(decision, words, zone)))
    table = TextTable()
    for column in ("before", "cameras", "lost"):
        table.add_column(words(f"attribute.column.{column}"), justify="left" if column == "before" else "right")
    for bucket, ms in decision.before_ms.items():
        count = sum(bucket in its for its in decision.before.values())
        table.add_row(words(f"ledger.bucket.{bucket}"), str(count), lasted(ms))
    print_table(table)
    say(words("attribute.becomes", bucket=_whose(decision, words)), bold=True)
    for month in proposal.closed:
        say(words("attribute.closed", month=month), colour="yellow")


def _list(made: list[Decision], words: Words, zone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        print_json([as_builtins(each) for each in made])
        return
    if made:
        print_table(decisions_table(made, words, zone))
    else:
        say(words("attribute.none"))


def decisions_table(made: list[Decision], words: Words, zone: ZoneInfo) -> TextTable:
    """Return a table with a row for each decision."""
    table = TextTable()
    for column in ("number", "decided", "by", "incident", "cameras", "period", "before", "to", "reason"):
        table.add_column(words(f"attribute.column.{column}"))
    for each in made:
        before = (f"{words(f'ledger.bucket.{bucket}')} {lasted(ms)}" for bucket, ms in each.before_ms.items())
        table.add_row(
            str(each.id),
            shown(each.created_ms, zone),
            each.by,
            str(each.incident),
            _cameras(each),
            _period(each, words, zone),
            "; ".join(before),
            _whose(each, words),
            each.reason,
        )
    return table


def _cameras(decision: Decision) -> str:
    names = ["/".join(each) for each in decision.cameras]
    more = f", +{len(names) - _CAMERAS_SHOWN}" if len(names) > _CAMERAS_SHOWN else ""
    return ", ".join(names[:_CAMERAS_SHOWN]) + more


def _period(decision: Decision, words: Words, zone: ZoneInfo) -> str:
    end = words("attribute.until_it_ends") if decision.to_ms is None else shown(decision.to_ms, zone)
    return f"{shown(decision.from_ms, zone)} - {end}"


def _whose(decision: Decision, words: Words) -> str:
    bucket = words("attribute.evidence") if decision.to is None else words(f"ledger.bucket.{decision.to}")
    return f"{bucket} ({decision.party})" if decision.party else bucket
