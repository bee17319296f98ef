"""The pages behind the first: where the time went, groups, cameras, outages, decisions, corrections.

A report for people is bounded. Where a table would be longer, its most important rows are shown, and it says how
many there are and that the CSV has all.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pantau_collector.ledger import Bucket
from pantau_collector.paper.blocks import Block, Chart, Column, Heading, Paragraph, Table
from pantau_collector.reports.charts import CameraDays, heat_map, lost_by_day, minutes_by_bucket
from pantau_collector.reports.document import (
    CameraRow,
    Correction,
    DecisionRow,
    GroupRow,
    Milliseconds,
    OutageRow,
    Repairs,
    Report,
    worst_first,
)
from pantau_collector.reports.first_page import lost_ms, mostly, name_of
from pantau_collector.reports.number_text import NOTHING, NumberText
from pantau_contract.words import Words

MAX_CAMERAS, MAX_OUTAGES, MAX_GROUPS, MAX_DECISIONS = 500, 300, 300, 100
"""Rows of each table at most."""
MAX_HEAT = 40
"""Cameras of the heat map at most."""
_MAX_TOLD = 2
"""People who are named as told of an outage; of more, the number."""


def time_page(report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    """Yield where the time went, by bucket and by day."""
    yield Heading(words("report.page.where"), 1)
    ms = report.total.ms
    if any(bucket not in (Bucket.WORKING, Bucket.OUT_OF_SERVICE) for bucket, its in ms.items() if its):
        yield Chart(minutes_by_bucket(ms, words, text))
        days = [(int(day.date[-2:]), day.figures.ms) for day in report.days]
        yield Chart(lost_by_day(days, words, text))
    yield _buckets_table(ms, words, text)
    if report.total.well_at_site_ms:
        count = text.number(report.total.well_at_site_ms // 60_000)
        yield Paragraph(words("report.page.well_unseen", count=count))
    yield _repairs_table(report.repairs, words, text)


def group_page(report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    """Yield the groups, the worst first, if the report has any."""
    if not report.groups:
        return
    key = words(f"report.key.{report.scope.by}") if report.scope.by else words("report.column.key")
    columns = (
        Column(key.capitalize(), 3.5),
        Column(words("report.column.cameras"), 1.1, number=True),
        *_figure_columns(words),
        Column(words("report.page.outages"), 1.5, number=True),
        Column(words("report.page.mttr"), 1.9),
    )
    groups = sorted(report.groups, key=worst_first)
    rows = tuple(
        (
            name_of(row, words),
            text.number(row.cameras),
            *_figure_cells(row, words, text),
            text.number(row.repairs.outages),
            text.length(row.repairs.mttr_ms),
        )
        for row in groups[:MAX_GROUPS]
    )
    yield Heading(key.capitalize(), 1)
    yield Table(key.capitalize(), columns, rows)
    yield from _cut(len(groups), MAX_GROUPS, words, text)


def camera_pages(report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    """Yield the heat map and the table of cameras, the worst first."""
    cameras = sorted(report.cameras, key=worst_first)
    if not cameras:
        return
    yield Heading(words("report.page.camera_rates"), 1)
    if report.days:
        shown = [CameraDays(name_of(row, words), row.days) for row in cameras[:MAX_HEAT]]
        yield Chart(heat_map(shown, [int(day.date[-2:]) for day in report.days], words, text))
        if len(cameras) > MAX_HEAT:
            count = text.number(len(cameras))
            yield Paragraph(words("report.page.heat_cut", shown=MAX_HEAT, all=count), note=True)
    columns = (
        Column(words("report.column.camera"), 4),
        Column(words("report.column.maintainer"), 1.8),
        *_figure_columns(words),
        Column(words("report.page.outages"), 1.5, number=True),
    )
    rows = tuple(
        (
            name_of(row, words),
            row.maintainer or NOTHING,
            *_figure_cells(row, words, text),
            text.number(row.repairs.outages),
        )
        for row in cameras[:MAX_CAMERAS]
    )
    yield Table(words("report.page.camera_rates_caption"), columns, rows)
    yield from _cut(len(cameras), MAX_CAMERAS, words, text)


def outage_page(report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    """Yield the outages: the longest if there are too many, in order of time."""
    if not report.outages:
        return
    names = {(row.site, row.camera): name_of(row, words) for row in report.cameras}
    longest = sorted(report.outages, key=lambda each: (-each.ms_in_period, each.from_ms, each.site, each.camera))
    shown = sorted(longest[:MAX_OUTAGES], key=lambda each: (each.from_ms, each.site, each.camera))
    columns = (
        Column(words("report.column.camera"), 2.6),
        Column(words("report.column.from"), 1.8),
        Column(words("report.column.to"), 1.8),
        Column(words("report.column.minutes"), 1.3, number=True),
        Column(words("report.column.bucket"), 1.5),
        Column(words("report.column.evidence"), 2.8),
        Column(words("report.page.told"), 2.4),
        Column(words("report.page.taken"), 1.9),
    )
    rows = tuple(_outage(each, names, words, text) for each in shown)
    yield Heading(words("report.page.outage_list"), 1)
    yield Table(words("report.page.outage_caption"), columns, rows)
    yield from _cut(len(report.outages), MAX_OUTAGES, words, text)


def decision_pages(report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    """Yield the decisions of people, and what has become known since the month was closed."""
    if report.decisions:
        yield Heading(words("report.page.decisions"), 1)
        yield _decisions_table(report.decisions[:MAX_DECISIONS], words, text)
        yield from _cut(len(report.decisions), MAX_DECISIONS, words, text)
        yield Paragraph(words("report.page.decisions_what"), note=True)
    if report.corrections:
        yield Heading(words("report.page.corrections"), 1)
        yield _corrections_table(report.corrections, words, text)
        yield Paragraph(words("report.page.corrections_what"), note=True)


def _outage(each: OutageRow, names: dict[tuple[str, str], str], words: Words, text: NumberText) -> tuple[str, ...]:
    begins = words("report.page.began_before", time=text.time(each.from_ms))
    lasted = text.minutes(each.ms_in_period)
    if each.lasted_ms != each.ms_in_period:
        lasted = f"{text.minutes(each.lasted_ms)} · {words('report.page.in_month')} {lasted}"
    bucket = words(f"ledger.bucket.{each.bucket}")
    if each.decisions:
        decided = ", ".join(words("report.page.decided", number=number) for number in each.decisions)
        bucket = f"{bucket} ({decided})"
    evidence = words(f"ledger.evidence.{each.evidence}", device=each.device)
    cause = f"{words.meaning(each.cause)}; " if each.cause else ""
    again = f"; {words('report.page.repeats')}" if each.repeat_of_ms is not None else ""
    told = [
        words("report.page.told_at", recipient=one.recipient, channel=one.channel, time=text.time(one.at_ms))
        for one in each.told[:_MAX_TOLD]
    ]
    if len(each.told) > _MAX_TOLD:
        told.append(words("report.page.more_told", number=len(each.told) - _MAX_TOLD))
    return (
        names.get((each.site, each.camera), f"{each.site} / {each.camera}"),
        begins if each.begins_before else text.time(each.from_ms),
        words("report.page.goes_on") if each.goes_on else text.time(each.to_ms),
        lasted,
        bucket,
        f"{cause}{evidence}{again}",
        ", ".join(told) or words("report.page.nobody_told"),
        f"{each.taken_by}, {text.time(each.taken_ms)}" if each.taken_by else words("report.page.nobody_took"),
    )


def _buckets_table(ms: Milliseconds, words: Words, text: NumberText) -> Table:
    service = sum(ms.values()) - ms.get(Bucket.OUT_OF_SERVICE, 0)
    columns = (
        Column(words("report.column.bucket"), 3),
        Column(words("report.column.minutes"), 2, number=True),
        Column(words("report.page.share"), 1, number=True),
    )

    def row(name: str, its: int, *, in_service: bool = True) -> tuple[str, str, str]:
        share = text.percent(Decimal(its) * 100 / service, 3) if service and in_service else NOTHING
        return name, text.minutes(its), share

    buckets = [bucket for bucket in Bucket if ms.get(bucket) and bucket is not Bucket.OUT_OF_SERVICE]
    rows = [row(words(f"ledger.bucket.{bucket}"), ms[bucket]) for bucket in buckets]
    rows.append(row(words("report.page.service_total"), service))
    if ms.get(Bucket.OUT_OF_SERVICE):
        name = words(f"ledger.bucket.{Bucket.OUT_OF_SERVICE}")
        rows.append(row(name, ms[Bucket.OUT_OF_SERVICE], in_service=False))
    return Table(words("report.page.where_caption"), columns, tuple(rows), frozenset({len(buckets)}))


def _repairs_table(repairs: Repairs, words: Words, text: NumberText) -> Table:
    columns = (
        Column(words("report.page.outages")),
        Column(words("report.column.repeats")),
        Column(words("report.page.mtta")),
        Column(words("report.page.mttr")),
    )
    row = (
        text.number(repairs.outages),
        text.number(repairs.repeats),
        f"{text.length(repairs.mtta_ms)} ({words('report.page.mtta_what', count=text.number(repairs.taken))})",
        f"{text.length(repairs.mttr_ms)} ({words('report.page.mttr_what', count=text.number(repairs.repaired))})",
    )
    return Table(words("report.page.outages"), columns, (row,))


def _decisions_table(decisions: Sequence[DecisionRow], words: Words, text: NumberText) -> Table:
    columns = (
        Column(words("report.column.id"), 0.7),
        Column(words("report.column.incident"), 1.2),
        Column(words("report.page.cameras"), 1.2, number=True),
        Column(words("report.column.from"), 1.6),
        Column(words("report.column.to"), 1.6),
        Column(words("report.column.before"), 2.2),
        Column(words("report.column.decision"), 1.7),
        Column(words("report.column.reason"), 3),
        Column(words("report.column.by"), 1.8),
    )
    rows = tuple(
        (
            str(each.id),
            str(each.incident) if each.incident is not None else NOTHING,
            text.number(len(each.cameras)),
            text.time(each.from_ms),
            text.time(each.to_ms),
            _difference(each.before, words, text),
            " · ".join(filter(None, (_decided(each, words), each.party))),
            each.reason,
            f"{each.by}, {text.time(each.created_ms)}",
        )
        for each in decisions
    )
    return Table(words("report.page.decisions_caption"), columns, rows)


def _decided(decision: DecisionRow, words: Words) -> str:
    return words(f"ledger.bucket.{decision.to}" if decision.to else "report.value.evidence_again")


def _corrections_table(corrections: Sequence[Correction], words: Words, text: NumberText) -> Table:
    columns = (
        Column(words("report.column.contract"), 2),
        Column(words("report.column.minutes"), 4),
        Column(words("report.column.deduction_then"), 2, number=True),
        Column(words("report.column.deduction_now"), 2, number=True),
        Column(words("report.page.difference"), 2, number=True),
    )
    rows = tuple(
        (
            (each.name or each.contract or words("report.page.city"))
            + (f" ({words('report.page.contract_changed')})" if each.contract_changed else ""),
            _difference(each.ms, words, text),
            text.rupiah(each.deduction_then),
            text.rupiah(each.deduction_now),
            text.rupiah(each.amount),
        )
        for each in corrections
    )
    return Table(words("report.page.corrections_caption"), columns, rows)


def _difference(ms: Milliseconds, words: Words, text: NumberText) -> str:
    parts = [f"{words(f'ledger.bucket.{bucket}')} {text.minutes(its)}" for bucket, its in ms.items() if its]
    return ", ".join(parts) or NOTHING


def _figure_columns(words: Words) -> tuple[Column, ...]:
    return (
        Column(words("report.page.online"), 1.2, number=True),
        Column(words("report.page.intact"), 1.2, number=True),
        Column(words("report.page.measured"), 1.3, number=True),
        Column(words("report.page.lost"), 1.5, number=True),
        Column(words("report.page.mostly"), 2.6),
    )


def _figure_cells(row: CameraRow | GroupRow, words: Words, text: NumberText) -> tuple[str, ...]:
    figures = row.figures
    return (
        text.percent(figures.online.percent()),
        text.percent(figures.intact.percent()),
        text.percent(figures.measured.percent()),
        text.minutes(lost_ms(figures)),
        mostly(figures, words, text),
    )


def _cut(count: int, most: int, words: Words, text: NumberText) -> Iterator[Block]:
    if count > most:
        yield Paragraph(words("report.page.cut", shown=text.number(most), count=text.number(count)))
