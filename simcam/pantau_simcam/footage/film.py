"""Turns a take into footage: draws the pictures, compresses them and cuts them into RTP payloads."""

from collections.abc import Iterator
from itertools import chain
from threading import Event

import cv2
from cv2.typing import MatLike

from pantau_simcam.footage.encoder import encode
from pantau_simcam.footage.footage import Footage, Picture
from pantau_simcam.footage.jpeg import compress, payloads_jpeg
from pantau_simcam.footage.payloads import nal_units, parameter_sets, payloads_h264, payloads_h265
from pantau_simcam.footage.pictures import pictures
from pantau_simcam.footage.take import Codec, Take

JPEG_QUALITY = 60

cv2.setNumThreads(1)  # on pictures of this size, its threads cost more than they gain


class CancelledFilmError(Exception):
    """The filming was cancelled."""


def film(take: Take, cancelled: Event | None = None) -> Footage:
    """Return the undamaged footage of a take; this takes about a second of CPU time.

    Raises:
        CancelledFilmError: `cancelled` was set meanwhile.
    """
    drawn = _until(cancelled, pictures(take))
    if take.codec is Codec.MJPEG:
        jpegs = (payloads_jpeg(compress(picture, JPEG_QUALITY)) for picture in drawn)
        return Footage(take, tuple(Picture.of(payloads, keyframe=True) for payloads in jpegs))
    payloads = payloads_h264 if take.codec is Codec.H264 else payloads_h265
    # An encoder's first keyframe is smaller than the following ones, which would show in every round of the loop.
    lead_in = take.gop if take.gop <= take.pictures else 0
    before = _until(cancelled, pictures(take, take.pictures - lead_in))
    encoded = encode(take, chain(before, drawn), lead_in=lead_in)
    units = [(nal_units(access_unit), keyframe) for access_unit, keyframe in encoded]
    sets = parameter_sets(take.codec, units[0][0])
    return Footage(take, tuple(Picture.of(payloads(unit), keyframe=keyframe) for unit, keyframe in units), sets)


def _until(cancelled: Event | None, drawn: Iterator[MatLike]) -> Iterator[MatLike]:
    for picture in drawn:
        if cancelled is not None and cancelled.is_set():
            raise CancelledFilmError
        yield picture
