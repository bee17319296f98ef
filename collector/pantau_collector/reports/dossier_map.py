"""A map of an outage as a vector figure: its cameras on a grid of degrees, with a scale and north."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from pantau_collector.paper.figure import GREY, INK, PALE, WHITE, Circle, Figure, Line, Polygon, Rect, Shape, Text
from pantau_collector.reports.dossier import Place
from pantau_collector.reports.number_text import NumberText
from pantau_contract.printable import CUT, printable_line
from pantau_contract.words import Words

WIDTH, HEIGHT = 500.0, 300.0
MAX_NAMES = 25
"""Names on the map at most."""
DOWN, OTHER = "#d55e00", "#9aa5b1"
_METRES_PER_DEGREE = 111_320.0
"""Of latitude, on a sphere."""
_SMALLEST_M = 400.0
"""Metres that the map is wide and high at least."""
_SCALES = (1, 2, 5)


def outage_map(
    down: Sequence[Place], around: Sequence[Place], words: Words, text: NumberText, *, without: int
) -> Figure:
    """Return the map of the cameras that were down, among the others of their sites; `without` have no place.

    Cameras that would lie upon each other become one mark with their number.

    Raises:
        ValueError: there is no place to show.
    """
    frame = _Frame([*down, *around])
    shapes: list[Shape] = [Rect(0, 0, WIDTH, HEIGHT, "#f7f9fb", GREY)]
    shapes += frame.grid(words, text)
    for place in around:
        x, y = frame.at(place)
        shapes.append(Circle(x, y, 2.5, WHITE, OTHER))
    shapes += _marks(down, frame)
    shapes += frame.scale(words, text)
    shapes += _legend(bool(around), words)
    said = words("dossier.map_what", count=text.number(len(down)), without=text.number(without))
    return Figure(WIDTH, HEIGHT + 14, words("dossier.map"), said, tuple(shapes))


class _Frame:
    """The part of the earth that the map shows, flat: good for a city, and for a province."""

    def __init__(self, places: Sequence[Place]) -> None:
        if not places:
            raise ValueError("there is no place to show")
        latitudes, longitudes = [each.latitude for each in places], [each.longitude for each in places]
        self._latitude = (min(latitudes) + max(latitudes)) / 2
        self._longitude = (min(longitudes) + max(longitudes)) / 2
        self._narrower = max(0.01, math.cos(math.radians(self._latitude)))
        height_m = (max(latitudes) - min(latitudes)) * _METRES_PER_DEGREE
        width_m = (max(longitudes) - min(longitudes)) * _METRES_PER_DEGREE * self._narrower
        self.points_per_m = min(
            (HEIGHT - 70) / max(height_m, _SMALLEST_M), (WIDTH - 130) / max(width_m, _SMALLEST_M)
        )

    def at(self, place: Place) -> tuple[float, float]:
        """Return where a place lies on the map."""
        return self._x(place.longitude), self._y(place.latitude)

    def grid(self, words: Words, text: NumberText) -> list[Shape]:
        """Return lines of latitude and longitude at round degrees, with their numbers at the edge."""
        step = _round_up(90 / self.points_per_m / _METRES_PER_DEGREE)
        places = max(0, -math.floor(math.log10(step)))
        north, south, east, west = words("dossier.sides").split()
        shapes: list[Shape] = []
        for number in self._multiples(self._latitude, HEIGHT, 1.0, step):
            y = self._y(number)
            label = f"{text.number(abs(number), places)}° {south if number < 0 else north}"
            shapes += [Line(((0, y), (WIDTH, y)), PALE, 0.5), Text(4, y - 2, label, 6, colour=GREY)]
        for number in self._multiples(self._longitude, WIDTH, self._narrower, step):
            x = self._x(number)
            label = f"{text.number(abs(number), places)}° {west if number < 0 else east}"
            shapes += [Line(((x, 0), (x, HEIGHT)), PALE, 0.5), Text(x + 2, 9, label, 6, colour=GREY)]
        return shapes

    def scale(self, words: Words, text: NumberText) -> list[Shape]:
        """Return a bar of a round length, and an arrow to the north."""
        metres = _round_down(120 / self.points_per_m)
        length, y = metres * self.points_per_m, HEIGHT - 12
        label = f"{text.number(metres / 1000)} km" if metres >= 1000 else f"{text.number(metres)} m"
        return [
            Rect(8, y - 14, length + 16, 22, WHITE, PALE),
            Line(((16, y - 4), (16, y), (16 + length, y), (16 + length, y - 4)), INK, 1),
            Text(16 + length / 2, y - 4, label, 7, "middle"),
            Polygon(((WIDTH - 18, 14), (WIDTH - 24, 32), (WIDTH - 18, 28), (WIDTH - 12, 32)), INK),
            Text(WIDTH - 18, 42, words("dossier.north"), 8, "middle", bold=True),
        ]

    def _multiples(self, middle: float, points: float, narrower: float, step: float) -> list[float]:
        half = points / 2 / self.points_per_m / _METRES_PER_DEGREE / narrower
        first, last = math.ceil((middle - half) / step), math.floor((middle + half) / step)
        return [number * step for number in range(first, min(last, first + 40) + 1)]

    def _x(self, longitude: float) -> float:
        east_m = (longitude - self._longitude) * _METRES_PER_DEGREE * self._narrower
        return WIDTH / 2 + east_m * self.points_per_m

    def _y(self, latitude: float) -> float:
        return HEIGHT / 2 - (latitude - self._latitude) * _METRES_PER_DEGREE * self.points_per_m


def _marks(down: Sequence[Place], frame: _Frame) -> list[Shape]:
    """Return a mark for each camera, or for those that lie within a few points of each other, with their names.

    A name that would lie upon a mark or another name is left out.
    """
    cells: dict[tuple[int, int], list[Place]] = {}
    for place in down:
        x, y = frame.at(place)
        cells.setdefault((round(x / 9), round(y / 9)), []).append(place)
    shapes: list[Shape] = []
    taken: list[_Box] = []
    clusters = []
    for places in sorted(cells.values(), key=lambda its: (-len(its), its[0].name)):
        spots = [frame.at(place) for place in places]
        x, y = sum(spot[0] for spot in spots) / len(spots), sum(spot[1] for spot in spots) / len(spots)
        size = 4 if len(places) == 1 else 6.5
        shapes.append(Rect(x - size, y - size, 2 * size, 2 * size, DOWN, INK))
        if len(places) > 1:
            shapes.append(Text(x, y + 2.5, str(len(places)), 7 if len(places) < 100 else 5.5, "middle", bold=True))
        taken.append(_Box(x - size, y - size, x + size, y + size))
        clusters.append((places[0], x, y, size))
    names: list[Text] = []
    for place, x, y, size in clusters:
        name = _name(place, x, y, size)
        width = len(name.text) * 3.9
        left = name.x - width if name.anchor == "end" else name.x
        box = _Box(left, name.y - 6, left + width, name.y + 1.5)
        if len(names) < MAX_NAMES and not any(box.meets(other) for other in taken):
            names.append(name)
            taken.append(box)
    return [*shapes, *names]


class _Box(NamedTuple):
    """A part of the map that something stands on."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        """Return True if two boxes have any part in common."""
        beside = self.right < other.left or other.right < self.left
        return not (beside or self.bottom < other.top or other.bottom < self.top)


def _name(place: Place, x: float, y: float, size: float) -> Text:
    name = printable_line(place.name)
    name = name if len(name) <= 34 else f"{name[:33]}{CUT}"
    is_right = x > WIDTH * 0.62
    return Text(x - size - 3 if is_right else x + size + 3, y + 2.5, name, 7, "end" if is_right else "start")


def _legend(has_others: bool, words: Words) -> list[Shape]:
    y = HEIGHT + 10
    shapes: list[Shape] = [Rect(2, y - 6, 7, 7, DOWN, INK), Text(13, y, words("dossier.map_down"), 7.5)]
    if has_others:
        shapes += [Circle(205, y - 2.5, 2.5, WHITE, OTHER), Text(212, y, words("dossier.map_around"), 7.5)]
    return shapes


def _round_up(value: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((factor * power for factor in _SCALES if factor * power >= value), 10 * power)


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return max(factor * power for factor in _SCALES if factor * power <= value)
