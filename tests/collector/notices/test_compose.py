from pathlib import Path

import pytest

from pantau_collector.notices.compose import Composer
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.phrases import duration
from pantau_contract.words import words
from tests.collector.notices.facts import camera_notice, recipient, site_notice

COMPOSER = Composer(public_url="https://pantau.example")


def test_an_outage_says_what_where_since_when_what_to_do_and_whose_it_is() -> None:
    message = COMPOSER.compose(camera_notice(), recipient())
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
        "Insiden 12",
    ):
        assert line in message.text.splitlines(), message.text
    assert "no change for 90 s &lt;&amp;&gt;" in message.html
    assert "Dinas Perhubungan" in message.html


def test_an_outage_in_english() -> None:
    message = COMPOSER.compose(camera_notice(), recipient(language="en"))
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
    assert when in COMPOSER.compose(camera_notice(), recipient(zone=zone)).text


def test_the_end_says_how_long_it_lasted() -> None:
    message = COMPOSER.compose(camera_notice(NoticeKind.RESOLVED), recipient())
    assert message.subject == "[PULIH] Simpang Kabil / Kamera Timur: gambar diam membeku (2 jam 5 menit)"
    assert "Kamera sudah berfungsi kembali" in message.text
    assert "Lamanya: 2 jam 5 menit" in message.text
    assert "Sampai: 24 November 2026 pukul 17.09 WIB" in message.text
    assert "Tindakan" not in message.text


def test_a_whole_site_lists_its_cameras_by_owner() -> None:
    message = COMPOSER.compose(site_notice(), recipient())
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


def test_a_template_that_fails_leaves_plain_lines(tmp_path: Path) -> None:
    (tmp_path / "opened.txt.j2").write_text("{{ nonsense.of.mine }}")
    message = Composer(templates=tmp_path).compose(camera_notice(), recipient())
    assert message.subject == "[PADAM] Simpang Kabil / Kamera Timur: gambar diam membeku"
    assert "Lokasi: Simpang Kabil" in message.text
    assert "Pemilik: Dinas Perhubungan" in message.text
    assert message.html == ""


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
