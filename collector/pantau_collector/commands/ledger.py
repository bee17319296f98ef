"""`pantau-collector ledger`: shows where the time of a camera, or of a site's cameras, went."""

import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from pantau_collector.attribution import DecidedLedger
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
from pantau_collector.commands.output import TextTable, print_json, print_table
from pantau_collector.commands.time_options import ZoneOption, iso, lasted, local_zone, moment_ms, shown
from pantau_collector.ledger import Bucket, Interval, Totals
from pantau_collector.ledger.interval import total
from pantau_contract.words import Words
from pantau_service.language_option import LanguageOption, words_for


def ledger_command(
    camera: Annotated[
        str | None, typer.Argument(metavar="SITE/CAMERA", help="The camera whose intervals are shown.")
    ] = None,
    site: Annotated[str | None, typer.Option(metavar="SITE", help="Sum up each camera of a site.")] = None,
    from_: Annotated[
        str, typer.Option("--from", metavar="TIME", help="As 2026-11-01, '2026-11-01 06:00' or 7d.")
    ] = "7d",
    to: Annotated[str, typer.Option(metavar="TIME", help="Likewise; not included.")] = "now",
    config: ConfigPath = DEFAULT_CONFIG,
    timezone: ZoneOption = None,
    language: LanguageOption = None,
    as_json: AsJson = False,
) -> None:
    """Show where the time of a camera went: each interval, whose it is, and on what evidence; or a site's sums.

    What is not known yet may still arrive, and is then shown here. What people decided (`attribute`) is applied.

    Exit status: 0; 1 the state cannot be read, or there is no such camera; 2 a wrong option.
    """
    words, now_ms = words_for(language), time.time_ns() // 1_000_000
    settings = open_config(config)
    zone = local_zone(settings, timezone)
    from_ms = moment_ms("--from", from_, zone, now_ms, past=True)
    to_ms = min(moment_ms("--to", to, zone, now_ms, past=True), now_ms)
    if from_ms >= to_ms:
        fail(f"--from: expected a time before {shown(to_ms, zone)}, got {shown(from_ms, zone)}")
    if (camera is None) == (site is None):
        fail("expected a camera as SITE/CAMERA, or --site, and not both")
    of_site, _, name = (camera or f"{site}/").partition("/")
    if camera is not None and not name:
        fail(f"expected a camera as SITE/CAMERA, got {camera!r}")
    inventory = open_inventory(settings)
    with open_store(settings) as store:
        found = DecidedLedger(store, inventory).site_intervals(of_site, from_ms, to_ms)
    if name:
        found = {name: found[name]} if name in found else {}
    if not found:
        fail(f"{camera or site}: no agent has ever reported it", exit_code=EXIT_NOT_DONE)
    if as_json:
        print_json({each: as_builtins(its) for each, its in found.items()} if site else as_builtins(found[name]))
    elif site:
        print_table(_sums_table({each: total(its) for each, its in found.items()}, words))
    else:
        print_table(_intervals_table(found[name], words, zone))
        print_table(_sums_table({name: total(found[name])}, words))


def as_builtins(intervals: list[Interval]) -> dict[str, Any]:
    """Return the intervals of a camera and their sums for programs, with ISO 8601 times added."""
    sums = total(intervals)
    return {
        "intervals": [
            msgspec.to_builtins(each) | {"from": iso(each.from_ms), "to": iso(each.to_ms)} for each in intervals
        ],
        "ms": {str(bucket): ms for bucket, ms in sums.by_bucket.items()},
        "ms_unplanned": {str(bucket): ms for bucket, ms in sums.unplanned.items()},
        "ms_at_site": {str(bucket): ms for bucket, ms in sums.at_site.items()},
        "measured_ms": sums.measured_ms,
        "measured_share": sums.measured_share,
    }


def _intervals_table(intervals: list[Interval], words: Words, zone: ZoneInfo) -> TextTable:
    table = TextTable()
    for column in ("from", "to", "lasted", "bucket", "at_site", "state", "evidence"):
        table.add_column(words(f"ledger.column.{column}"), justify="right" if column == "lasted" else "left")
    for each in intervals:
        table.add_row(
            shown(each.from_ms, zone),
            shown(each.to_ms, zone),
            lasted(each.ms),
            words(f"ledger.bucket.{each.bucket}"),
            words(f"ledger.bucket.{each.at_site}") if each.at_site is not each.bucket else "",
            words.meaning(each.cause) if each.cause else words.state(each.state),
            _why(each, words),
            style="dim" if each.bucket is Bucket.WORKING else None,
        )
    return table


def _why(interval: Interval, words: Words) -> str:
    """Return the evidence, or after a decision its number and whose the time is by the evidence."""
    evidence = words(f"ledger.evidence.{interval.evidence}", device=interval.device)
    if interval.decision is None:
        return evidence
    bucket = words(f"ledger.bucket.{interval.evidenced}")
    return words("ledger.decided", number=interval.decision, bucket=bucket, evidence=evidence)


def _sums_table(sums: dict[str, Totals], words: Words) -> TextTable:
    """Return a table with a row for each camera, and a column for each bucket that any of them has."""
    table = TextTable()
    buckets = [bucket for bucket in Bucket if any(each.by_bucket[bucket] for each in sums.values())]
    table.add_column("")
    for bucket in buckets:
        table.add_column(words(f"ledger.bucket.{bucket}"), justify="right")
    table.add_column(words("ledger.column.measured"), justify="right")
    for camera, each in sums.items():
        share = each.measured_share
        measured = f"{share:.2%}" if share is not None else "-"
        table.add_row(camera, *(lasted(each.by_bucket[bucket]) for bucket in buckets), measured)
    return table
