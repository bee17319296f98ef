"""The real transport against a real HTTP server, in place of each service whose host can be set."""

import hashlib
import hmac
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.notices.apprise_process import AppriseProcess
from pantau_collector.notices.channel import ChannelError
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.message import AttachedPicture, RenderedMessage
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.transport import ChannelTransport
from tests.collector.notices.examples import SINCE_MS, camera_notice, letter, links, recipient
from tests.collector.notices.http_receiver import Receiver, http_receiver
from tests.servers.process import free_port

MESSAGE = Composer(links()).compose(letter(camera_notice()), recipient())
OPENED = NoticeKind.OPENED
TRANSPORT = ChannelTransport(lambda: SINCE_MS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as server:
        yield server


@pytest.fixture
def telegram(receiver: Receiver) -> Iterator[ChannelTransport]:
    """Yield a transport for which the receiver stands in Telegram's place, whose address no URL can set."""
    script = Path(__file__).with_name("telegram_here.py")
    process = AppriseProcess([sys.executable, str(script), f"http://127.0.0.1:{receiver.server_port}/bot"])
    receiver.answers = {"/bot": {"ok": True, "result": {}}}
    yield ChannelTransport(lambda: SINCE_MS, process)
    process.close()


def send(url: str, message: RenderedMessage = MESSAGE, transport: ChannelTransport = TRANSPORT) -> None:
    transport.send(url, message, kind=OPENED, key="k-1")


def test_a_webhook_can_be_checked_by_its_receiver_as_the_readme_says(receiver: Receiver) -> None:
    send(f"webhook://:geheim%40im@127.0.0.1:{receiver.server_port}/hooks/pantau?city=batam")
    (got,) = receiver.received
    assert (got.method, got.path) == ("POST", "/hooks/pantau?city=batam")
    signed = got.headers["X-Pantau-Timestamp"].encode() + b"." + got.body
    wanted = "sha256=" + hmac.new(b"geheim@im", signed, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(wanted, got.headers["X-Pantau-Signature"])
    assert int(got.headers["X-Pantau-Timestamp"]) == SINCE_MS // 1000
    body = json.loads(got.body)
    assert (body["key"], got.headers["X-Pantau-Key"], body["kind"]) == ("k-1", "k-1", "opened")
    assert body["subject"] == MESSAGE.subject
    assert body["acknowledge"] == MESSAGE.acknowledge
    assert body["notices"][0]["incident"] == 12
    assert body["notices"][0]["cameras"][0]["owner"] == "Dinas Perhubungan"


@pytest.mark.parametrize(
    ("status", "for_good"),
    [
        (500, False),
        (503, False),
        (429, False),
        (404, False),
        (401, False),
        (302, False),
        (400, True),
        (410, True),
        (422, True),
    ],
)
def test_a_webhook_that_is_not_taken_says_whether_it_ever_will(
    receiver: Receiver, status: int, for_good: bool
) -> None:
    receiver.status = status
    with pytest.raises(ChannelError, match=f"it answered {status}") as error:
        send(f"webhook://:geheim@127.0.0.1:{receiver.server_port}/geheimer-pfad")
    assert error.value.for_good is for_good


def test_a_webhook_that_is_answered_by_a_login_page_is_sent_again(receiver: Receiver) -> None:
    receiver.answers["/geheimer-pfad"] = b"<!doctype html><html><title>Silakan masuk</title></html>"
    with pytest.raises(ChannelError, match="it answered 200 with a web page") as error:
        send(f"webhook://:geheim@127.0.0.1:{receiver.server_port}/geheimer-pfad")
    assert not error.value.for_good


def test_a_webhook_that_nobody_listens_at_is_told_without_its_secrets() -> None:
    with pytest.raises(ChannelError, match="cannot be reached") as error:
        send(f"webhook://:geheim@127.0.0.1:{free_port()}/geheimer-pfad")
    assert "geheim" not in str(error.value)


def test_json_and_form_carry_the_key_in_a_header(receiver: Receiver) -> None:
    for kind in ("json", "form"):
        send(f"{kind}://127.0.0.1:{receiver.server_port}/x")
    assert [each.headers["X-Pantau-Key"] for each in receiver.received] == ["k-1", "k-1"]


def test_ntfy(receiver: Receiver) -> None:
    send(f"ntfy://127.0.0.1:{receiver.server_port}/kamera")
    text = receiver.received[-1].body.decode()
    assert "Lokasi: Simpang Kabil" in text or "Lokasi: Simpang Kabil" in json.loads(text)["message"]


def test_ntfy_gets_the_picture(receiver: Receiver) -> None:
    picture = AttachedPicture("kabil-now.jpg", "sekarang", b"\xff\xd8\xff\xe0" + bytes(99) + b"\xff\xd9")
    pictured = RenderedMessage(MESSAGE.subject, MESSAGE.text, pictures=(picture,))
    send(f"ntfy://127.0.0.1:{receiver.server_port}/kamera", pictured)
    assert any(picture.jpeg in each.body for each in receiver.received)


def test_matrix(receiver: Receiver) -> None:
    receiver.answers = {
        "/_matrix/client/v3/login": {
            "access_token": "t",
            "home_server": "h",
            "user_id": "@pantau:h",
            "device_id": "d",
        },
        "/_matrix/client/v3/join": {"room_id": "!kamar:h"},
        "/_matrix": {"event_id": "$1", "room_id": "!kamar:h"},
    }
    send(f"matrix://pantau:geheim@127.0.0.1:{receiver.server_port}/!kamar:h?e2ee=no")
    sent = receiver.with_path("/send/m.room.message/")
    assert "Lokasi: Simpang Kabil" in json.loads(sent[-1].body)["body"]


def test_telegram(receiver: Receiver, telegram: ChannelTransport) -> None:
    send("tgram://123456789:AAEtokentokentokentokentokentoken123/998877/", transport=telegram)
    body = json.loads(receiver.with_path("/sendMessage")[-1].body)
    assert body["chat_id"] == 998877
    assert "Lokasi: Simpang Kabil" in body["text"]


def test_telegram_that_refuses_is_told_without_the_token(receiver: Receiver, telegram: ChannelTransport) -> None:
    receiver.status = 403
    with pytest.raises(ChannelError) as error:
        send("tgram://123456789:AAEtokentokentokentokentokentoken123/998877/", transport=telegram)
    assert "AAEtoken" not in str(error.value)


def test_a_whatsapp_gateway_and_an_sms_gateway_in_the_house(receiver: Receiver) -> None:
    receiver.answers = {"/jsonrpc": {"result": [{"message_id": 1, "status": "ok"}]}}
    send(f"evolution://apikey123456@127.0.0.1:{receiver.server_port}/pantau/628123456789")
    send(f"smseagle://tokentokentoken@127.0.0.1:{receiver.server_port}/628123456789")
    bodies = [each.body.decode() for each in receiver.received]
    assert all("Simpang Kabil" in body for body in bodies)
    assert len(bodies) == 2


TELEGRAM = "tgram://123456789:AAEtokentokentokentokentokentoken123/998877/"
PICTURES = tuple(
    AttachedPicture(f"kabil-{name}.jpg", f"caption {name}", b"\xff\xd8\xff\xe0" + bytes(99) + b"\xff\xd9")
    for name in ("good", "now")
)
PICTURED = RenderedMessage(MESSAGE.subject, MESSAGE.text, pictures=PICTURES)


def test_words_come_first_and_once_and_then_each_picture_once_whatever_becomes_of_it(
    receiver: Receiver, telegram: ChannelTransport
) -> None:
    receiver.refuses = "sendPhoto"
    send(TELEGRAM, PICTURED, telegram)
    assert [each.path.rsplit("/", 1)[1] for each in receiver.received] == ["sendMessage", "sendPhoto", "sendPhoto"]
    assert [b"caption good" in receiver.received[1].body, b"caption now" in receiver.received[2].body] == [
        True,
        True,
    ]


def test_a_program_gets_words_and_pictures_in_one_request(receiver: Receiver) -> None:
    send(f"json://127.0.0.1:{receiver.server_port}/x", PICTURED)
    (got,) = receiver.received
    assert len(json.loads(got.body)["attachments"]) == 2


@pytest.mark.parametrize(
    ("status", "for_good"),
    [(400, True), (410, True), (413, True), (422, True), (403, False), (429, False), (500, False)],
)
def test_a_service_that_does_not_take_it_says_whether_it_ever_will(
    receiver: Receiver, status: int, for_good: bool
) -> None:
    receiver.status = status
    for url in (f"json://127.0.0.1:{receiver.server_port}/x", f"ntfy://127.0.0.1:{receiver.server_port}/kamera"):
        with pytest.raises(ChannelError) as error:
            send(url)
        assert error.value.for_good is for_good, url


def test_one_chat_of_several_is_sent_to_by_its_number(receiver: Receiver, telegram: ChannelTransport) -> None:
    send(f"{TELEGRAM}998899/#target=2", transport=telegram)
    (got,) = receiver.with_path("/sendMessage")
    assert json.loads(got.body)["chat_id"] == 998899
