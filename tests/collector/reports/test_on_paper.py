"""A report by the command, on paper, out of a real state; and its page in a real browser."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from pantau_collector.data_dir import DataDir
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.outage_pictures import Moment, OutagePicture, OutagePictureRules, OutagePictures
from pantau_collector.reports.html import render_html
from pantau_collector.store import incident_rows
from pantau_contract.words import words
from tests.collector.commands.command import call, configured
from tests.collector.intake.messages import about, jpeg
from tests.collector.reports.october import CONTRACT, Album
from tests.collector.reports.october import at as of_october
from tests.collector.reports.small_city import SmallCity
from tests.collector.web.browser import PHONE, browsing, chromium, new_page


def test_the_month_is_written_as_pdf_unless_something_else_is_asked_for(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call(
        "report", "--month", "2026-10", "--by", "site", "--config", configured(tmp_path), "--language", "id"
    )
    assert done.exit_code == 0, done.output
    [written] = tmp_path.glob("*.pdf")
    first = " ".join(PdfReader(BytesIO(written.read_bytes()), strict=True).pages[0].extract_text().split())
    assert "Ketersediaan kamera, Oktober 2026" in first
    total = city.maker().city("site").total
    assert f"{total.online.percent()} %".replace(".", ",") in first


def test_the_pictures_of_outages_are_in_it(city: SmallCity, tmp_path: Path) -> None:
    outages = [each for each in city.maker().city("site").outages if each.site == "kabil"]
    longest = max(outages, key=lambda each: each.ms_in_period)
    times = (longest.from_ms, longest.from_ms + 60_000, 0.0, None, longest.to_ms)
    incident = Incident(9, longest.site, longest.camera, "stalled", (longest.camera,), *times)
    with city.store.begin() as connection:
        steps = [Transition(TransitionKind.OPENED, incident, incident.opened_ms)]
        incident_rows.save_incidents(connection, [incident], steps)
    kept = OutagePictures(DataDir(tmp_path / "data").outage_pictures, OutagePictureRules())
    picture = about(longest.from_ms - 60_000, site=longest.site, camera=longest.camera)
    kept.keep(9, Moment.BEFORE, longest.site, longest.camera, OutagePicture(jpeg(picture), picture.time))
    out = tmp_path / "october.html"
    done = call("report", "--month", "2026-10", "--config", configured(tmp_path), "--out", out)
    assert done.exit_code == 0, done.output
    assert out.read_text("utf-8").count("<img src=") == 1


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium() is None:
        pytest.skip("chromium is not installed")
    with browsing() as opened:
        yield opened


def test_the_page_asks_nobody_and_fits_a_phone(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "october.html"
    picture = (jpeg(about()), of_october(3))
    file.write_bytes(render_html(CONTRACT, words("id"), Album(before_17_cam1=picture)))
    page = new_page(browser, PHONE)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    assert [url for url in asked if not re.match("file:|data:image/jpeg", url)] == []
    assert said == []
    assert page.locator("svg").first.bounding_box() is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    assert page.get_by_role("table").count() == page.locator("table").count()
    assert page.get_by_role("heading", level=1).all_inner_texts() == ["Ketersediaan kamera, Oktober 2026"]
