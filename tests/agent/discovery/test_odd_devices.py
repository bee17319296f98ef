"""Devices that answer against the rules, each as a public report describes it: the survey makes the best of it."""

import datetime as dt
import gzip
import re
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from pantau_agent.clock import SystemClock
from pantau_agent.discovery import proposal
from pantau_agent.discovery.survey import Candidate, DiscoveredDevice, candidate_for_host, survey_device
from pantau_agent.onvif.login import MAX_UNANSWERED_PROOFS
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import parse
from pantau_contract.words import words
from tests.agent.certificate import make_certificate
from tests.agent.onvif.camera import MEDIA_2, OnvifCamera, enveloped, fault, http, serving
from tests.servers.process import free_port

DROPPED = b""
PAGE = http(b"<html><body>Not found</body></html>", status="404 Not Found")
MAIN, SUB = "rtsp://127.0.0.1/live/main?a=1&b=2", "rtsp://127.0.0.1/live/sub?a=1&b=2"


async def survey(url: str, camera: OnvifCamera, password: str | None = None) -> DiscoveredDevice | None:
    candidate = Candidate("127.0.0.1", (parse(url),), "Pintu", named=True)
    login = Credentials(camera.user, camera.password if password is None else password)
    return await survey_device(candidate, login, SystemClock())


async def surveyed(camera: OnvifCamera, password: str | None = None) -> DiscoveredDevice:
    async with serving(camera):
        found = await survey(camera.url, camera, password)
    assert found is not None
    return found


def streams(found: DiscoveredDevice) -> list[tuple[str | None, str | None]]:
    return [
        (channel.main.url if channel.main else None, channel.sub.url if channel.sub else None)
        for channel in found.channels
    ]


def assert_complete(found: DiscoveredDevice) -> None:
    assert (found.model, found.problem, streams(found)) == ("DS-2CD2142FWD-I", "", [(MAIN, SUB)])


