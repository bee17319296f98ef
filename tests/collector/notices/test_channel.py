import logging

import pytest

from pantau_collector.notices.channel import ChannelError, open_channel, redact


def test_a_service_carries_the_key_in_a_header_and_does_not_sleep_between_sends() -> None:
    service = open_channel("mailto://127.0.0.1:25/?from=a@b.example&to=c@b.example", key="k-1")
    assert vars(service)["headers"] == {"X-Pantau-Key": "k-1"}
    assert service.request_rate_per_sec == 0
    assert vars(open_channel("json://localhost/x", key="k-1"))["headers"] == {"X-Pantau-Key": "k-1"}


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("mailtos://user:geh%40im@mail.example/?to=x@mail.example", "login with geh@im or geh%40im failed"),
        ("tgram://123456789:AAEtoken/998877/", "POST https://api/bot123456789:AAEtoken/ to 998877 failed"),
        ("json://user:geh%40im@host/path-token", "http://user:geh@im@host/path-token: refused"),
    ],
)
def test_what_is_secret_in_a_url_is_taken_out(url: str, text: str) -> None:
    shown = redact(text, url)
    for secret in ("geh@im", "geh%40im", "AAEtoken", "998877", "path-token"):
        assert secret not in shown


def test_a_mail_address_stays_for_it_says_who_did_not_get_it() -> None:
    url = "mailto://127.0.0.1/?from=a@b.example&to=cctv@b.example"
    assert redact('Sending email to "cctv@b.example" failed.', url) == 'Sending email to "cctv@b.example" failed.'


def test_what_apprise_says_is_kept_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ChannelError):
        open_channel("tgram://nonsense-hunter2")
    assert "hunter2" not in caplog.text


MAIL = "mailto://127.0.0.1/?from=p@c.example&to="


@pytest.mark.parametrize(
    ("url", "unused"),
    [
        (f"{MAIL}a@x.example;b@x.example", "b@x.example"),
        (f"{MAIL}a@x.example%3Bb.x", "b.x"),
        (f"{MAIL}a@x.example,b.x", "b.x"),
        (f"{MAIL}a@x.example,Budi", "Budi"),
        (f"{MAIL}a@x.example&cc=c@x.example,d.x", "d.x"),
        (f"{MAIL}a@x.example&bcc=c@x.example;d@x.example", "d@x.example"),
        (f"{MAIL}a@x.example&reply=c@x.example,d", "d"),
        ("mailto://127.0.0.1/a@x.example/b.x?from=p@c.example", "b.x"),
        ("smseagle://tokentokentoken@127.0.0.1/628123456789?to=62812999999;62812888888", "62812888888"),
        ("tgram://123456789:AAEtokentokentokentokentokentoken123/?to=99,foo!", "foo!"),
    ],
)
def test_an_address_that_apprise_leaves_out_is_refused_by_name(url: str, unused: str) -> None:
    with pytest.raises(ChannelError) as error:
        open_channel(url)
    assert unused in str(error.value) or "***" in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        f"{MAIL}a@x.example,b@y.example",
        f"{MAIL}a@x.example b@y.example",
        f"{MAIL}a%2Btag@x.example",
        f"{MAIL}Ani%20Budi%20<a@x.example>,%20Ci%20<b@x.example>",
        f'{MAIL}"Budi, Ani" <a@x.example>',
        f"{MAIL}A@X.example&cc=c@x.example&bcc=d@x.example&reply=e@x.example",
        "mailto://127.0.0.1/a@x.example/b@x.example?from=p@c.example",
        "mailtos://ani:geheim@mail.example.go.id",
        "evolution://apikey123456@127.0.0.1/pantau/628123456789?to=0812-3456-7890",
        "tgram://123456789:AAEtokentokentokentokentokentoken123/998877/-100123/@channel",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
        "ntfy://127.0.0.1/kamera,jalan",
        "matrix://pantau:geheim@127.0.0.1/!kamar:h?e2ee=no",
    ],
)
def test_addresses_that_are_used_are_taken(url: str) -> None:
    open_channel(url)


def test_an_answer_of_a_service_is_awaited_long_enough_not_to_send_twice() -> None:
    service = open_channel("json://localhost/x")
    assert (service.socket_connect_timeout, service.socket_read_timeout) == (10, 60)
