"""What is shortened for a channel that takes only so much, and what stays."""

from typing import Any

import pytest

from pantau_collector.notices.channel import open_channel
from pantau_collector.notices.compose import Composer
from pantau_collector.notices.letter import Form
from pantau_collector.notices.message import RenderedMessage
from pantau_collector.notices.notice import NoticeCamera
from pantau_collector.notices.transport import fit
from tests.collector.notices.examples import camera_notice, letter, links, recipient, site_notice

TELEGRAM = "tgram://123456789:AAEtokentokentokentokentokentoken123/998877/"
SMS = "twilio://AC" + "0" * 32 + ":" + "1" * 32 + "@15555555555/15555555556"
MANY = tuple(
    NoticeCamera(f"cam{i}", f"Kamera {i} <utara>", "Dinas Perhubungan", "", "", f"s{i // 8}", f"Simpang {i // 8}")
    for i in range(120)
)
UPLINK = site_notice(cameras=MANY, sites=15, site="", site_name="", uplink="Metro Ethernet", cause="uplink_down")


def compose(*notices: Any, form: Form | None = None) -> RenderedMessage:
    return Composer(links()).compose(letter(*notices, form=form), recipient(language="en"))


def test_a_long_list_of_cameras_is_cut_with_the_count_of_the_rest_and_the_links() -> None:
    message = compose(UPLINK)
    title, text = fit(open_channel(TELEGRAM), message)
    assert title == message.subject
    assert len(message.text) > 4096
    assert 3000 < len(text) < 4096
    listed = [line for line in text.splitlines() if "/ Kamera" in line]
    assert 40 < len(listed) < 120
    assert f"  - {120 - len(listed)} more" in text.splitlines()
    assert message.acknowledge in text
    assert "Wall: https://pantau.example/" in text or "https://pantau.example/" in text.split()


def test_what_fits_is_left_as_it_is_and_so_is_what_goes_to_a_service_without_a_limit() -> None:
    short, long = compose(camera_notice()), compose(UPLINK)
    assert fit(open_channel(TELEGRAM), short) == (short.subject, short.text)
    assert fit(open_channel("json://localhost/"), long) == (long.subject, long.text)


def test_the_length_is_counted_as_the_strictest_services_do() -> None:
    service = open_channel(TELEGRAM)
    for sign in ("&", "🎥"):
        message = RenderedMessage("", sign * 4000)
        assert len(fit(service, message)[1]) < 2100


@pytest.mark.parametrize("form", [Form.GROUP, Form.DIGEST])
def test_a_letter_of_many_outages_names_as_many_as_fit_and_counts_the_rest(form: Form) -> None:
    count = 90
    notices = [
        camera_notice(incident=i, site_name=f"Simpang {i}", camera_name="Kamera") for i in range(1, count + 1)
    ]
    _, text = fit(open_channel(TELEGRAM), compose(*notices, form=form))
    shown = sum(f"Simpang {i} / Kamera:" in text for i in range(1, count + 1))
    assert 3 < shown < count
    assert any(line.endswith(f" {count - shown} more") for line in text.splitlines())
    assert len(text) <= 4096


def test_a_text_message_keeps_the_beginning_and_what_else_fits() -> None:
    message = compose(UPLINK)
    title, text = fit(open_channel(SMS), message)
    assert len(title) + len(text) <= 160
    assert title.startswith("[")
    long = RenderedMessage("x" * 500, "y" * 500)
    title, text = fit(open_channel(SMS), long)
    assert title == "x" * 144
    assert text == ""


def test_a_template_that_fails_is_shortened_as_plain_lines(tmp_path: Any) -> None:
    (tmp_path / "single.txt.j2").write_text("{{ nonsense }}")
    (tmp_path / "single.html.j2").write_text("")
    message = Composer(links(), templates=tmp_path).compose(letter(UPLINK), recipient())
    assert message.shorten is not None
    assert message.shorten(lambda text: len(text) <= 60).startswith("Tidak ada titik")