def of_profiles(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda answer: change(answer) if b"GetProfilesResponse" in answer else answer


def in_multipart(answer: bytes) -> bytes:
    return b"--MIME\r\nContent-Type: application/xop+xml\r\n\r\n" + answer + b"\r\n--MIME--\r\n"


REWRITES: dict[str, Callable[[bytes], bytes]] = {
    "prefixes without a declaration": lambda answer: re.sub(rb"<(/?)(\w+)Response", rb"<\1tds:\2Response", answer),
    "a control character in a name": of_profiles(lambda answer: answer.replace(b"<Name>", b"<Name>\x01\x1f")),
    "a reference to a control character": of_profiles(lambda answer: answer.replace(b"<Name>", b"<Name>&#1;&#0;")),
    "a bare ampersand": lambda answer: answer.replace(b"&amp;", b"&"),
    "an entity of HTML": of_profiles(lambda answer: answer.replace(b"<Name>", b"<Name>&nbsp;&eacute;")),
    "an element that is never closed": of_profiles(lambda answer: answer.replace(b"</Height>", b"")),
    "an attribute without quotes": of_profiles(lambda answer: re.sub(rb'token="(\w+)"', rb"token=\1", answer)),
    "an attribute twice": of_profiles(
        lambda answer: answer.replace(b"<Profiles ", b'<Profiles fixed="1" fixed="1" ')
    ),
    "a warning in front": lambda answer: b"<b>Warning</b>: clock in /cgi line 3<br>\n" + answer,
    "a page behind": lambda answer: answer + b"\n<html></html>",
    "the end missing": lambda answer: answer.replace(b"</e:Body></e:Envelope>", b""),
    "a multipart message": in_multipart,
    "a name in GB2312": of_profiles(
        lambda answer: answer.replace(b'encoding="UTF-8"', b'encoding="GB2312"').replace(
            b"<Name>", b"<Name>\xd6\xd0\xce\xc4"
        )
    ),
    "bytes of no encoding": of_profiles(lambda answer: answer.replace(b"<Name>", b"<Name>\xff\xfe")),
    "a response in another case": lambda answer: answer.replace(b"GetStreamUriResponse", b"GetStreamURIResponse"),
    "a line break in an address": lambda answer: answer.replace(b"/live/", b"/\r\n live/"),
    "the web server's port before the stream's": lambda answer: answer.replace(
        b"@127.0.0.1:554/", b"@127.0.0.1:80:554/"
    ),
    "a transport in the scheme": lambda answer: answer.replace(b"rtsp://", b"rtspt://"),
}


@pytest.mark.parametrize("oddity", REWRITES)
async def test_an_answer_that_breaks_the_rules_of_xml_is_read(oddity: str) -> None:
    assert_complete(await surveyed(OnvifCamera(rewrite=REWRITES[oddity])))


@pytest.mark.parametrize(
    "operation",
    [
        "GetSystemDateAndTime",
        "GetDeviceInformation",
        "GetServices",
        "GetProfiles",
        "GetStreamUri",
        "GetSnapshotUri",
    ],
)
@pytest.mark.parametrize(
    "answer", [DROPPED, http(b""), http(b"", status="503 Busy")], ids=["drop", "empty", "busy"]
)
async def test_what_was_dropped_once_is_asked_once_more(operation: str, answer: bytes) -> None:
    camera = OnvifCamera(first_answers={operation: [answer]})
    found = await surveyed(camera)
    assert_complete(found)
    assert found.channels[0].still == f"http://127.0.0.1:{camera.port}/still.jpg"


@pytest.mark.parametrize(
    "answer",
    [
        http(b"<html>Login</html>", status="401 Unauthorized"),
        http(b"<html>Welcome</html>"),
        PAGE,
        DROPPED,
        http(fault("s:Receiver", "ter:ActionNotSupported", "not implemented"), status="500 X"),
        http(enveloped("<GetSystemDateAndTimeResponse/>")),
    ],
    ids=["401", "page", "404", "drop", "unknown", "empty"],
)
async def test_a_device_that_does_not_state_its_time_is_asked_the_rest(answer: bytes) -> None:
    assert_complete(await surveyed(OnvifCamera(answers={"GetSystemDateAndTime": answer})))


async def test_one_channel_that_faults_does_not_take_the_others_down() -> None:
    found = await surveyed(OnvifCamera(sources=4, dead={"main2", "sub2", "main3", "sub3", "sub4"}))
    address = "rtsp://127.0.0.1/live/{}?a=1&b=2".format
    assert streams(found) == [(address("main1"), address("sub1")), (address("main4"), None)]
    assert "channel 2, 3, 4: GetStreamUri was answered" in found.problem
    text = proposal.toml(found, None, words("id"))
    assert 'id = "cam-127-0-0-1-4"' in text
    assert "saluran 2, 3, 4: GetStreamUri dijawab" in text


@pytest.mark.parametrize("operation", ["GetDeviceInformation", "GetSnapshotUri", "GetServices", "GetCapabilities"])
@pytest.mark.parametrize(
    "answer",
    [DROPPED, PAGE, http(fault("s:Receiver", "x", "out of paper"), status="500 X")],
    ids=["drop", "404", "fault"],
)
@pytest.mark.parametrize("wants", ["nothing", "token", "digest"])
async def test_the_streams_are_found_whatever_else_fails(
    operation: str, answer: bytes, wants: Literal["nothing", "token", "digest"]
) -> None:
    found = await surveyed(OnvifCamera(wants=wants, answers={operation: answer}))
    assert streams(found) == [(MAIN, SUB)]
    assert (found.problem != "") == (operation == "GetDeviceInformation")


async def test_the_model_is_found_though_the_streams_are_not() -> None:
    found = await surveyed(OnvifCamera(answers={"GetProfiles": DROPPED}))
    assert (found.model, found.firmware) == ("DS-2CD2142FWD-I", "V5.4.0 build 160530")
    assert "closed the connection" in found.problem


async def test_services_are_guessed_if_the_device_states_none() -> None:
    found = await surveyed(OnvifCamera(answers={"GetServices": PAGE, "GetCapabilities": PAGE}))
    assert_complete(found)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}:{port}/onvif/media",
        "https://127.0.0.1:{port}/onvif/media",
        "http:///onvif/media",
        "http://127.0.0.1:0/onvif/media",
        "http://:{port}/onvif/media",
        "http://127.0.0.1:{closed}/onvif/media",
        "http://0.0.0.0/onvif/media",
        "http://[fe80::1]/onvif/media",
        "ftp://127.0.0.1/x",
        "http://camera local/onvif/media",
    ],
)
async def test_an_unusable_address_of_the_media_service_is_mended(address: str) -> None:
    camera = OnvifCamera(port=free_port())
    camera.service_address = address.format(port=camera.port, closed=free_port())
    assert_complete(await surveyed(camera))


