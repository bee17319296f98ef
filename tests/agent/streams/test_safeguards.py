"""What must hold before a password, or a proof of it, is sent: the login and the certificate."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pantau_agent.http.connection import connect
from pantau_agent.streams.authentication import Authenticator, LoginRefusal
from pantau_agent.streams.budget import Budget
from pantau_agent.streams.certificates import fingerprint_of
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Failure, Kind, LookError
from pantau_agent.streams.safeguards import ANY_CERTIFICATE, Channel, Protocol, Remembered, Safeguards
from pantau_agent.streams.url import StreamUrl
from tests.agent.certificate import Certificate, make_certificate
from tests.agent.streams.test_authentication import BASIC, CHALLENGED, MUFASA, OK, Reply, exchanged, proofs

SHA_256 = Reply(401, 'Digest realm="r", nonce="1", algorithm=SHA-256')
CLEAR, UNKNOWN, PROVEN = Channel(), Channel(encrypted=True, fingerprint="ab"), Channel(encrypted=True, proven=True)


@pytest.mark.parametrize(
    ("allowed", "channel", "refusal"),
    [
        (False, CLEAR, LoginRefusal.IN_CLEAR),
        (True, CLEAR, None),
        (False, UNKNOWN, LoginRefusal.UNPROVEN),
        (True, UNKNOWN, None),
        (False, PROVEN, None),
    ],
)
def test_basic_is_answered_where_that_is_allowed_or_the_camera_is_proven(
    allowed: bool, channel: Channel, refusal: LoginRefusal | None
) -> None:
    authenticator = Authenticator(MUFASA, Safeguards(allow_basic=allowed))
    authenticator.channel = channel
    replies = [BASIC, OK] if refusal is None else [BASIC]
    sent, ended = exchanged(authenticator.flow("GET", "/"), *replies)
    assert (ended, proofs(sent)) == (refusal, int(refusal is None))


@pytest.mark.parametrize(
    ("before", "offered", "refusal"),
    [
        (CHALLENGED, BASIC, LoginRefusal.WEAKER),
        (SHA_256, BASIC, LoginRefusal.WEAKER),
        (SHA_256, CHALLENGED, LoginRefusal.WEAKER),
        (CHALLENGED, SHA_256, None),
        (BASIC, CHALLENGED, None),
        (BASIC, BASIC, None),
    ],
)
@pytest.mark.parametrize("channel", [CLEAR, PROVEN])
def test_nothing_weaker_is_answered_than_what_let_us_in_before(
    before: Reply, offered: Reply, refusal: LoginRefusal | None, channel: Channel
) -> None:
    safeguards = Safeguards(allow_basic=True)
    exchanged(Authenticator(MUFASA, safeguards).flow("GET", "/"), before, OK)
    later = Authenticator(MUFASA, safeguards)
    later.channel = channel
    replies = [offered, OK] if refusal is None else [offered]
    sent, ended = exchanged(later.flow("GET", "/"), *replies)
    assert (ended, proofs(sent)) == (refusal, int(refusal is None))


def test_a_digest_counts_once_the_camera_has_answered_it_with_anything_but_a_refusal() -> None:
    for answer, counted in ((Reply(404), True), (CHALLENGED, False)):
        remembered = Remembered()
        exchanged(Authenticator(MUFASA, Safeguards(remembered=remembered)).flow("GET", "/"), CHALLENGED, answer)
        assert (remembered.digests == {"rtsp": "MD5"}) is counted


def test_each_protocol_has_a_login_of_its_own() -> None:
    safeguards = Safeguards(allow_basic=True)
    protocols: list[Protocol] = ["rtsp", "http"]
    rtsp, http = (Authenticator(MUFASA, safeguards, protocol=protocol) for protocol in protocols)
    exchanged(rtsp.flow("DESCRIBE", "/"), SHA_256, OK)
    assert exchanged(http.flow("GET", "/"), BASIC, OK)[1] is None


def test_a_basic_login_does_not_go_along_to_a_connection_that_is_not_proven() -> None:
    authenticator = Authenticator(Credentials("u", "p"), Safeguards())
    authenticator.channel = PROVEN
    exchanged(authenticator.flow("GET", "/"), BASIC, OK)
    assert authenticator.authorization("GET", "/") == "Basic dTpw"
    for channel in (CLEAR, UNKNOWN):
        authenticator.channel = channel
        assert authenticator.authorization("GET", "/") is None


# Certificates.


class TlsCamera:
    """Counts the connections that got through the handshake, and what came over them."""

    def __init__(self) -> None:
        self.port = 0
        self.received: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received.append(await reader.read(100))
        writer.close()


@asynccontextmanager
async def serving(certificate: Certificate) -> AsyncIterator[TlsCamera]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    camera = TlsCamera()
    server = await asyncio.start_server(camera, "127.0.0.1", 0, ssl=context)
    camera.port = server.sockets[0].getsockname()[1]
    async with server:
        yield camera


def made(folder: Path, address: str = "127.0.0.1") -> Certificate:
    folder.mkdir()
    return make_certificate(folder, address=address)


def fingerprint(certificate: Certificate) -> str:
    return fingerprint_of(ssl.PEM_cert_to_DER_cert(certificate.certificate.read_text()))


async def failure_of(camera: TlsCamera, safeguards: Safeguards) -> Failure | None:
    """Connect and send; return why that failed, or None."""
    url = StreamUrl("https", "127.0.0.1", camera.port, "/")
    try:
        connection = await connect(url, lambda: 0.0, lambda _step: None, Budget(), safeguards)
    except LookError as error:
        return error.failure
    await connection.send(b"GET")
    await connection.close()
    return None


async def test_the_first_certificate_is_remembered_and_another_one_gets_nothing(tmp_path: Path) -> None:
    first, second = made(tmp_path / "first"), made(tmp_path / "second")
    safeguards = Safeguards(learns=True)
    async with serving(first) as camera:
        assert await failure_of(camera, safeguards) is None
        assert await failure_of(camera, safeguards) is None
        port = camera.port
    assert safeguards.remembered.certificates == {f"127.0.0.1:{port}": fingerprint(first)}
    assert safeguards.channel("127.0.0.1", port, encrypted=True).proven
    async with serving(second) as camera:
        safeguards.remembered.certificates = {f"127.0.0.1:{camera.port}": fingerprint(first)}
        failure = await failure_of(camera, safeguards)
    assert failure is not None
    assert failure.kind is Kind.CERTIFICATE
    assert fingerprint(first) in failure.detail
    assert fingerprint(second) in failure.detail
    assert camera.received == []
    assert list(safeguards.remembered.certificates.values()) == [fingerprint(first)]


async def test_a_single_look_remembers_nothing_and_takes_nothing_for_proven(tmp_path: Path) -> None:
    certificate = made(tmp_path / "first")
    safeguards = Safeguards()
    async with serving(certificate) as camera:
        assert await failure_of(camera, safeguards) is None
    channel = safeguards.channel("127.0.0.1", camera.port, encrypted=True)
    assert channel == Channel(encrypted=True, proven=False, fingerprint=fingerprint(certificate))
    assert safeguards.remembered.certificates == {}


async def test_a_configured_fingerprint_or_any(tmp_path: Path) -> None:
    certificate = made(tmp_path / "first")
    async with serving(certificate) as camera:
        for configured, kind, proven in (
            (fingerprint(certificate), None, True),
            ("0" * 64, Kind.CERTIFICATE, True),
            (ANY_CERTIFICATE, None, False),
        ):
            safeguards = Safeguards(fingerprint=configured, learns=True)
            failure = await failure_of(camera, safeguards)
            assert (failure.kind if failure is not None else None) is kind
            assert safeguards.channel("127.0.0.1", camera.port, encrypted=True).proven is proven
            assert safeguards.remembered.certificates == {}


async def test_an_authority_vouches_for_the_name_and_for_renewed_certificates(tmp_path: Path) -> None:
    right, elsewhere, foreign = (
        made(tmp_path / "right"),
        made(tmp_path / "elsewhere", address="127.0.0.9"),
        made(tmp_path / "foreign"),
    )
    for certificate, authority, kind in (
        (right, right, None),
        (elsewhere, elsewhere, Kind.CERTIFICATE),
        (foreign, right, Kind.CERTIFICATE),
    ):
        async with serving(certificate) as camera:
            failure = await failure_of(camera, Safeguards(ca_file=authority.certificate, learns=True))
        assert (failure.kind if failure is not None else None) is kind
        assert len(camera.received) == int(kind is None)
