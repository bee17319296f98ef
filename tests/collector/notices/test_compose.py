import os
from pathlib import Path
from typing import Any

import pytest

from pantau_collector.notices.compose import TEMPLATES, Composer
from pantau_collector.notices.letter import Form
from pantau_collector.notices.notice import Notice, NoticeCamera, NoticeKind
from pantau_collector.notices.time_format import duration
from pantau_contract.words import LANGUAGES, words
from pantau_contract.words.evidence import detail, together
from tests.collector.notices.examples import SINCE_MS, camera_notice, letter, links, recipient, site_notice

COMPOSER = Composer(links())
KINDS = list(NoticeKind)


def maintenance(**more: Any) -> Notice:
    facts: dict[str, Any] = {
        "incident": 0,
        "cause": "",
        "until_ms": SINCE_MS + 7_200_000,
        "detail": "ganti switch",
    }
    return site_notice(NoticeKind.MAINTENANCE, **{**facts, **more})


def of_kind(kind: NoticeKind, incident: int = 12) -> Notice:
    if kind is NoticeKind.MAINTENANCE:
        return maintenance()
    return camera_notice(kind, incident, by="Ani", until_ms=SINCE_MS, waited_min=30, level=1)


def test_an_outage_says_what_where_since_when_what_to_do_whose_it_is_and_how_to_take_it() -> None:
    message = COMPOSER.compose(letter(camera_notice()), recipient())
    assert message.subject == "[PADAM] Simpang Kabil / Kamera Timur: gambar diam membeku"
    for line in (
        "Gambar diam membeku",
        "Lokasi: Simpang Kabil",
        "Kamera: Kamera Timur",
        "Sejak: 24 November 2026 pukul 15.04 WIB",
        "Tindakan: Nyalakan ulang kamera; bila berulang, perbarui firmware",
        "Bukti: no change for 90 s <&>",
        "Pemilik: Dinas Perhubungan",
        "Pemelihara: CV Sinar Teknik",
        "Proyek: Jalan Layang",
        "Peta: https://www.openstreetmap.org/?mlat=1.083600&mlon=104.093400#map=18/1.083600/104.093400",
        "Halaman pantauan: https://pantau.example/",
        f"Saya tangani: {message.acknowledge}",
        "Insiden 12",
    ):
        assert line in message.text.splitlines(), message.text
    assert "no change for 90 s &lt;&amp;&gt;" in message.html
    assert "Dinas Perhubungan" in message.html
    assert message.acknowledge.startswith("https://pantau.example/ack?i=12&")
    assert message.acknowledge.replace("&", "&amp;") in message.html
    assert "\n\n\n" not in message.text


def test_the_evidence_is_in_the_recipients_language_and_as_it_was_sent_for_programs() -> None:
    sent = together(detail("no_packet", seconds="6.0"), detail("goodbye"))
    notice = camera_notice(cause="stalled", detail=sent)
    indonesian = COMPOSER.compose(letter(notice), recipient())
    for text in (indonesian.text, indonesian.html):
        assert "Bukti" in text
        assert "tidak ada paket selama 6.0 detik; kamera berpamitan (RTCP BYE)" in text
        assert "packet" not in text
        assert "goodbye" not in text
    assert f"Evidence: {sent}" in COMPOSER.compose(letter(notice), recipient(language="en")).text.splitlines()
    assert [each.detail for each in indonesian.notices] == [sent]


def test_an_outage_in_english() -> None:
    message = COMPOSER.compose(letter(camera_notice()), recipient(language="en"))
    assert message.subject == "[OUTAGE] Simpang Kabil / Kamera Timur: the picture stands still"
    assert "Since: 24 November 2026 at 15:04 WIB" in message.text


@pytest.mark.parametrize(
    ("zone", "when"),
    [
        ("Asia/Jakarta", "15.04 WIB"),
        ("Asia/Makassar", "16.04 WITA"),
        ("Asia/Jayapura", "17.04 WIT"),
    ],
)
def test_times_are_in_the_recipients_zone_by_its_own_name(zone: str, when: str) -> None:
    assert when in COMPOSER.compose(letter(camera_notice()), recipient(zone=zone)).text


