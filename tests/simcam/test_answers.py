import base64
import hashlib
import re
from collections.abc import AsyncIterator

import pytest

from pantau_simcam import Authentication, Codec, Fault, Simcam
from tests.simcam.rtsp_client import Client
from tests.simcam.small import FPS, spec

USER, PASSWORD = "operator", "p@ss:w#rd%1"


@pytest.fixture
async def simcam() -> AsyncIterator[Simcam]:
    cameras = [
        spec("open"),
        spec("tcp-only", transports=frozenset({"tcp"})),
        spec("udp-only", transports=frozenset({"udp"})),
        spec("one-session", max_sessions=1),
        spec("no-keepalive", rejects=frozenset({"GET_PARAMETER"})),
        spec("dahua", path="/cam/realmonitor?channel=1&subtype=0"),
        *(spec(str(scheme), user=USER, password=PASSWORD, authentication=scheme) for scheme in Authentication),
    ]
    async with Simcam(cameras) as simcam:
        yield simcam


async def test_a_description_names_the_codec_its_parameter_sets_and_the_track(simcam: Simcam) -> None:
    async with Client(simcam.url("open")) as client:
        answer = await client.request("DESCRIBE")
    assert answer.status == 200
    assert answer.header("Content-Base") == simcam.url("open") + "/"
    assert "m=video 0 RTP/AVP 96\r\n" in answer.body
    assert "a=control:trackID=1\r\n" in answer.body
    assert f"a=framerate:{FPS:g}\r\n" in answer.body
    found = re.search(r"profile-level-id=(\w{6});sprop-parameter-sets=([^,]+),(\S+)", answer.body)
    assert found
    sps, pps = base64.b64decode(found[2]), base64.b64decode(found[3])
    assert (sps[0] & 31, pps[0] & 31) == (7, 8)
    assert sps[1:4].hex().upper() == found[1]


async def test_options_name_the_methods(simcam: Simcam) -> None:
    async with Client(simcam.url("open")) as client:
        public = (await client.request("OPTIONS")).header("Public")
    assert public.split(", ") == [
        "OPTIONS",
        "DESCRIBE",
        "SETUP",
        "PLAY",
        "GET_PARAMETER",
        "SET_PARAMETER",
        "TEARDOWN",
    ]


async def test_another_path_is_404_and_another_method_405(simcam: Simcam) -> None:
    async with Client(simcam.url("open")) as client:
        assert (await client.request("DESCRIBE", simcam.url("open") + "er")).status == 404
        answer = await client.request("RECORD")
    assert answer.status == 405
    assert "PLAY" in answer.header("Allow")


async def test_a_vendors_path_with_a_query_is_served(simcam: Simcam) -> None:
    assert simcam.url("dahua").endswith("/cam/realmonitor?channel=1&subtype=0")
    async with Client(simcam.url("dahua")) as client:
        assert (await client.request("DESCRIBE")).status == 200
        await client.play()
        assert (await client.rtp()).payload


async def test_a_session_that_does_not_exist_is_454(simcam: Simcam) -> None:
    async with Client(simcam.url("open")) as client:
        for method in ("PLAY", "GET_PARAMETER", "TEARDOWN"):
            assert (await client.request(method, Session="0badcafe")).status == 454
        assert (await client.request("PLAY")).status == 454
        assert (await client.request("GET_PARAMETER")).status == 200, (
            "without a session it asks whether we are there"
        )


async def test_setup_of_the_aggregate_is_459(simcam: Simcam) -> None:
    async with Client(simcam.url("open")) as client:
        assert (await client.request("SETUP", Transport="RTP/AVP/TCP;interleaved=0-1")).status == 459


@pytest.mark.parametrize(
    ("camera", "transport", "answer"),
    [
        ("open", "RTP/AVP/TCP;unicast;interleaved=4-5", "RTP/AVP/TCP;unicast;interleaved=4-5"),
        ("open", "RTP/AVP/TCP;unicast", "RTP/AVP/TCP;unicast;interleaved=0-1"),
        ("open", "RTP/AVP;unicast;client_port=5000-5001", "RTP/AVP;unicast;client_port=5000-5001;server_port="),
        ("open", "RTP/AVP;multicast", None),
        ("open", "RTP/AVP;unicast", None),
        ("open", "RTP/SAVP;unicast;client_port=5000-5001", None),
        ("open", "", None),
        ("udp-only", "RTP/AVP/TCP;unicast;interleaved=0-1", None),
        ("tcp-only", "RTP/AVP;unicast;client_port=5000-5001", None),
        ("tcp-only", "RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast", "RTP/AVP/TCP;unicast"),
    ],
)
async def test_a_transport_is_taken_as_offered_or_refused_with_461(
    simcam: Simcam, camera: str, transport: str, answer: str | None
) -> None:
    async with Client(simcam.url(camera)) as client:
        came = await client.setup(transport)
    if answer is None:
        assert came.status == 461
    else:
        assert came.status == 200
        assert came.header("Transport").startswith(answer)