@pytest.mark.parametrize(
    "refusal",
    [
        ("wsse:InvalidSecurity", "An error was discovered processing the header"),
        ("wsse:FailedAuthentication", "The security token could not be authenticated"),
        ("wsse:FailedCheck", "The signature was invalid"),
        ("ter:Sender", "Authority failure"),
        ("ter:InvalidArgVal", "no words"),
    ],
)
async def test_a_refusal_in_other_words_is_answered_with_the_login(refusal: tuple[str, str]) -> None:
    camera = OnvifCamera(refusal=refusal)
    assert_complete(await surveyed(camera))
    assert camera.logins == sum("+" in asked for asked in camera.asked)


async def test_a_wrong_password_is_sent_once_whatever_the_refusal_is_called() -> None:
    camera = OnvifCamera(refusal=("wsse:InvalidSecurity", "An error was discovered"))
    found = await surveyed(camera, "wrong")
    assert camera.logins == 1
    assert "user and password" in found.problem


async def test_a_second_clock_is_tried_after_invalid_security() -> None:
    camera = OnvifCamera(told=dt.timedelta(hours=7), refusal=("wsse:InvalidSecurity", "processing the header"))
    assert_complete(await surveyed(camera))


async def test_a_device_that_drops_signed_requests_gets_three_proofs_and_no_more() -> None:
    camera = OnvifCamera(first_answers={"GetDeviceInformation": [DROPPED] * 50, "GetProfiles": [DROPPED] * 50})
    found = await surveyed(camera)
    unanswered = [asked for asked in camera.asked if asked in {"GetDeviceInformation+", "GetProfiles+"}]
    assert len(unanswered) == MAX_UNANSWERED_PROOFS == 3
    assert "closed the connection" in found.problem


async def test_a_user_without_the_right_to_one_operation_gets_the_others() -> None:
    refused = http(fault("s:Sender", "ter:NotAuthorized", "operator only"), status="400 X")
    camera = OnvifCamera(answers={"GetSnapshotUri": refused, "GetNetworkProtocols": refused}, stream_port=80)
    assert_complete(await surveyed(camera))


async def test_a_device_is_followed_to_https_and_keeps_its_password_from_other_hosts(
    tls: ssl.SSLContext,
) -> None:
    secure, plain = OnvifCamera(wants="digest"), OnvifCamera()
    async with serving(secure, tls=tls), serving(plain):
        secure.service_address = f"http://127.0.0.1:{secure.port}/onvif/media"  # wrong: it speaks TLS there
        moved = f"HTTP/1.1 302 Moved\r\nLocation: https://192.0.2.9:{secure.port}/onvif/device_service\r\n"
        plain.answers = dict.fromkeys(
            ["GetSystemDateAndTime", "GetDeviceInformation"], f"{moved}Content-Length: 0\r\n\r\n".encode()
        )
        found = await survey(plain.url, plain)
    assert found is not None
    assert_complete(found)
    assert plain.logins == 0


async def test_a_device_that_moved_to_where_nobody_listens_is_still_there() -> None:
    camera = OnvifCamera()
    moved = f"HTTP/1.1 302 Moved\r\nLocation: https://127.0.0.1:{free_port()}/onvif/x\r\nContent-Length: 0\r\n\r\n"
    camera.answers = dict.fromkeys(["GetSystemDateAndTime", "GetDeviceInformation"], moved.encode())
    found = await surveyed(camera)
    assert "it refers to https://127.0.0.1:" in found.problem


async def test_redirects_in_a_circle_end() -> None:
    camera = OnvifCamera(port=free_port())
    for operation, path in (("GetSystemDateAndTime", "/a"), ("GetDeviceInformation", "/b")):
        camera.answers[operation] = f"HTTP/1.1 307 X\r\nLocation: {path}\r\nContent-Length: 0\r\n\r\n".encode()
    async with serving(camera):
        assert await survey(camera.url, camera) is None
    assert len(camera.asked) < 16


