"""Draws the pictures of a take: the street, its faults and the caption."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from cv2.typing import MatLike

from pantau_simcam.footage.caption import caption
from pantau_simcam.footage.street.street import Street
from pantau_simcam.footage.take import LOOP_S, Look, Take

KNOCKED = 0.4
"""Radians by which a moved camera is turned."""


def pictures(take: Take, first: int = 0) -> Iterator[MatLike]:
    """Yield the pictures of the take in order, starting with number `first`."""
    street = Street(take.scene, take.width, take.height, knocked=KNOCKED if take.look is Look.MOVED else 0)
    for number in range(first, take.pictures):
        at_s = number / take.fps if take.still_s is None else take.still_s
        if take.look is Look.NO_SIGNAL:
            yield _card(take.width, take.height)
            continue
        moment = round(at_s * take.fps)
        picture = _SEEN[take.look](street.draw(at_s % LOOP_S / LOOP_S, moment), moment)
        caption(picture, take.scene, at_s)
        yield picture


def _overexposed(picture: MatLike, _: int) -> MatLike:
    return cv2.convertScaleAbs(picture, alpha=3.5, beta=110)


def _black(picture: MatLike, _: int) -> MatLike:
    return cv2.convertScaleAbs(picture, alpha=0.03, beta=4)


def _defocused(picture: MatLike, moment: int) -> MatLike:
    return _grainy(cv2.GaussianBlur(picture, (0, 0), picture.shape[0] / 45), 2, moment)


def _covered(picture: MatLike, moment: int) -> MatLike:
    height, width = picture.shape[:2]
    cover = cv2.resize(cv2.resize(picture, (6, 4), interpolation=cv2.INTER_AREA), (width, height))
    return _grainy(cv2.convertScaleAbs(cover, alpha=0.25, beta=36), 5, moment)


def _colour_cast(picture: MatLike, _: int) -> MatLike:
    red: MatLike = np.clip(picture * np.array((0.55, 0.62, 1.25)) + (0, 0, 34), 0, 255).astype(np.uint8)
    return red


def _noisy(picture: MatLike, moment: int) -> MatLike:
    return _grainy(cv2.convertScaleAbs(picture, alpha=0.6), 34, moment)


def _as_it_is(picture: MatLike, _: int) -> MatLike:
    return picture


_SEEN: dict[Look, Callable[[MatLike, int], MatLike]] = {
    Look.STREET: _as_it_is,
    Look.MOVED: _as_it_is,
    Look.BLACK: _black,
    Look.OVEREXPOSED: _overexposed,
    Look.DEFOCUSED: _defocused,
    Look.COVERED: _covered,
    Look.COLOUR_CAST: _colour_cast,
    Look.NOISY: _noisy,
}


def _grainy(picture: MatLike, strength: float, moment: int) -> MatLike:
    noise = np.random.default_rng(moment).standard_normal(picture.shape, np.float32) * strength
    grainy: MatLike = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return grainy


def _card(width: int, height: int) -> MatLike:
    """Draw the card that a recorder shows in place of an unreachable camera."""
    card = np.full((height, width, 3), (150, 40, 20), np.uint8)
    scale = height / 360
    (wide, tall), _ = cv2.getTextSize("NO SIGNAL", cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
    origin = ((width - wide) // 2, (height + tall) // 2)
    cv2.putText(card, "NO SIGNAL", origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (235, 235, 235), 2, cv2.LINE_AA)
    return card
