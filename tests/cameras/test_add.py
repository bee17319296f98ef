"""Test adding a camera from the text of an issue."""

from pathlib import Path

import pytest

from tests.cameras.add import add, answers_of
from tests.cameras.corpus import load
from tests.cameras.sanitise import sanitise

LOG = """
2026/03/04 17:59:02 DEB [path cam] [RTSP source] [c->s] DESCRIBE rtsp://10.20.30.40:554/live/main RTSP/1.0
Accept: application/sdp
CSeq: 2

2026/03/04 17:59:02 DEB [path cam] [RTSP source] [s->c] RTSP/1.0 401 Unauthorized
CSeq: 2
WWW-Authenticate: Digest realm="Login to 5G03B2APAZ9F1C7",nonce="d809bdf662f8362492f0e04dfeee1751", stale="FALSE"

2026/03/04 17:59:02 DEB [path cam] [RTSP source] [c->s] DESCRIBE rtsp://10.20.30.40:554/live/main RTSP/1.0
Authorization: Digest username="ketut", realm="x", response="f9799ea733c81aa36afc1137214c7c02"
CSeq: 3

2026/03/04 17:59:02 DEB [path cam] [RTSP source] [s->c] RTSP/1.0 200 OK
CSeq: 3
Content-Base: rtsp://ketut:rahasia@10.20.30.40:554/live/main/
Content-Length: 400
Content-Type: application/sdp

v=0
o=- 1001 1 IN IP4 10.20.30.41
s=28:57:be:12:34:56
c=IN IP4 0.0.0.0
t=0 0
m=video 0 RTP/AVP 105
a=control:rtsp://10.20.30.40/live/main/video
a=rtpmap:105 H264/90000
a=fmtp:105 packetization-mode=1; sprop-parameter-sets=Z0LACtoINoQAAAMABAAAAwDKPEiagA==,aM4PyA==
"""


def added(text: str, folder: Path) -> Path:
    return add(text, folder, maker="Some Maker", model="X-100 (v2)", source="owner/repository#1", odd="Nothing.")


def test_a_pasted_log_becomes_a_file_of_the_corpus(tmp_path: Path) -> None:
    path = added(LOG, tmp_path)
    assert path.name == "some-maker-x-100-v2.toml"
    camera = load(path)
    assert camera.url == "rtsp://192.0.2.10:554/live/main"
    assert [text.partition("\n")[0] for text in camera.answers["DESCRIBE"]] == [
        "RTSP/1.0 401 Unauthorized",
        "RTSP/1.0 200 OK",
    ]
    assert (camera.expect.codec, camera.expect.tracks) == ("h264", ["video H264"])
    assert camera.media.payload_type == 105
    assert "o=- 1001 1 IN IP4 192.0.2.11\n" in camera.answers["DESCRIBE"][1]


@pytest.mark.parametrize(
    "identifying",
    ["10.20.30", "ketut", "rahasia", "5G03B2APAZ9F1C7", "28:57:be", "d809bdf", "f9799ea"],
)
def test_nothing_that_identifies_anybody_is_left(identifying: str, tmp_path: Path) -> None:
    assert identifying not in added(LOG, tmp_path).read_text()


def test_a_login_in_the_path_becomes_the_configured_one() -> None:
    asked = "DESCRIBE rtsp://10.0.0.9/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream RTSP/1.0"
    assert "/user={user}_password={password}_channel=1" in sanitise(asked)
    assert "user={user}&password={password}&channel=1" in sanitise(
        "rtsp://10.0.0.9/user=admin&password=&channel=1"
    )


def test_versions_and_open_addresses_stay() -> None:
    text = "Server: WAVE/5.1.1.37 LIVE555 Streaming Media v2016.11.28\nc=IN IP4 0.0.0.0\nc=IN IP4 224.0.0.9"
    assert sanitise(text) == text


def test_parameter_sets_stay() -> None:
    text = "a=fmtp:96 sprop-parameter-sets=Z0LACtoINoQAAAMABAAAAwDKPEiagA==,aM4PyA=="
    assert sanitise(text) == text


def test_answers_without_requests_are_known_by_what_they_hold() -> None:
    options = "RTSP/1.0 200 OK\nPublic: OPTIONS, DESCRIBE\n"
    describe = "RTSP/1.0 200 OK\nContent-Type: application/sdp\n\nv=0\nm=video 0 RTP/AVP 96\n"
    setup = "RTSP/1.0 200 OK\nTransport: RTP/AVP/TCP;interleaved=0-1\n"
    answers, url = answers_of(options + describe + setup)
    assert (list(answers), url) == (["OPTIONS", "DESCRIBE", "SETUP"], "")


def test_a_text_without_an_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="no answer found"):
        answers_of("it does not work, please help")


def test_a_camera_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    added(LOG, tmp_path)
    with pytest.raises(ValueError, match="there already"):
        added(LOG, tmp_path)
