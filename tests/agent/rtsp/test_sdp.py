import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_agent.rtsp import sdp
from pantau_agent.rtsp.sdp import MAX_TRACKS, SdpError, Track, parse, with_one_port

BASE = "rtsp://h:8554/cam"


def described(*lines: str) -> str:
    return "\r\n".join(["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=x", *lines])


def test_the_first_video_that_is_understood_is_taken_behind_audio_and_others() -> None:
    description = parse(
        described(
            "a=control:*",
            "m=audio 0 RTP/AVP 0",
            "a=control:track0",
            "m=video 0 RTP/AVP 98",
            "a=rtpmap:98 MP4V-ES/90000",
            "a=control:track1",
            "m=video 0 RTP/AVP 97 96",
            "a=rtpmap:97 VP8/90000",
            "a=rtpmap:96 H265/90000",
            "a=control:track2",
            "m=video 0 RTP/AVP 26",
        ).encode(),
        BASE,
    )
    track = description.video()
    assert track is not None
    assert (track.codec, track.payload_type, track.clock_rate) == ("h265", 96, 90000)
    assert track.control == f"{BASE}/track2"
    assert description.control == BASE
    assert description.encodings() == ["audio 0", "video MP4V-ES", "video H265", "video JPEG"]


def test_static_jpeg_needs_no_map() -> None:
    track = parse(described("m=video 0 RTP/AVP 26").encode(), BASE).video()
    assert track is not None
    assert (track.codec, track.payload_type, track.clock_rate, track.control) == ("mjpeg", 26, 90000, BASE)


@pytest.mark.parametrize(
    ("base", "control", "expected"),
    [
        ("rtsp://h/cam", "track1", "rtsp://h/cam/track1"),
        ("rtsp://h/cam/", "track1", "rtsp://h/cam/track1"),
        ("rtsp://h/cam", "/track1", "rtsp://h/cam/track1"),
        ("rtsp://h/cam?channel=1&subtype=0", "trackID=0", "rtsp://h/cam?channel=1&subtype=0/trackID=0"),
        ("rtsp://h/cam", "rtsp://other/track1", "rtsp://other/track1"),
        ("rtsp://h/cam", "*", "rtsp://h/cam"),
    ],
)
def test_control_urls(base: str, control: str, expected: str) -> None:
    track = parse(described("m=video 0 RTP/AVP 26", f"a=control:{control}").encode(), base).video()
    assert track is not None
    assert track.control == expected


def test_parameter_sets_are_found_and_damaged_ones_left_out() -> None:
    sps, pps = b"\x67\x42\x00", b"\x68\xce"
    sets = f"{base64.b64encode(sps).decode()},!!!,{base64.b64encode(pps).decode().rstrip('=')}"
    track = parse(
        described(
            "m=video 0 RTP/AVP 96",
            "a=rtpmap:96 h264/90000",
            f"a=fmtp:96 packetization-mode=1; Sprop-Parameter-Sets={sets};profile-level-id=42",
        ).encode(),
        BASE,
    ).video()
    assert track is not None
    assert track.parameter_sets == (sps, pps)


@pytest.mark.parametrize("body", [b"", b"<html>no such page</html>", b"\xff\xfe\x00"])
def test_what_is_no_sdp_is_told(body: bytes) -> None:
    with pytest.raises(SdpError):
        parse(body, BASE)


def test_ten_thousand_tracks_are_cut_at_the_limit() -> None:
    with pytest.raises(SdpError, match=str(MAX_TRACKS)):
        parse(described(*["m=video 0 RTP/AVP 96"] * 10_000).encode(), BASE)


def test_a_control_url_with_a_space_cannot_be_asked_for() -> None:
    with pytest.raises(SdpError):
        parse(described("m=video 0 RTP/AVP 26", "a=control:a b").encode(), BASE)


@settings(max_examples=300)
@given(st.binary(max_size=300), st.text("amv=: 0123456789rtpmapfmtpcontrolH264/;,*\n", max_size=300))
def test_any_body_is_read_or_refused(body: bytes, text: str) -> None:
    for candidate in (body, text.encode(), b"v=0\nm=video 0 RTP/AVP 96\n" + text.encode()):
        try:
            description = parse(candidate, BASE)
        except SdpError:
            continue
        track = description.video()
        if track is not None:
            assert track.clock_rate > 0
            assert isinstance(track.parameter_sets, tuple)


