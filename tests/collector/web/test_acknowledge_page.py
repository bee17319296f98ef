"""The page behind the link in a notice, over HTTP, with a real store."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from pantau_collector.fleet.view import CityView
from pantau_collector.incidents.acknowledgement import Acknowledgement, AcknowledgementRequest
from pantau_collector.incidents.incident import Incident
from pantau_collector.notices.links import Links
from pantau_collector.notices.notice import Notice
from pantau_collector.pictures import PictureFiles
from pantau_collector.store import Store, incident_rows, request_rows
from pantau_collector.web import create_app
from pantau_collector.web.acknowledge_page import AcknowledgePage
from tests.collector.notices.examples import SINCE_MS, camera_notice, recipient

NOW_MS = SINCE_MS + 60_000
INCIDENT = Incident(12, "kabil", "timur", "frozen", ("timur",), SINCE_MS, SINCE_MS, 3.0)


class Desk:
    """The web application, a store with one incident, and a client that follows links."""

    def __init__(self, folder: Path) -> None:
        self.now_ms = NOW_MS
        self.store = Store.at(folder / "store.sqlite")
        self.put(INCIDENT)
        self.links = Links(
            public_url="https://pantau.example", secret=lambda: b"s", valid_s=3600, time_ms=lambda: self.now_ms
        )
        people = [recipient(id="ani", name="Ani"), recipient(id="ben", language="en", zone="Asia/Makassar")]
        page = AcknowledgePage(
            self.store,
            self.links,
            {each.id: each for each in people},
            lambda incident: f"{incident.site} / {incident.camera}",
            lambda: self.now_ms,
        )
        city = CityView(NOW_MS, (), ())
        pictures = PictureFiles(folder / "pictures", time_ms=lambda: NOW_MS)
        self.client = TestClient(create_app(lambda: city, pictures, acknowledge_page=page))

    def put(self, incident: Incident) -> None:
        with self.store.begin() as connection:
            incident_rows.save_incidents(connection, [incident], [])

    def link(self, who: str = "ani", notice: Notice | None = None) -> str:
        url = self.links.acknowledge(notice or camera_notice(), who)
        return urlsplit(url)._replace(scheme="", netloc="").geturl()

    def requests(self) -> list[AcknowledgementRequest]:
        with self.store.begin() as connection:
            return request_rows.load_pending(connection)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def test_following_the_link_shows_the_outage_and_changes_nothing(desk: Desk) -> None:
    for _ in range(3):
        answer = desk.client.get(desk.link())
    assert answer.status_code == 200
    for words in ("kabil / timur", "Gambar diam membeku", "15.04 WIB", "Saya tangani"):
        assert words in answer.text
    assert re.findall(r'<option value="(\d*)"( selected)?>', answer.text) == [
        ("1", ""),
        ("4", " selected"),
        ("24", ""),
        ("", ""),
    ]
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert desk.requests() == []


def test_the_page_speaks_the_recipients_language_in_its_zone(desk: Desk) -> None:
    answer = desk.client.get(desk.link("ben"))
    for words in ('lang="en"', "The picture stands still", "16:04 WITA", "I take it"):
        assert words in answer.text


@pytest.mark.parametrize(
    ("hours", "until_ms"), [("1", NOW_MS + 3_600_000), ("24", NOW_MS + 86_400_000), ("", None)]
)
def test_the_button_takes_it_for_as_long_as_chosen(desk: Desk, hours: str, until_ms: int | None) -> None:
    answer = desk.client.post(desk.link(), data={"hours": hours})
    assert answer.status_code == 200
    assert "Tercatat: ditangani oleh Ani." in answer.text
    assert desk.requests() == [AcknowledgementRequest(1, 12, "Ani", NOW_MS, until_ms, withdrawn=False)]


def test_pressing_twice_does_no_harm(desk: Desk) -> None:
    for _ in range(2):
        assert desk.client.post(desk.link(), data={"hours": "4"}).status_code == 200
    assert len(desk.requests()) == 1


def test_pressing_again_after_it_was_taken_up_does_no_harm_but_another_may_take_over(desk: Desk) -> None:
    desk.put(replace(INCIDENT, acknowledged=Acknowledgement("Ani", NOW_MS)))
    assert "Sudah ditangani oleh Ani." in desk.client.get(desk.link()).text
    assert desk.client.post(desk.link(), data={"hours": "4"}).status_code == 200
    assert desk.requests() == []
    desk.client.post(desk.link("ben"), data={"hours": "4"})
    assert [request.by for request in desk.requests()] == ["ben"]


def test_what_is_over_needs_nobody(desk: Desk) -> None:
    desk.put(replace(INCIDENT, resolved_ms=NOW_MS))
    for answer in (desk.client.get(desk.link()), desk.client.post(desk.link(), data={"hours": "4"})):
        assert (answer.status_code, "sudah selesai" in answer.text, "<form" in answer.text) == (200, True, False)
    assert desk.requests() == []


def test_a_link_that_is_not_valid_gets_a_page_that_says_so(desk: Desk) -> None:
    link = desk.link()
    for wrong in (link[:-1], link.replace("i=12", "i=13"), "/ack", "/ack?i=1"):
        for answer in (desk.client.get(wrong), desk.client.post(wrong, data={"hours": "4"})):
            assert answer.status_code == 403
            assert "Tautan ini tidak sah" in answer.text
    assert desk.requests() == []


def test_a_link_that_is_too_old_gets_a_page_that_says_so(desk: Desk) -> None:
    link = desk.link("ben")
    desk.now_ms += 3_601_000
    answer = desk.client.post(link, data={"hours": "4"})
    assert answer.status_code == 410
    assert "This link is too old" in answer.text
    assert desk.requests() == []


def test_a_number_that_a_restored_store_gave_again_is_not_taken_for_the_old_outage(desk: Desk) -> None:
    old = camera_notice(since_ms=SINCE_MS - 1)
    assert desk.client.post(desk.link(notice=old), data={"hours": "4"}).status_code == 404
    assert desk.client.post(desk.link(notice=camera_notice(incident=99)), data={}).status_code == 404
    assert desk.requests() == []


@pytest.mark.parametrize("body", ["hours=7", "hours=x", "hours=" + "1" * 3000])
def test_a_form_that_is_not_ours_is_refused(desk: Desk, body: str) -> None:
    assert desk.client.post(desk.link(), content=body).status_code == 400
    assert desk.requests() == []


def test_what_cannot_be_kept_is_told(desk: Desk) -> None:
    with desk.store.begin() as connection:
        connection.exec_driver_sql("DROP TABLE requests")
    answer = desk.client.post(desk.link(), data={"hours": "4"})
    assert answer.status_code == 503
    assert "Belum dapat dicatat" in answer.text
