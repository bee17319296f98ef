"""The longest outages in pictures: the last good one before, and the first one after."""

from collections.abc import Iterator
from typing import Protocol

from pantau_collector.outage_pictures import Moment, OutagePicture
from pantau_collector.paper.blocks import Block, Heading, Paragraph, Picture, Pictures
from pantau_collector.reports.document import OutageRow, Report
from pantau_collector.reports.first_page import name_of
from pantau_collector.reports.number_text import NumberText
from pantau_contract.words import Words

LONGEST = 10
"""Outages that are shown in pictures."""
MAX_BYTES = 12_000_000
"""Bytes of all pictures of a document at most, so that it can be mailed; it says which ones are left out."""


class PictureSource(Protocol):
    """Where the pictures of outages are; see `OutagePictures`."""

    def find(self, incident: int, moment: Moment, site: str, camera: str) -> OutagePicture | None:
        """Return a picture of an outage, or None."""


class _NoPictures:
    def find(self, _incident: int, _moment: Moment, _site: str, _camera: str) -> OutagePicture | None:
        return None


NO_PICTURES: PictureSource = _NoPictures()
"""A source without any."""


class PictureChoice:
    """Takes pictures out of a source until all of them together would be too large."""

    def __init__(self, source: PictureSource, words: Words, text: NumberText) -> None:
        self._source = source
        self._words = words
        self._text = text
        self._left = MAX_BYTES

    def pair(self, incident: int, site: str, camera: str, from_ms: int, to_ms: int) -> tuple[Picture, ...] | None:
        """Return the pictures before and after an outage from one moment to another, or None if there is neither.

        A picture before that was taken after the outage, or the other way round, is of another one.
        """
        before = self._source.find(incident, Moment.BEFORE, site, camera)
        after = self._source.find(incident, Moment.AFTER, site, camera)
        before = before if before is not None and before.taken_ms <= to_ms else None
        after = after if after is not None and after.taken_ms > from_ms else None
        if before is None and after is None:
            return None
        return self._picture(before, "before"), self._picture(after, "after")

    def _picture(self, found: OutagePicture | None, key: str) -> Picture:
        words = self._words
        if found is None:
            return Picture(words(f"report.page.no_{key}_caption"), None, words(f"report.page.no_{key}"))
        caption = words(f"report.page.{key}", time=self._text.second(found.taken_ms))
        if len(found.jpeg) > self._left:
            return Picture(caption, None, words("report.page.too_large"))
        self._left -= len(found.jpeg)
        return Picture(caption, found.jpeg)


def picture_pages(report: Report, words: Words, text: NumberText, source: PictureSource) -> Iterator[Block]:
    """Yield the pictures of the ten longest outages, one camera of each incident."""
    longest = _longest(report.outages)
    if not longest:
        return
    choice = PictureChoice(source, words, text)
    names = {(row.site, row.camera): name_of(row, words) for row in report.cameras}
    shown: list[Block] = []
    for cameras in longest:
        for each in cameras:
            pair = choice.pair(each.incident or 0, each.site, each.camera, each.from_ms, each.to_ms)
            if pair is not None:
                name = names.get((each.site, each.camera), f"{each.site} / {each.camera}")
                bucket = words(f"ledger.bucket.{each.bucket}")
                title = f"{name}: {text.time(each.from_ms)} – {text.time(each.to_ms)}, {bucket}"
                shown.append(Pictures(title, pair))
                break
    yield Heading(words("report.page.pictures"), 1)
    yield from shown or [Paragraph(words("report.page.pictures_none"))]


def _longest(outages: tuple[OutageRow, ...]) -> list[list[OutageRow]]:
    """Return the longest outages, each with the cameras of its incident, those that were down longest first."""
    by_incident: dict[int, list[OutageRow]] = {}
    for each in sorted(outages, key=lambda each: (-each.ms_in_period, each.from_ms, each.site, each.camera)):
        if each.incident is not None:
            by_incident.setdefault(each.incident, []).append(each)
    return list(by_incident.values())[:LONGEST]
