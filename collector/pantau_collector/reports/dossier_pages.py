"""The dossier of one outage as a document for people: what a claim needs, bounded and in order."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from pantau_collector.paper.blocks import (
    Block,
    Chart,
    Column,
    Document,
    Facts,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Pictures,
    Table,
)
from pantau_collector.reports.charts import minutes_by_bucket
from pantau_collector.reports.dossier import WELL, Dossier, DossierCamera, share
from pantau_collector.reports.dossier_map import outage_map
from pantau_collector.reports.number_text import NOTHING, NumberText
from pantau_collector.reports.outage_views import PictureChoice, PictureSource
from pantau_contract.words import Words

MAX_CAMERAS, MAX_STEPS, MAX_NOTICES, MAX_PROOFS, MAX_PICTURES = 200, 200, 200, 100, 10
"""Rows of each table, and cameras in pictures, at most."""


def dossier_pages(dossier: Dossier, words: Words, zone: ZoneInfo, pictures: PictureSource) -> Document:
    """Return the document: the same for HTML and PDF."""
    text = NumberText(words, zone)
    number = dossier.incident.id
    title = words("dossier.title", number=number)
    return Document(
        title=title,
        subtitle=f"{dossier.place} · {text.second(dossier.from_ms)} – {_end(dossier, words, text)}",
        language=words.language,
        footer=words("report.page.footer", title=title, scope=dossier.place),
        page_of=words("report.page.number", page="{page}", pages="{pages}"),
        blocks=tuple(_blocks(dossier, words, text, pictures)),
    )


def _blocks(dossier: Dossier, words: Words, text: NumberText, pictures: PictureSource) -> Iterator[Block]:
    yield from _first_page(dossier, words, text)
    yield Heading(words("dossier.timeline"), 1)
    yield from _timeline(dossier, words, text)
    yield Heading(words("dossier.cameras"), 1)
    yield from _cameras(dossier, words, text)
    yield Heading(words("dossier.evidence"), 1)
    yield from _evidence(dossier, words, text)
    yield Heading(words("dossier.decisions"), 1)
    yield from _decisions(dossier, words, text)
    yield Heading(words("dossier.notices"), 1)
    yield from _notices(dossier, words, text)
    yield Heading(words("dossier.pictures"), 1)
    yield from _pictures(dossier, words, text, pictures)


def _first_page(dossier: Dossier, words: Words, text: NumberText) -> Iterator[Block]:
    incident, ms = dossier.incident, dossier.ms
    lost = {bucket: its for bucket, its in ms.items() if bucket not in WELL}
    most = max(lost, key=lambda bucket: (lost[bucket], bucket), default=None)
    yield KeyFigures(
        (
            KeyFigure(
                words("dossier.lasted"),
                text.length(dossier.to_ms - dossier.from_ms),
                words("dossier.open") if dossier.is_open else "",
                "doubt" if dossier.is_open else "plain",
            ),
            KeyFigure(words("report.page.cameras"), text.number(len(dossier.cameras))),
            KeyFigure(words("report.page.lost"), text.minutes(sum(lost.values())), words("dossier.lost_what")),
            KeyFigure(
                words("dossier.whose"),
                words(f"ledger.bucket.{most}") if most else NOTHING,
                text.percent(share(lost[most], sum(lost.values())), 1) if most else words("dossier.none_lost"),
            ),
        )
    )
    taken = incident.acknowledged
    facts = [
        ("dossier.what", words.meaning(incident.cause)),
        ("dossier.where", dossier.place),
        ("dossier.began", text.second(dossier.from_ms)),
        ("dossier.noticed", text.second(incident.opened_ms)),
        ("dossier.ended", _end(dossier, words, text)),
        (
            "dossier.taken",
            f"{taken.by}, {text.second(taken.at_ms)}" if taken else words("report.page.nobody_took"),
        ),
        ("dossier.remedy", words.remedy(incident.cause)),
        ("dossier.owners", _names(each.owner for each in dossier.cameras)),
        ("dossier.maintainers", _names(each.maintainer for each in dossier.cameras)),
        ("dossier.decided", _decided_in_short(dossier, words)),
    ]
    yield Facts(tuple((words(label), value) for label, value in facts))
    yield from _map(dossier, words, text)


def _map(dossier: Dossier, words: Words, text: NumberText) -> Iterator[Block]:
    down = [each.place for each in dossier.cameras if each.place is not None]
    without = len(dossier.cameras) - len(down)
    if not down:
        yield Paragraph(words("dossier.no_map"))
        return
    yield Chart(outage_map(down, dossier.around, words, text, without=without))
    yield Paragraph(
        words("dossier.map_what", count=text.number(len(down)), without=text.number(without)), note=True
    )


def _timeline(dossier: Dossier, words: Words, text: NumberText) -> Iterator[Block]:
    steps = [(dossier.from_ms, 0, words("dossier.step.began"))]
    for step in dossier.timeline:
        if step.kind == "acknowledged" and dossier.requests:
            continue  # the request says who
        said = words(f"incidents.step.{step.kind}", cause=words.meaning(step.cause), count=len(step.cameras))
        steps.append((step.time_ms, 1, said))
    for request in dossier.requests:
        key = "dossier.step.withdrawn" if request.withdrawn else "dossier.step.acknowledged"
        steps.append((request.created_ms, 2, words(key, by=request.by)))
    for sending in dossier.sendings:
        if sending.status == "sent" and sending.finished_ms is not None:
            said = words("dossier.step.told", recipient=sending.recipient, channel=sending.channel)
            steps.append((sending.finished_ms, 3, said))
    for decision in dossier.decisions:
        to = words(f"ledger.bucket.{decision.to}" if decision.to else "report.value.evidence_again")
        steps.append(
            (decision.created_ms, 4, words("dossier.step.decided", number=decision.id, by=decision.by, to=to))
        )
    steps.sort()
    columns = (Column(words("dossier.time"), 1.3), Column(words("dossier.happened"), 4))
    shown = steps if len(steps) <= MAX_STEPS else [*steps[: MAX_STEPS // 2], *steps[-MAX_STEPS // 2 :]]
    rows = tuple((text.second(time_ms), said) for time_ms, _, said in shown)
    yield Table(words("dossier.timeline"), columns, rows)
    yield from _cut(len(steps), MAX_STEPS, words, text, "dossier.cut_middle")


def _cameras(dossier: Dossier, words: Words, text: NumberText) -> Iterator[Block]:
    columns = (
        Column(words("report.column.camera"), 3),
        Column(words("report.column.owner"), 1.8),
        Column(words("report.column.maintainer"), 1.8),
        Column(words("report.column.from"), 1.7),
        Column(words("report.column.to"), 1.7),
        Column(words("report.page.lost"), 1.3, number=True),
        Column(words("report.column.bucket"), 1.8),
    )
    longest = sorted(dossier.cameras, key=lambda each: (-each.lost_ms, each.site, each.camera))
    rows = tuple(_camera(each, dossier, words, text) for each in longest[:MAX_CAMERAS])
    yield Table(words("dossier.cameras_caption"), columns, rows)
    yield from _cut(len(longest), MAX_CAMERAS, words, text)


def _camera(each: DossierCamera, dossier: Dossier, words: Words, text: NumberText) -> tuple[str, ...]:
    lost = {bucket: ms for bucket, ms in each.ms.items() if bucket not in WELL}
    goes_on = dossier.is_open and each.to_ms == dossier.to_ms
    return (
        each.name,
        each.owner or NOTHING,
        each.maintainer or NOTHING,
        text.time(each.from_ms),
        words("report.page.goes_on") if goes_on else text.time(each.to_ms),
        text.minutes(each.lost_ms),
        ", ".join(words(f"ledger.bucket.{bucket}") for bucket in sorted(lost, key=lambda its: -lost[its]))
        or NOTHING,
    )


def _evidence(dossier: Dossier, words: Words, text: NumberText) -> Iterator[Block]:
    if not dossier.proofs:
        yield Paragraph(words("dossier.none_lost"))
        return
    yield Chart(minutes_by_bucket(dossier.ms, words, text))
    columns = (
        Column(words("report.column.bucket"), 1.8),
        Column(words("report.column.evidence"), 4),
        Column(words("report.page.cameras"), 1.2, number=True),
        Column(words("report.column.minutes"), 1.3, number=True),
        Column(words("report.column.from"), 1.8),
        Column(words("report.column.to"), 1.8),
    )
    rows = tuple(
        (
            words(f"ledger.bucket.{each.bucket}"),
            (f"{words.meaning(each.cause)}; " if each.cause else "")
            + words(f"ledger.evidence.{each.evidence}", device=each.device),
            text.number(each.cameras),
            text.minutes(each.ms),
            text.time(each.from_ms),
            text.time(each.to_ms),
        )
        for each in dossier.proofs[:MAX_PROOFS]
    )
    yield Table(words("dossier.evidence_caption"), columns, rows)
    yield from _cut(len(dossier.proofs), MAX_PROOFS, words, text)
    if dossier.well_at_site_ms:
        yield Paragraph(words("report.page.well_unseen", count=text.number(dossier.well_at_site_ms // 60_000)))
    yield Paragraph(words("dossier.evidence_what"), note=True)


def _decisions(dossier: Dossier, words: Words, text: NumberText) -> Iterator[Block]:
    if not dossier.decisions:
        yield Paragraph(words("dossier.no_decisions"))
    for each in dossier.decisions:
        to = words(f"ledger.bucket.{each.to}" if each.to else "report.value.evidence_again")
        before = ", ".join(
            f"{words(f'ledger.bucket.{bucket}')} {text.minutes(ms)}" for bucket, ms in each.before_ms.items()
        )
        facts = (
            (words("report.column.decision"), to),
            (words("report.page.party"), each.party or NOTHING),
            (words("report.column.reason"), each.reason),
            (words("report.column.by"), f"{each.by}, {text.second(each.created_ms)}"),
            (words("report.column.from"), text.second(each.from_ms)),
            (words("report.column.to"), text.second(each.to_ms) if each.to_ms else words("dossier.open")),
            (words("report.page.cameras"), text.number(len(each.cameras))),
            (words("report.column.before"), before or NOTHING),
        )
        yield Heading(words("dossier.decision", number=each.id), 3)
        yield Facts(facts)


def _notices(dossier: Dossier, words: Words, text: NumberText) -> Iterator[Block]:
    if not dossier.sendings and not dossier.held:
        yield Paragraph(words("incidents.nobody_told"))
        return
    columns = (
        Column(words("dossier.recipient"), 2),
        Column(words("dossier.channel"), 1.5),
        Column(words("dossier.of"), 2.2),
        Column(words("dossier.written"), 1.9),
        Column(words("dossier.result"), 2.6),
    )
    rows = [
        (
            each.recipient,
            each.channel,
            words(f"dossier.notice.{each.kind}"),
            text.second(each.created_ms),
            f"{words(f'dossier.status.{each.status}')}"
            + (f", {text.second(each.finished_ms)}" if each.finished_ms is not None else ""),
        )
        for each in dossier.sendings[:MAX_NOTICES]
    ]
    rows += [
        (name, NOTHING, words(f"dossier.notice.{kind}"), NOTHING, words("dossier.held", time=text.second(due_ms)))
        for name, kind, due_ms in dossier.held[: MAX_NOTICES - len(rows)]
    ]
    yield Table(words("dossier.notices_caption"), columns, tuple(rows))
    yield from _cut(len(dossier.sendings) + len(dossier.held), MAX_NOTICES, words, text)


def _pictures(dossier: Dossier, words: Words, text: NumberText, source: PictureSource) -> Iterator[Block]:
    choice = PictureChoice(source, words, text)
    shown = 0
    for each in dossier.cameras:
        if shown < MAX_PICTURES:
            pair = choice.pair(dossier.incident.id, each.site, each.camera, dossier.from_ms, dossier.to_ms)
            if pair is not None:
                shown += 1
                yield Pictures(each.name, pair)
    if not shown:
        yield Paragraph(words("dossier.no_pictures"))


def _decided_in_short(dossier: Dossier, words: Words) -> str:
    if not dossier.decisions:
        return words("dossier.no_decisions")
    last = dossier.decisions[-1]
    to = words(f"ledger.bucket.{last.to}" if last.to else "report.value.evidence_again")
    return " · ".join(filter(None, (to, last.party, last.reason)))


def _names(names: Iterator[str]) -> str:
    known = sorted({name for name in names if name})
    return ", ".join(known) or NOTHING


def _end(dossier: Dossier, words: Words, text: NumberText) -> str:
    return (
        words("dossier.open_at", time=text.second(dossier.to_ms))
        if dossier.is_open
        else text.second(dossier.to_ms)
    )


def _cut(count: int, most: int, words: Words, text: NumberText, key: str = "dossier.cut") -> Iterator[Block]:
    if count > most:
        yield Paragraph(words(key, shown=text.number(most), count=text.number(count)))
