import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from threading import Event

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike

from pantau_simcam.footage.damage import damaged
from pantau_simcam.footage.film import CancelledFilmError, film
from pantau_simcam.footage.footage import Footage, Picture
from pantau_simcam.footage.jpeg import compress, payloads_jpeg
from pantau_simcam.footage.payloads import MAX_PAYLOAD, nal_units, payloads_h264, payloads_h265
from pantau_simcam.footage.pictures import pictures
from pantau_simcam.footage.street.street import Street
from pantau_simcam.footage.take import Codec, Look, Take

SMALL = Take(width=320, height=180, fps=5, bitrate_kbps=200)


@cache
def picture(take: Take, number: int = 0) -> MatLike:
    return next(itertools.islice(pictures(take), number, None))


def test_the_loops_end_meets_its_start() -> None:
    street = Street(1, 320, 180)
    start, end, middle = (street.draw(phase, 0).astype(int) for phase in (0.0, 1.0, 0.5))
    assert (start != end).mean() < 1e-4
    assert abs(start - middle).mean() > 3


def test_no_two_pictures_are_alike_even_where_nothing_moves() -> None:
    sky = [p[40:60, 140:180] for p in itertools.islice(pictures(SMALL), 4)]
    assert all((one != other).mean() > 0.5 for one, other in itertools.combinations(sky, 2))


def test_the_clock_and_the_name_are_burned_in() -> None:
    one, other = picture(SMALL, 0), picture(SMALL, 5)
    clock = np.s_[4:16, :160]
    assert (one[clock] > 225).any()
    assert abs(one[clock].astype(int) - other[clock]).max() > 100, "a second later it shows another second"
    name = picture(SMALL)[166:178, 200:]
    assert (name > 225).mean() > 0.01


def test_scenes_look_different() -> None:
    scenes = [Street(number, 160, 96).draw(0, 0).astype(int) for number in range(5)]
    assert all(abs(one - other).mean() > 15 for one, other in itertools.combinations(scenes, 2))


def grey(seen: MatLike) -> MatLike:
    return cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY)


def sharpness(seen: MatLike) -> float:
    return float(cv2.Laplacian(grey(seen)[20:-20], cv2.CV_64F).var())


SHOWS: dict[Look, Callable[[MatLike, MatLike], object]] = {
    Look.BLACK: lambda seen, _: np.mean(grey(seen) < 26) > 0.97,
    Look.OVEREXPOSED: lambda seen, _: np.mean(grey(seen) > 240) > 0.6,
    Look.DEFOCUSED: lambda seen, usual: sharpness(seen) < sharpness(usual) / 10,
    Look.COVERED: lambda seen, usual: seen.std() < usual.std() / 3 and seen.mean() > 30,
    Look.MOVED: lambda seen, usual: cv2.absdiff(seen, usual).mean() > 25,
    Look.COLOUR_CAST: lambda seen, _: seen[..., 2].mean() > 1.5 * seen[..., 0].mean(),
    Look.NOISY: lambda seen, usual: sharpness(seen) > sharpness(usual) * 1.5,
    Look.NO_SIGNAL: lambda seen, _: np.mean(seen == np.median(seen, axis=(0, 1))) > 0.8,
}


@pytest.mark.parametrize("look", [look for look in Look if look is not Look.STREET])
def test_a_fault_of_the_picture_can_be_seen(look: Look) -> None:
    usual = picture(SMALL)
    assert not SHOWS[look](usual, usual)
    assert SHOWS[look](picture(replace(SMALL, look=look)), usual)


def test_a_still_take_is_one_picture_of_the_loop() -> None:
    still = list(pictures(replace(SMALL, still_s=4.0, length_s=1)))
    assert len(still) == 5
    moment = picture(SMALL, 20)
    assert all((one == moment).all() for one in still)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_keyframes_come_at_the_interval_and_carry_the_parameter_sets(codec: Codec) -> None:
    footage = film(replace(SMALL, codec=codec, length_s=4, gop_s=2))
    assert [i for i, p in enumerate(footage.pictures) if p.keyframe] == [0, 10]
    assert len(footage.pictures) == 20
    for keyframe in (footage.pictures[0], footage.pictures[10]):
        assert set(footage.parameter_sets) <= set(keyframe.payloads)
    assert 100 < footage.kbps < 400


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_the_loop_begins_as_it_goes_on(codec: Codec) -> None:
    scarce = replace(SMALL, codec=codec, fps=15, bitrate_kbps=100, length_s=6)
    first, *others = [p.size for p in film(scarce).pictures if p.keyframe]
    assert min(others) * 0.95 < first < max(others) * 1.05