def test_the_end_says_how_long_it_lasted_and_asks_nobody_to_take_it() -> None:
    message = COMPOSER.compose(letter(camera_notice(NoticeKind.RESOLVED)), recipient())
    assert message.subject == "[PULIH] Simpang Kabil / Kamera Timur: gambar diam membeku (2 jam 5 menit)"
    assert "Kamera sudah berfungsi kembali" in message.text
    assert "Lamanya: 2 jam 5 menit" in message.text
    assert "Sampai: 24 November 2026 pukul 17.09 WIB" in message.text
    assert "Tindakan" not in message.text
    assert message.acknowledge == ""
    assert "/ack" not in message.html


def test_a_whole_site_lists_its_cameras_by_owner() -> None:
    message = COMPOSER.compose(letter(site_notice()), recipient())
    assert message.subject == "[PADAM] Simpang Kabil: semua kamera di lokasi padam bersamaan (3 kamera)"
    lines = [line.strip() for line in message.text.splitlines()]
    at = lines.index("Kamera terdampak:")
    assert lines[at + 1 : at + 7] == [
        "Dinas Perhubungan",
        "- Kamera Timur (Jalan Layang)",
        "Kepolisian",
        "- Kamera Barat",
        "tidak tercatat di inventaris",
        "- Kamera Utara",
    ]


def test_an_uplink_names_the_site_of_each_camera() -> None:
    cameras = (NoticeCamera("a", "A", site_name="Nongsa"), NoticeCamera("b", "B", site_name="Kabil"))
    uplink = site_notice(site_name="", uplink="Menara Timur", cause="uplink_down", sites=2, cameras=cameras)
    message = COMPOSER.compose(letter(uplink), recipient())
    assert message.subject.startswith("[PADAM] Menara Timur: ")
    assert [line.strip() for line in message.text.splitlines() if " / " in line] == ["- Kabil / B", "- Nongsa / A"]
    assert "Nongsa / A" in message.html


def test_what_outlived_its_maintenance_says_so() -> None:
    message = COMPOSER.compose(letter(camera_notice(outlived=True)), recipient(language="en"))
    assert "It began during maintenance, which is over" in message.text


@pytest.mark.parametrize(
    ("kind", "subject", "line"),
    [
        ("acknowledged", "[TAKEN] Simpang Kabil / Kamera Timur: Ani is on it: the picture", "Ani is on it"),
        (
            "unacknowledged",
            "[OPEN AGAIN] Simpang Kabil / Kamera Timur: nobody is on it",
            "Nobody is on it any more",
        ),
        (
            "escalated",
            "[ESCALATION] Simpang Kabil / Kamera Timur: not taken for 30 min",
            "Nobody has taken this for",
        ),
        ("flapping", "[UNSTABLE] Simpang Kabil / Kamera Timur: comes and goes: the", "It comes and goes."),
        ("maintenance", "[MAINTENANCE] Simpang Kabil: maintenance from 24 November", "Reason: ganti switch"),
    ],
)
def test_each_kind_has_words_of_its_own(kind: str, subject: str, line: str) -> None:
    message = COMPOSER.compose(letter(of_kind(NoticeKind(kind))), recipient(language="en"))
    assert message.subject.startswith(subject)
    assert line in message.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_and_form_renders_in_every_language_from_its_templates(
    language: str, form: Form, kind: NoticeKind, caplog: pytest.LogCaptureFixture
) -> None:
    notices = (of_kind(kind), of_kind(kind, 14))[: 1 if form is Form.SINGLE else 2]
    message = COMPOSER.compose(letter(*notices, form=form), recipient(language=language))
    assert message.html
    assert "Simpang Kabil" in message.text
    assert "Simpang Kabil" in message.html
    assert caplog.text == ""


def test_five_dead_sites_are_one_message_that_says_which_and_how_to_take_each() -> None:
    places = ["Nongsa", "Bengkong", "Sekupang", "Batu Aji", "Galang"]
    notices = [site_notice(incident=i, site=f"s{i}", site_name=name) for i, name in enumerate(places, start=20)]
    message = COMPOSER.compose(letter(*notices), recipient())
    assert message.subject == "[PADAM] 5 sekaligus: Batu Aji, Bengkong, Galang, 2 lainnya"
    for i, place in enumerate(places, start=20):
        assert f"* {place}: Semua kamera di lokasi padam bersamaan" in message.text
        assert f"/ack?i={i}&" in message.text
        assert place in message.html
    assert message.text.startswith("5 gangguan mulai pada waktu yang hampir sama.")


