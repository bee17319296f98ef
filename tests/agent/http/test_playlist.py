import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_agent.http.playlist import MAX_TARGET_S, parse
from pantau_agent.streams.malformed import MalformedError

LIVE = b"""#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:41
#EXTINF:2.0,
live41.ts
#EXTINF:2.0,
live42.ts
"""


def test_a_live_playlist_goes_on_by_its_newest_segment() -> None:
    one = parse(LIVE)
    assert (one.target_s, one.newest, one.ended, one.variant) == (2, (43, "live42.ts"), False, None)
    assert parse(LIVE.replace(b"\n", b"\r\n")) == one
    assert parse(LIVE + b"#EXTINF:2.0,\nlive43.ts\n").newest != one.newest
    assert parse(LIVE.replace(b":41", b":42")).newest != one.newest


def test_a_playlist_that_has_ended_says_so() -> None:
    assert parse(LIVE + b"#EXT-X-ENDLIST\n").ended


def test_of_several_streams_the_first_is_taken() -> None:
    master = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nhigh.m3u8\n"
    assert (parse(master).variant, parse(master).newest) == ("low.m3u8", None)


def test_a_low_latency_playlist_goes_on_by_its_newest_part() -> None:
    part = b'#EXT-X-PART:DURATION=0.5,INDEPENDENT=YES,URI="part43.1.mp4"\n'
    hint = b'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part43.2.mp4"\n'
    one = parse(LIVE + part + hint)
    assert one.newest == (43, "part43.1.mp4")
    assert parse(LIVE + part + part.replace(b"43.1", b"43.2")).newest != one.newest
    assert parse(b"#EXTM3U\n" + part).newest is not None


def test_a_target_that_the_segments_exceed_is_not_believed() -> None:
    assert parse(LIVE.replace(b"INF:2.0", b"INF:9.6")).target_s == 9


def test_a_stream_of_audio_is_passed_over() -> None:
    audio = b'#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"\nsound.m3u8\n'
    video = b'#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS="avc1.4d001f,mp4a.40.2"\nvideo.m3u8\n'
    assert parse(audio + video).variant == "video.m3u8"
    assert parse(audio).variant is None


@pytest.mark.parametrize("text", [b"", b"<html>", b"#EXT", b"\x00"])
def test_what_is_no_playlist_is_told(text: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(text)


def test_numbers_that_are_none_are_passed_over() -> None:
    odd = parse(b"#EXTM3U\n#EXT-X-TARGETDURATION:999999\n#EXT-X-MEDIA-SEQUENCE:\xd9\xa3\nx.ts\n")
    assert (odd.target_s, odd.newest) == (MAX_TARGET_S, (1, "x.ts"))


@given(st.binary(max_size=300))
def test_any_text_is_read_or_refused(text: bytes) -> None:
    assert 1 <= parse(b"#EXTM3U\n" + text).target_s <= MAX_TARGET_S