def test_a_position_finds_the_keyframe_before_it_in_any_round_of_the_loop() -> None:
    keyframes = (True, False, False, True, False)
    footage = Footage(Take(fps=1), tuple(Picture.of([b"x"], keyframe=keyframe) for keyframe in keyframes))
    assert [footage.keyframe_before(s) for s in (0, 0.9, 2, 3, 4.9, 5, 7.2, 8, 1_000_004)] == [
        0,
        0,
        0,
        3,
        3,
        0,
        0,
        3,
        3,
    ]


def test_filming_can_be_cut_short() -> None:
    cut = Event()
    cut.set()
    with pytest.raises(CancelledFilmError):
        film(SMALL, cut)


@pytest.mark.parametrize("size", [2, 1399, 1400, 1401, 2797, 2798, 10_000])
def test_units_of_h264_and_h265_are_fragmented_and_come_together_again(size: int) -> None:
    unit = bytes([0x65]) + bytes(i % 251 + 1 for i in range(size - 1))
    payloads = payloads_h264([unit])
    assert max(map(len, payloads)) <= MAX_PAYLOAD
    if len(payloads) == 1:
        assert payloads == [unit]
    else:
        assert [p[0] for p in payloads] == [0x60 | 28] * len(payloads)
        assert [p[1] for p in payloads] == [0x85, *[0x05] * (len(payloads) - 2), 0x45]
        assert bytes([payloads[0][0] & 0xE0 | 5]) + b"".join(p[2:] for p in payloads) == unit
    unit = bytes([19 << 1, 1]) + unit[2:]
    payloads = payloads_h265([unit])
    assert max(map(len, payloads)) <= MAX_PAYLOAD
    if len(payloads) > 1:
        assert [p[:2] for p in payloads] == [bytes([49 << 1, 1])] * len(payloads)
        assert [p[2] for p in payloads] == [0x80 | 19, *[19] * (len(payloads) - 2), 0x40 | 19]
        assert bytes([19 << 1, 1]) + b"".join(p[3:] for p in payloads) == unit


def test_nal_units_are_told_by_start_codes_of_three_and_of_four_bytes() -> None:
    assert nal_units(b"\x00\x00\x00\x01ab\x00\x00\x01cd\x00\x00\x00\x01ef") == [b"ab", b"cd", b"ef"]


def test_a_jpeg_is_cut_with_its_tables_first_and_offsets_after() -> None:
    jpeg = compress(picture(SMALL), 60)
    payloads = payloads_jpeg(jpeg)
    assert max(map(len, payloads)) <= MAX_PAYLOAD
    assert len(payloads) > 2
    first, *others = payloads
    assert first[:8] == bytes([0, 0, 0, 0, 1, 255, 320 // 8, 180 // 8])
    assert first[8:12] == bytes([0, 0, 0, 128])
    assert first[12:140] in jpeg.replace(b"\xff\xdb\x00\x43\x00", b"").replace(b"\xff\xdb\x00\x43\x01", b"")
    scan = first[140:]
    for other in others:
        assert int.from_bytes(other[1:4]) == len(scan)
        scan += other[8:]
    assert jpeg.endswith(scan + b"\xff\xd9")


def test_damage_hits_the_share_asked_for_and_no_header() -> None:
    payload = bytes(1000)
    footage = Footage(Take(), tuple(Picture.of([payload, b"\x67short"], keyframe=not i) for i in range(200)))
    whole, some = damaged(footage, 100), damaged(footage, 30)
    assert all(p.payloads[0] != payload for p in whole.pictures)
    assert 40 < sum(p.payloads[0] != payload for p in some.pictures) < 80
    assert some.pictures[0].payloads[0] != payload, "the first keyframe is hit in any case"
    for hit in whole.pictures:
        assert hit.payloads[0][:64] == payload[:64]
        assert [len(p) for p in hit.payloads] == [1000, 6]
        assert hit.payloads[1] == b"\x67short"
    assert damaged(footage, 30) == some, "always the same ones"
