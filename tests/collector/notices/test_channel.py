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