async def test_a_web_server_that_a_scan_found_gets_no_proof_of_the_password() -> None:
    page = http(b"<html>Router</html>", status="401 No").replace(
        b"\r\n", b'\r\nWWW-Authenticate: Digest realm="r", nonce="1", qop="auth"\r\n', 1
    )
    operations = ["GetSystemDateAndTime", "GetServices", "GetCapabilities", "GetDeviceInformation", "GetProfiles"]
    router = OnvifCamera(answers=dict.fromkeys(operations, page))
    async with serving(router):
        scanned = Candidate("127.0.0.1", (parse(router.url),), open_ports=(8080,))
        assert await survey_device(scanned, Credentials("u", "p"), SystemClock()) is None
        assert router.asked == ["GetSystemDateAndTime", "GetServices", "GetCapabilities"]
        named = await survey_device(replace(scanned, named=True), Credentials("u", "p"), SystemClock())
    assert named is not None
    assert "user and password" in named.problem


async def test_a_scanned_camera_that_states_no_time_is_recognised_by_its_services() -> None:
    camera = OnvifCamera(answers={"GetSystemDateAndTime": PAGE})
    async with serving(camera):
        scanned = Candidate("127.0.0.1", (parse(camera.url),), open_ports=(camera.port,))
        found = await survey_device(scanned, Credentials(camera.user, camera.password), SystemClock())
    assert found is not None
    assert_complete(found)


def test_a_camera_with_https_alone_is_asked_by_https() -> None:
    assert [str(url) for url in candidate_for_host("10.0.0.1", (80, 443, 554)).urls] == [
        "http://10.0.0.1/onvif/device_service",
        "https://10.0.0.1/onvif/device_service",
    ]


@pytest.mark.parametrize("status", ["415 Unsupported Media Type", "mismatch"])
async def test_a_device_that_speaks_soap_1_1_is_asked_by_that(status: str) -> None:
    camera = OnvifCamera(soap_namespace="{http://schemas.xmlsoap.org/soap/envelope/}", wants="nothing")
    if status != "mismatch":
        camera.first_answers = {"GetSystemDateAndTime": [http(b"", status=status)]}
    assert_complete(await surveyed(camera))


@pytest.mark.parametrize("media", ["main", MEDIA_2])
async def test_another_name_of_the_transport_is_tried(media: str) -> None:
    camera = OnvifCamera(wants="nothing")
    if media == MEDIA_2:
        camera.media = MEDIA_2
    camera.first_answers = {
        "GetStreamUri": [http(fault("s:Sender", "ter:InvalidStreamSetup", "not supported"), status="400 X")]
    }
    assert streams(await surveyed(camera)) == [(MAIN, SUB)]


def compressed(answer: bytes) -> bytes:
    content = gzip.compress(answer)
    return (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    )


INFORMATION = enveloped("<GetDeviceInformationResponse><Model>M1</Model></GetDeviceInformationResponse>")


@pytest.mark.parametrize(
    "answer",
    [
        compressed(INFORMATION),
        http(INFORMATION, length=len(INFORMATION) + 500),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + INFORMATION,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + INFORMATION,
        INFORMATION,
    ],
    ids=["gzip", "length too long", "gzip in the header alone", "chunked in the header alone", "no header"],
)
async def test_an_answer_that_breaks_the_rules_of_http_is_read(answer: bytes) -> None:
    found = await surveyed(OnvifCamera(wants="nothing", answers={"GetDeviceInformation": answer}))
    assert (found.model, streams(found)) == ("M1", [(MAIN, SUB)])


async def test_the_deadline_keeps_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = OnvifCamera(wants="nothing", silent={"GetProfiles"})
    async with serving(camera):
        for deadline_s in (2.0, 4.0, 8.0, 16.0):  # a busy machine is slow to the first answers
            monkeypatch.setattr("pantau_agent.discovery.survey.DEADLINE_S", deadline_s)
            found = await survey(camera.url, camera)
            if found is not None and found.model:
                break
    assert found is not None
    assert found.model == "DS-2CD2142FWD-I"
    assert f"has not told all within {deadline_s:g} s" in found.problem


async def test_a_bomb_of_gzip_is_not_unpacked() -> None:
    bomb = compressed(b" " * (64 << 20))
    found = await surveyed(OnvifCamera(wants="nothing", answers={"GetDeviceInformation": bomb}))
    assert "over the limit" in found.problem


async def test_a_device_that_answered_the_search_alone_is_reported() -> None:
    url = parse(f"http://127.0.0.1:{free_port()}/onvif/device_service")
    candidate = Candidate("127.0.0.1", (url,), "Pintu", "M", answered_search=True)
    found = await survey_device(candidate, None, SystemClock())
    assert found is not None
    assert (found.name, found.model) == ("Pintu", "M")
    assert "refused" in found.problem


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    files = make_certificate(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context