async def test_one_more_session_than_a_camera_has_is_453(simcam: Simcam) -> None:
    async with Client(simcam.url("one-session")) as first, Client(simcam.url("one-session")) as second:
        await first.play()
        assert (await second.setup()).status == 453
        await first.request("TEARDOWN", Session=first.session)
        assert (await second.setup()).status == 200


async def test_a_method_may_be_named_and_rejected_all_the_same(simcam: Simcam) -> None:
    async with Client(simcam.url("no-keepalive")) as client:
        await client.play()
        assert (await client.request("GET_PARAMETER", Session=client.session)).status == 405
        assert (await client.request("SET_PARAMETER", Session=client.session)).status == 200


async def test_what_is_no_rtsp_is_400_and_the_end(simcam: Simcam) -> None:
    async with Client(simcam.url("open")) as client:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        assert (await client.raw()).startswith(b"RTSP/1.0 400 ")
        assert await client.raw() == b""


async def test_requests_may_come_in_any_pieces(simcam: Simcam) -> None:
    async with Client(simcam.url("open")) as client:
        await client.play()
        for byte in b"$\x01\x00\x04abcd":
            client.send(bytes([byte]))
        assert (await client.request("GET_PARAMETER", Session=client.session)).status == 200


def digest(challenge: str, *, password: str, method: str, uri: str) -> str:
    said = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    function = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[said["algorithm"]]

    def hashed(text: str) -> str:
        return function(text.encode()).hexdigest()

    secret, what = hashed(f"{USER}:{said['realm']}:{password}"), hashed(f"{method}:{uri}")
    between, more = "", ""
    if "qop" in said:
        between, more = "00000001:0a4f113b:auth:", ', qop=auth, nc=00000001, cnonce="0a4f113b"'
    response = hashed(f"{secret}:{said['nonce']}:{between}{what}")
    return (
        f'Digest username="{USER}", realm="{said["realm"]}", nonce="{said["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm={said["algorithm"]}{more}'
    )


@pytest.mark.parametrize("scheme", [Authentication.DIGEST, Authentication.DIGEST_SHA256, Authentication.ANY])
async def test_digest_admits_the_right_password_only(simcam: Simcam, scheme: Authentication) -> None:
    url = simcam.url(scheme)
    async with Client(url) as client:
        refused = await client.request("DESCRIBE")
        assert refused.status == 401
        for challenge in refused.headers["www-authenticate"]:
            if not challenge.startswith("Digest"):
                continue
            wrong = digest(challenge, password="wrong", method="DESCRIBE", uri=url)
            assert (await client.request("DESCRIBE", Authorization=wrong)).status == 401
            right = digest(challenge, password=PASSWORD, method="DESCRIBE", uri=url)
            assert (await client.request("DESCRIBE", Authorization=right)).status == 200
            assert (await client.request("SETUP", Authorization=right)).status == 401, "it is bound to the method"
    assert simcam.counts(scheme).failed_logins > 0


async def test_basic_admits_the_right_password_only(simcam: Simcam) -> None:
    def basic(password: str) -> str:
        return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()

    async with Client(simcam.url("basic")) as client:
        refused = await client.request("DESCRIBE")
        assert (refused.status, refused.header("WWW-Authenticate")) == (401, 'Basic realm="pantau-simcam"')
        assert simcam.counts("basic").failed_logins == 0, "nobody tried yet"
        assert (await client.request("DESCRIBE", Authorization=basic("wrong"))).status == 401
        assert simcam.counts("basic").failed_logins == 1
        assert (await client.request("DESCRIBE", Authorization=basic(PASSWORD))).status == 200
    async with Client(simcam.url("digest")) as client:
        assert (await client.request("DESCRIBE", Authorization=basic(PASSWORD))).status == 401, (
            "it was not offered"
        )


async def test_a_camera_that_bars_everyone_asks_even_where_it_had_no_password(simcam: Simcam) -> None:
    simcam.set_fault("open", Fault.UNAUTHORIZED)
    async with Client(simcam.url("open")) as client:
        answer = await client.request("DESCRIBE")
    assert answer.status == 401
    assert answer.header("WWW-Authenticate").startswith("Digest ")


def test_a_specification_does_not_show_its_password() -> None:
    assert PASSWORD not in repr(spec("gate", user=USER, password=PASSWORD))


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"width": 641}, "even numbers"),
        ({"codec": Codec.MJPEG, "height": 362}, "in eights"),
        ({"fps": 0.0}, "from 1 to 60"),
    ],
)
def test_a_camera_that_cannot_be_filmed_is_told_at_once(wrong: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=f"camera 'gate'.*{expected}"):
        spec("gate", **wrong)


def test_two_cameras_with_one_id_or_one_path_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="same id"):
        Simcam(["gate", "gate"])
    with pytest.raises(ValueError, match="same path"):
        Simcam([spec("one", path="/live"), spec("two", path="/live")])
    Simcam([spec("one", path="/live"), spec("two", path="/live")], port_per_camera=True)
