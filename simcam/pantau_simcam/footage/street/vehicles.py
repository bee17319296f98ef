"""The kinds of vehicles: solids of flat faces with their near end at z = 0 and their middle at x = 0."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pantau_simcam.footage.street.brush import Colour, shaded
from pantau_simcam.footage.street.solids import Face, box, patch

GLASS = (62, 54, 46)
TYRE = (34, 34, 36)
PAINTS: tuple[Colour, ...] = (
    (226, 228, 230),
    (226, 228, 230),
    (168, 166, 164),
    (70, 64, 60),
    (44, 40, 152),
    (150, 84, 34),
    (60, 120, 170),
    (92, 110, 60),
)


@dataclass(frozen=True)
class Make:
    """Faces in painting order, and the outer dimensions in metres."""

    faces: list[Face]
    length: float
    width: float
    height: float


def _lamps(half: float, y: float, *, away: bool) -> list[Face]:
    colour = (52, 44, 214) if away else (222, 244, 250)
    size = 0.32
    low, high = y, y + 0.17
    return [
        patch((-half + 0.06, -half + 0.06 + size), (low, high), -0.01, colour, glows=True),
        patch((half - 0.06 - size, half - 0.06), (low, high), -0.01, colour, glows=True),
    ]


def _car(paint: Colour, away: bool, *, tall: float = 0.0) -> Make:
    half, length, belt, roof = 0.86, 4.2, 0.92 + tall / 2, 1.48 + tall
    bonnet, boot = (1.15, 0.45 - tall * 0.6) if not away else (0.45 - tall * 0.6, 1.15)
    faces = [
        *box((-half * 0.96, half * 0.96), (0.0, 0.32), (0.15, length - 0.15), TYRE),
        *box((-half, half), (0.28, belt), (0, length), paint),
        *box(
            (-half * 0.95, half * 0.95),
            (belt, roof),
            (bonnet - 0.3, length - boot + 0.2),
            paint,
            top_z=(bonnet + 0.35, length - boot - 0.3),
            inset=0.12,
            glass=GLASS,
        ),
        patch((-0.26, 0.26), (0.42, 0.55), -0.01, (36, 34, 34)),
        *_lamps(half, 0.62, away=away),
    ]
    return Make(faces, length, half * 2, roof)


def _pickup(paint: Colour, away: bool) -> Make:
    half, length = 0.95, 5.4
    cab = (0.2, 1.9) if not away else (length - 1.9, length - 0.2)
    bed = (1.9, length) if not away else (0.0, length - 1.9)
    cargo = shaded((paint[1], paint[2], paint[0]), 0.75)
    parts = [
        box((-half, half), (0.0, 0.5), (0.1, length - 0.1), TYRE),
        box((-half, half), (0.45, 1.15), cab, paint),
        box((-half * 0.95, half * 0.95), (1.15, 1.95), cab, paint, inset=0.08, glass=GLASS),
        box((-half * 1.05, half * 1.05), (0.6, 2.3), bed, cargo),
    ]
    far_first = parts if away else [parts[0], parts[3], parts[1], parts[2]]
    return Make([*(face for part in far_first for face in part), *_lamps(half, 0.7, away=away)], length, 2.0, 2.3)


def _bus(paint: Colour, away: bool) -> Make:
    half, length = 1.2, 9.5
    body = (198, 150, 58) if sum(paint) > 450 else (210, 214, 216)
    faces = [
        *box((-half, half), (0.0, 0.4), (0.2, length - 0.2), TYRE),
        *box((-half, half), (0.35, 1.35), (0, length), body),
        *box((-half, half), (1.35, 2.35), (0, length), body, glass=GLASS),
        *box((-half, half), (2.35, 2.9), (0, length), body),
        patch((-half * 0.7, half * 0.7), (2.45, 2.75), -0.01, (40, 190, 240), glows=True),
        *_lamps(half, 0.6, away=away),
    ]
    return Make(faces, length, half * 2, 2.9)


def _motorbike(paint: Colour, away: bool) -> Make:
    shirt = (paint[2], paint[0], paint[1])
    faces = [
        *box((-0.07, 0.07), (0.0, 0.55), (0.0, 1.85), TYRE),
        *box((-0.17, 0.17), (0.45, 0.85), (0.25, 1.6), paint),
        *box((-0.25, 0.25), (0.75, 1.38), (0.6, 1.0), shirt, inset=0.05),
        *box(
            (-0.14, 0.14),
            (1.38, 1.68),
            (0.66, 0.96),
            (40, 40, 44) if sum(paint) > 400 else (60, 60, 190),
            inset=0.04,
        ),
        patch((-0.08, 0.08), (0.72, 0.86), 0.2, (52, 44, 214) if away else (222, 244, 250), glows=True),
    ]
    return Make(faces, 1.9, 0.6, 1.68)


MAKES: tuple[tuple[Callable[..., Make], float], ...] = (
    (_car, 0.25),
    (partial(_car, tall=0.28), 0.22),
    (_pickup, 0.07),
    (_bus, 0.06),
    (_motorbike, 0.4),
)
"""For each kind the function that builds it from its paint and direction, and its share of the traffic."""
