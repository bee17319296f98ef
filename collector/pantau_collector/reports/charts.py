"""Charts of a report as vector figures. All can be read without colours: by labels, hatching and numbers."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from pantau_collector.ledger import Bucket
from pantau_collector.paper.figure import GREY, INK, PALE, WHITE, Anchor, Circle, Figure, Line, Rect, Shape, Text
from pantau_collector.reports.number_text import NOTHING, NumberText
from pantau_contract.printable import CUT, printable_line
from pantau_contract.words import Words

WIDTH = 500.0
"""Points: as wide as a page of A4 between its margins."""
ONLINE, INTACT = "#0072b2", "#b34700"
_SCALES = (99, 98, 95, 90, 80, 50, 0)
"""Where the axis of percent may begin."""

COLOURS: dict[Bucket, tuple[str, bool]] = {
    Bucket.BELOW_STANDARD: ("#f0e442", False),
    Bucket.PICTURE: ("#e69f00", False),
    Bucket.CAMERA: ("#d55e00", False),
    Bucket.DEVICE: ("#d55e00", True),
    Bucket.LINK: ("#0072b2", False),
    Bucket.POWER: ("#1a1a1a", False),
    Bucket.WATCHER: ("#cc79a7", False),
    Bucket.MAINTENANCE: ("#56b4e9", False),
    Bucket.THIRD_PARTY: ("#56b4e9", True),
    Bucket.FORCE_MAJEURE: ("#009e73", True),
    Bucket.NOT_KNOWN: ("#d5d8dc", True),
}
"""Colour (of Okabe and Ito's palette for all kinds of colour vision) and hatching of each bucket of lost time."""

_SHADES = (
    (1000, "#ffffff"),
    (990, "#d6e4f0"),
    (950, "#9ecae1"),
    (800, "#5a9fd4"),
    (500, "#2b6ca3"),
    (0, "#0b2d4d"),
)
"""Shades of the heat map, each from so many permille on."""

_At = Callable[[int, Decimal], tuple[float, float]]
"""Returns where the value of a day stands."""


class DayRates(NamedTuple):
    """A day of the month and its two rates in percent; None without time by which to judge."""

    day: int
    online: Decimal | None
    intact: Decimal | None


class CameraDays(NamedTuple):
    """A camera's name and its online rate of each day in permille, -1 without any."""

    name: str
    days: Sequence[int]


def availability_by_day(
    days: Sequence[DayRates], target: Decimal | None, words: Words, text: NumberText
) -> Figure:
    """Return two lines, online and intact, day by day, with the target; days without data are hatched."""
    left, right, top, height = 44.0, WIDTH - 8, 20.0, 112.0
    values = [each for day in days for each in (day.online, day.intact) if each is not None]
    lowest = min([*values, *([target] if target is not None else [])], default=Decimal(100))
    bottom = next(scale for scale in _SCALES if scale <= lowest)
    step = (right - left) / max(1, len(days))

    def y(percent: Decimal) -> float:
        return top + height * float(100 - percent) / (100 - bottom)

    def at(i: int, percent: Decimal) -> tuple[float, float]:
        return left + step * (i + 0.5), y(percent)

    shapes: list[Shape] = []
    for i in range(5):
        percent = 100 - Decimal(100 - bottom) * i / 4
        shapes += [
            Line(((left, y(percent)), (right, y(percent))), PALE, 0.5),
            Text(left - 4, y(percent) + 2.5, text.percent(percent, 0 if bottom < 95 else 2), 7, "end"),
        ]
    for i, day in enumerate(days):
        x = left + step * i
        if day.online is None:
            shapes.append(Rect(x + 0.5, top, step - 1, height, "#f4f4f4", hatch=True))
        shapes.append(Text(x + step / 2, top + height + 10, str(day.day), 6.5, "middle"))
    if target is not None:
        shapes += [
            Line(((left, y(target)), (right, y(target))), INK, 1, (1.5, 2)),
            Line(((left + 290, 8), (left + 312, 8)), INK, 1, (1.5, 2)),
            Text(left + 316, 10.5, f"{words('report.chart.target')} {text.percent(target)}", 7.5),
        ]
    for values_of, colour, dash in (
        ([day.intact for day in days], INTACT, (4.0, 2.0)),
        ([day.online for day in days], ONLINE, None),
    ):
        shapes += _curve(values_of, colour, dash, at)
        shapes += _lowest(values_of, colour, at, text)
    shapes += [
        Line(((left, 8), (left + 22, 8)), ONLINE, 1.5),
        Circle(left + 11, 8, 2, ONLINE),
        Text(left + 26, 10.5, words("report.page.online"), 7.5),
        Line(((left + 90, 8), (left + 112, 8)), INTACT, 1.5, (4, 2)),
        Rect(left + 99, 6, 4, 4, INTACT),
        Text(left + 116, 10.5, words("report.page.intact"), 7.5),
        Rect(left + 180, 4, 10, 8, "#f4f4f4", hatch=True),
        Text(left + 194, 10.5, words("report.chart.no_data"), 7.5),
    ]
    described = "; ".join(f"{day.day}: {text.percent(day.online)}, {text.percent(day.intact)}" for day in days)
    return Figure(WIDTH, top + height + 16, words("report.chart.by_day"), described, tuple(shapes))


def _curve(
    values: Sequence[Decimal | None], colour: str, dash: tuple[float, float] | None, at: _At
) -> list[Shape]:
    """Return a line with a mark for each value, broken where there is none; round marks if it is not dashed."""
    shapes: list[Shape] = []
    run: list[tuple[float, float]] = []
    for i, value in enumerate([*values, None]):
        if value is not None:
            run.append(at(i, value))
            continue
        if len(run) > 1:
            shapes.append(Line(tuple(run), colour, 1.25, dash))
        shapes += [Rect(x - 1.75, y - 1.75, 3.5, 3.5, colour) if dash else Circle(x, y, 2, colour) for x, y in run]
        run = []
    return shapes


def _lowest(values: Sequence[Decimal | None], colour: str, at: _At, text: NumberText) -> list[Shape]:
    """Return the lowest value as a number beside its mark."""
    known = [(value, i) for i, value in enumerate(values) if value is not None]
    if not known or min(known)[0] == 100:
        return []
    value, i = min(known)
    x, y = at(i, value)
    anchor: Anchor = "end" if x > WIDTH / 2 else "start"
    label, beside = text.percent(value), -5.0 if anchor == "end" else 5.0
    width = len(label) * 4.2
    left = x + beside - (width if anchor == "end" else 0)
    return [
        Rect(left - 1, y - 4.5, width + 2, 9, WHITE),
        Text(x + beside, y + 2.5, label, 7, anchor, bold=True, colour=colour),
    ]


def minutes_by_bucket(ms: Mapping[Bucket, int], words: Words, text: NumberText) -> Figure:
    """Return a bar for each bucket of lost time, with its minutes and its share of the time in service."""
    lost = _lost(ms)
    service = sum(ms.values()) - ms.get(Bucket.OUT_OF_SERVICE, 0)
    left, right, row = 150.0, WIDTH - 120, 15.0
    most = max(lost.values(), default=1)
    shapes: list[Shape] = []
    described = []
    for i, (bucket, its) in enumerate(sorted(lost.items(), key=lambda each: -each[1])):
        colour, hatch = COLOURS[bucket]
        width = max(1.0, (right - left) * its / most)
        share = text.percent(Decimal(its) * 100 / service if service else None, 3)
        figures = f"{text.minutes(its)} ({share})"
        shapes += [
            Text(left - 6, i * row + 10, words(f"ledger.bucket.{bucket}"), 8, "end"),
            Rect(left, i * row + 2, width, row - 4, colour, GREY, hatch),
            Text(left + width + 5, i * row + 10, figures, 8),
        ]
        described.append(f"{words(f'ledger.bucket.{bucket}')}: {figures}")
    return Figure(
        WIDTH, max(1, len(lost)) * row + 2, words("report.chart.by_bucket"), "; ".join(described), tuple(shapes)
    )


def lost_by_day(days: Sequence[tuple[int, Mapping[Bucket, int]]], words: Words, text: NumberText) -> Figure:
    """Return a column of stacked lost time for each day, with its hours above, and a legend."""
    left, right, top, height = 44.0, WIDTH - 8, 16.0, 110.0
    step = (right - left) / max(1, len(days))
    lost = [(day, _lost(ms)) for day, ms in days]
    most = max((sum(ms.values()) for _, ms in lost), default=0) or 1
    shapes: list[Shape] = [Line(((left, top + height), (right, top + height)), GREY, 0.5)]
    for share in (1.0, 0.5):
        y = top + height * (1 - share)
        hours = text.number(Decimal(most) * Decimal(share) / 3_600_000, 1)
        shapes += [Line(((left, y), (right, y)), PALE, 0.5), Text(left - 4, y + 2.5, hours, 7, "end")]
    described = []
    for i, (day, ms) in enumerate(lost):
        x, y = left + step * i, top + height
        for bucket, (colour, hatch) in COLOURS.items():
            if bucket in ms:
                size = height * ms[bucket] / most
                y -= size
                shapes.append(Rect(x + step * 0.12, y, step * 0.76, size, colour, WHITE, hatch))
        total = sum(ms.values())
        if total:
            shapes.append(Text(x + step / 2, y - 2.5, _hours(total, text), 5.5, "middle"))
        shapes.append(Text(x + step / 2, top + height + 10, str(day), 6.5, "middle"))
        described.append(f"{day}: {text.number(Decimal(total) / 3_600_000, 1)}")
    shown = [bucket for bucket in COLOURS if any(bucket in ms for _, ms in lost)]
    for i, bucket in enumerate(shown):
        line, column = divmod(i, 4)
        x, y = left + column * 114, top + height + 20 + line * 12
        colour, hatch = COLOURS[bucket]
        shapes += [
            Rect(x, y, 9, 8, colour, GREY, hatch),
            Text(x + 13, y + 7, words(f"ledger.bucket.{bucket}"), 7.5),
        ]
    bottom = top + height + 20 + -(-len(shown) // 4) * 12
    return Figure(WIDTH, bottom, words("report.chart.lost_by_day"), "; ".join(described), tuple(shapes))


def heat_map(cameras: Sequence[CameraDays], days: Sequence[int], words: Words, text: NumberText) -> Figure:
    """Return a map of cameras by days: the darker the worse, with percent in each square below 100."""
    left, row = 130.0, 11.0
    cell = (WIDTH - left) / max(1, len(days))
    shapes: list[Shape] = [Text(left + cell * (i + 0.5), 8, str(day), 6.5, "middle") for i, day in enumerate(days)]
    for i, camera in enumerate(cameras):
        y = 12 + i * row
        shapes.append(Text(left - 5, y + 8, _short(camera.name, 30), 7, "end"))
        for j, permille in enumerate(camera.days):
            shapes += _square(left + cell * j, y, cell, row, permille)
    y = 12 + len(cameras) * row + 8
    bounds = ("100", "99–", "95–", "80–", "50–", "0–")
    for i, ((_, shade), bound) in enumerate(zip(_SHADES, bounds, strict=True)):
        x = left + i * 48
        shapes += [Rect(x, y, 10, 8, shade, GREY), Text(x + 13, y + 7, f"{bound} %", 7)]
    shapes += [
        Rect(left + 288, y, 10, 8, "#f4f4f4", GREY, hatch=True),
        Text(left + 301, y + 7, words("report.chart.no_data"), 7),
    ]
    described = "; ".join(
        f"{camera.name}: {text.percent(Decimal(min(known)) / 10, 1) if known else NOTHING}"
        for camera in cameras
        for known in [[each for each in camera.days if each >= 0]]
    )
    title = words("report.chart.heat_map")
    return Figure(WIDTH, y + 12, title, words("report.chart.lowest", days=described), tuple(shapes))


def _square(x: float, y: float, width: float, height: float, permille: int) -> list[Shape]:
    if permille < 0:
        return [Rect(x, y, width, height, "#f4f4f4", PALE, hatch=True)]
    shade = next(colour for bound, colour in _SHADES if permille >= bound)
    square = Rect(x, y, width, height, shade, PALE)
    if permille >= 1000:
        return [square]
    colour = WHITE if permille < 800 else INK
    return [square, Text(x + width / 2, y + height - 3, str(permille // 10), 6, "middle", colour=colour)]


def _lost(ms: Mapping[Bucket, int]) -> dict[Bucket, int]:
    return {bucket: ms[bucket] for bucket in COLOURS if ms.get(bucket)}


def _hours(ms: int, text: NumberText) -> str:
    hours = Decimal(ms) / 3_600_000
    return text.number(hours, 1 if hours < 10 else 0) if hours < 10_000 else f"{text.number(hours / 1000)}k"


def _short(name: str, limit: int) -> str:
    name = printable_line(name)
    return name if len(name) <= limit else name[: limit - 1] + CUT