def test_a_digest_tells_of_each_outage_once_by_what_it_came_to() -> None:
    notices = (
        camera_notice(incident=1),
        site_notice(incident=2),
        camera_notice(NoticeKind.RESOLVED, 1),
        maintenance(),
    )
    message = COMPOSER.compose(letter(*notices, form=Form.DIGEST), recipient())
    assert message.subject == "[RINGKASAN] 1 masih berlangsung, 1 sudah pulih"
    text = message.text
    going_on, over, to_come = map(text.index, ("Masih berlangsung:", "Sudah selesai:", "Akan datang:"))
    assert text.index("- Simpang Kabil: semua kamera") > going_on
    assert over < text.index("- Simpang Kabil / Kamera Timur: gambar diam membeku, 24") < to_come
    assert text.count("Kamera Timur") == 1
    assert text.count("/ack?i=2&") == 1
    assert "/ack?i=1&" not in text


def test_the_last_good_picture_stands_beside_the_present_one(tmp_path: Path) -> None:
    class Album:
        def latest(self, site: str, camera: str) -> Path | None:
            return self.path(site, camera, "latest", SINCE_MS)

        def latest_good(self, site: str, camera: str) -> Path | None:
            return self.path(site, camera, "good", SINCE_MS - 600_000)

        def path(self, site: str, camera: str, name: str, taken_ms: int) -> Path:
            path = tmp_path / f"{site}-{camera}-{name}"
            path.write_bytes(name.encode())
            os.utime(path, (taken_ms / 1000, taken_ms / 1000))
            return path

    message = COMPOSER.compose(letter(camera_notice()), recipient(), Album())
    assert [(picture.name, picture.jpeg, picture.caption) for picture in message.pictures] == [
        ("simpang-kabil-timur-good.jpg", b"good", "Gambar baik terakhir, 24 November 2026 pukul 14.54 WIB"),
        ("simpang-kabil-timur-now.jpg", b"latest", "Gambar terbaru, 24 November 2026 pukul 15.04 WIB"),
    ]
    assert message.html.index("cid:simpang-kabil-timur-good.jpg") < message.html.index(
        "cid:simpang-kabil-timur-now.jpg"
    )
    over = COMPOSER.compose(letter(camera_notice(NoticeKind.RESOLVED)), recipient(), Album())
    assert [picture.jpeg for picture in over.pictures] == [b"latest"]
    assert COMPOSER.compose(letter(site_notice()), recipient(), Album()).pictures == ()


@pytest.mark.parametrize("form", list(Form))
def test_a_template_that_fails_leaves_plain_lines(tmp_path: Path, form: Form) -> None:
    for path in TEMPLATES.iterdir():
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / f"{form}.txt.j2").write_text("{{ nonsense.of.mine }}")
    message = Composer(links(), templates=tmp_path).compose(letter(camera_notice(), form=form), recipient())
    assert "Kamera Timur" in message.subject or form is Form.DIGEST
    assert "Lokasi: Simpang Kabil" in message.text
    assert "Pemilik: Dinas Perhubungan" in message.text
    assert "Saya tangani: https://pantau.example/ack?" in message.text
    assert message.html == ""


def test_without_a_public_address_there_is_no_link_that_leads_nowhere() -> None:
    message = Composer(links(None)).compose(letter(camera_notice()), recipient())
    assert (message.acknowledge, "Saya tangani" in message.text, "Halaman pantauan" in message.html) == (
        "",
        False,
        False,
    )


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 detik"),
        (45_999, "45 detik"),
        (60_000, "1 menit"),
        (61_000, "1 menit 1 detik"),
        (3_600_000, "1 jam"),
        (3_601_000, "1 jam"),
        (90_061_000, "1 hari 1 jam"),
        (-5, "0 detik"),
    ],
)
def test_a_duration_in_its_two_largest_units(ms: int, text: str) -> None:
    assert duration(ms, words("id")) == text