def video_of(*lines: str, base: str = "rtsp://host/cam") -> Track:
    track = parse("\r\n".join(["v=0", *lines]).encode(), base).video()
    assert track is not None
    return track


def test_slashes_on_both_sides_become_one() -> None:
    track = video_of("m=video 0 RTP/AVP 26", "a=control:/media/1/video", base="rtsp://host/")
    assert track.control == "rtsp://host/media/1/video"
    assert track.other_control == ""
    assert video_of("m=video 0 RTP/AVP 26", "a=control:/1").other_control == "rtsp://host/1"


def test_an_absolute_control_of_the_session_is_the_base() -> None:
    lines = ("a=control:rtsp://host/real/", "m=video 0 RTP/AVP 26", "a=control:track1")
    assert video_of(*lines).control == "rtsp://host/real/track1"


def test_a_second_port_is_left_out() -> None:
    track = video_of("m=video 0 RTP/AVP 26", "a=control:rtsp://host:554:554/cam/1")
    assert track.control == "rtsp://host:554/cam/1"
    assert with_one_port("rtsp://[fe80::1]:554:554/cam") == "rtsp://[fe80::1]:554/cam"
    assert with_one_port("rtsp://[fe80::1:2:3]/cam") == "rtsp://[fe80::1:2:3]/cam"
    assert with_one_port("rtsp://host:554/a:1:2") == "rtsp://host:554/a:1:2"


def test_attributes_of_the_video_below_another_medium_count() -> None:
    track = video_of(
        "m=video 0 RTP/AVP 96",
        "m=audio 0 RTP/AVP 0",
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 sprop-parameter-sets=Z0IAHw==,aM48gA==",
    )
    assert (track.codec, len(track.parameter_sets)) == ("h264", 2)


def test_payload_types_that_are_offered_again_and_again_are_looked_at_once() -> None:
    description = parse(
        described("m=video 0 RTP/AVP" + " 97 98" * 10_000, "a=rtpmap:98 H264/90000").encode(), BASE
    )
    track = description.video()
    assert track is not None
    assert track.payload_type == 98
    assert len(sdp._medium("video 0 RTP/AVP" + " 97 98" * 10_000).payload_types) == 2


def test_attributes_of_a_type_that_another_medium_offers_are_its_own() -> None:
    lines = ("m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVP 96", "a=rtpmap:96 H264/90000")
    assert parse("\r\n".join(["v=0", *lines]).encode(), "rtsp://host/cam").video() is None


@pytest.mark.parametrize(
    "line", ["a=x-dimensions:2560,1440", "a=framesize:26 2560-1440", "a=x-dimensions: 2560, 1440"]
)
def test_the_size_of_a_picture_is_read(line: str) -> None:
    assert video_of("m=video 0 RTP/AVP 26", line).picture_size == (2560, 1440)


def test_order_numbers_of_h265_are_noticed() -> None:
    lines = ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000")
    assert video_of(*lines, "a=fmtp:96 sprop-max-don-diff=1").has_order_numbers
    assert not video_of(*lines, "a=fmtp:96 sprop-max-don-diff=0;sprop-depack-buf-nalus=0").has_order_numbers


def test_spaces_around_an_encoding_are_none_of_it() -> None:
    described = parse(
        b"v=0\r\ns=\r\nm=video 0 RTP/AVP 96\r\na=rtpmap: 96  H264 / 90000\r\na=control: t\r\n", "rtsp://h/x"
    )
    (track,) = described.tracks
    assert (track.codec, track.clock_rate, track.control) == ("h264", 90_000, "rtsp://h/x/t")


def test_the_group_that_a_medium_is_sent_to_is_known() -> None:
    body = b"v=0\r\nc=IN IP4 239.1.2.3/16\r\nm=video 5004/2 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    (track,) = parse(body, "rtsp://h/x").tracks
    assert (track.group, track.port) == ("239.1.2.3", 5004)
    (other,) = parse(body + b"c=IN IP4 239.9.9.9\r\n", "rtsp://h/x").tracks
    assert other.group == "239.9.9.9"
