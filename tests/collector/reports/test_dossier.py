"""Dossiers of outages that are hard to show: of thousands of cameras, without places, without anything."""

import re
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from pantau_collector.attribution import Decision
from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.model import InventoryCamera, InventorySite
from pantau_collector.ledger import Bucket, Evidence, Interval
from pantau_collector.paper.figure import Circle, Rect, Text
from pantau_collector.paper.html import to_html
from pantau_collector.paper.pdf import to_pdf
from pantau_collector.reports.dossier import Dossier, IncidentRecord, Place, assemble_dossier
from pantau_collector.reports.dossier_map import HEIGHT, MAX_NAMES, WIDTH, outage_map
from pantau_collector.reports.dossier_pages import MAX_CAMERAS, dossier_pages
from pantau_collector.reports.number_text import NumberText
from pantau_collector.reports.outage_views import NO_PICTURES
from pantau_collector.store.incident_rows import TimelineStep
from pantau_contract.states import State
from pantau_contract.words import words
from tests.collector.reports.october import HOUR_MS, at

BEGAN, ENDED = at(3, 4), at(3, 6)
ZONE = ZoneInfo("Asia/Jakarta")


def interval(from_ms: int, to_ms: int, bucket: Bucket, at_site: Bucket | None = None) -> Interval:
    return Interval(from_ms, to_ms, bucket, bucket, at_site or bucket, State.UNKNOWN, None, Evidence.BACKLOG)


def dark(site: str, from_ms: int, to_ms: int, cameras: int = 3000) -> dict[str, list[Interval]]:
    """Return that the line was cut for an hour, and the cameras were well at their site."""
    assert site == "kabil"
    middle = from_ms + HOUR_MS
    its = [interval(from_ms, middle, Bucket.LINK, Bucket.WORKING), interval(middle, to_ms, Bucket.WORKING)]
    return {f"c{i}": its for i in range(cameras)}


def inventory(*, with_places: bool = True) -> Inventory:
    site = InventorySite(id="kabil", name="Simpang Kabil")
    if with_places:
        site = site.model_copy(update={"latitude": 1.05, "longitude": 104.03})
    cameras = [
        InventoryCamera(site="kabil", id=f"c{i}", latitude=1 + i % 60 / 1000, longitude=104 + i // 60 / 1000)
        if with_places
        else InventoryCamera(site="kabil", id=f"c{i}")
        for i in range(3010)
    ]
    return Inventory(sites=[site], cameras=cameras)


def dossier(cameras: int = 3000, *, with_places: bool = True, resolved_ms: int | None = ENDED) -> Dossier:
    members = tuple(f"c{i}" for i in range(cameras))
    about = Incident(5, "kabil", None, "site_dark", members, BEGAN, BEGAN + 60_000, 0.0, resolved_ms=resolved_ms)
    record = IncidentRecord(about)
    return assemble_dossier(record, "Simpang Kabil", inventory(with_places=with_places), dark, now_ms=at(4))


def page(made: Dossier) -> str:
    return to_html(dossier_pages(made, words("en"), ZONE, NO_PICTURES)).decode()


def test_thousands_of_cameras_are_bounded_and_clear() -> None:
    made = dossier()
    assert made.ms == {Bucket.WORKING: 3000 * HOUR_MS, Bucket.LINK: 3000 * HOUR_MS}
    assert made.well_at_site_ms == 3000 * HOUR_MS
    assert len(made.around) == 10
    [proof] = made.proofs
    assert (proof.cameras, proof.ms, proof.from_ms, proof.to_ms) == (3000, 3000 * HOUR_MS, BEGAN, BEGAN + HOUR_MS)
    content = to_pdf(dossier_pages(made, words("en"), ZONE, NO_PICTURES))
    reader = PdfReader(BytesIO(content), strict=True)
    assert len(reader.pages) < 15
    assert len(content) < 500_000
    text = page(made)
    assert f"{MAX_CAMERAS} of 3,000 are shown here." in text
    assert MAX_CAMERAS == 200
    assert "180,000 minutes of the lost time were unseen by the control room alone" in text
    assert "3,000 of the cameras are on the map; 0 have no coordinates" in text


def test_without_places_pictures_notices_and_decisions_it_says_so() -> None:
    text = page(dossier(2, with_places=False))
    for said in ("No map: neither", "No picture from before or after", "Nobody has been told.", "by nobody"):
        assert said in text, said


def test_of_an_open_outage_the_time_is_counted_up_to_now() -> None:
    made = dossier(1, resolved_ms=None)
    assert (made.is_open, made.to_ms) == (True, at(4))
    assert "goes on at 4 Oct 2026 00:00:00 WIB" in page(made)


def test_an_outage_that_the_ledger_knows_nothing_of_is_a_dossier_too() -> None:
    about = Incident(5, "kabil", "c1", "stalled", ("c1",), BEGAN, BEGAN, 0.0, resolved_ms=ENDED)
    made = assemble_dossier(IncidentRecord(about), "Kabil", Inventory(), lambda *_: {}, now_ms=at(4))
    assert made.cameras[0].lost_ms == 0
    assert "The ledger knows of no lost time in this outage." in page(made)


def test_what_people_decided_about_it_counts() -> None:
    about = Incident(5, "kabil", None, "site_dark", ("c1", "c2"), BEGAN, BEGAN, 0.0, resolved_ms=ENDED)
    before = {("kabil", "c1"): {Bucket.LINK: HOUR_MS}}
    decision = Decision(
        4, 5, (("kabil", "c1"),), BEGAN, ENDED, Bucket.THIRD_PARTY, "PT Galian", "cut", "Ani", at(5), before
    )
    record = IncidentRecord(about, decisions=[decision])
    made = assemble_dossier(record, "Kabil", inventory(), dark, now_ms=at(4))
    assert made.ms == {Bucket.WORKING: 2 * HOUR_MS, Bucket.LINK: HOUR_MS, Bucket.THIRD_PARTY: HOUR_MS}
    assert made.well_at_site_ms == 2 * HOUR_MS


def test_cameras_that_were_part_of_it_for_a_time_are_in_it() -> None:
    about = Incident(5, "kabil", None, "site_dark", ("c1",), BEGAN, BEGAN, 0.0, resolved_ms=ENDED)
    steps = [
        TimelineStep(BEGAN, "opened", "site_dark", ("c1", "c2")),
        TimelineStep(ENDED, "changed", "x", ("c1",)),
    ]
    made = assemble_dossier(IncidentRecord(about, steps), "Kabil", inventory(), dark, now_ms=at(4))
    assert [each.camera for each in made.cameras] == ["c1", "c2"]


@pytest.mark.parametrize(
    "places",
    [
        [Place("one", 1.05, 104.03)],
        [Place("same", 1.05, 104.03)] * 900,
        [Place(f"p{i}", 1 + i / 1000, 104 - i / 1000) for i in range(200)],
        [Place("north", 89.9, 179.9), Place("south", -89.9, -179.9)],
        [Place("near", 0, 0), Place("far", 0, 0.000001)],
    ],
)
def test_every_mark_lies_on_the_map(places: list[Place]) -> None:
    text = NumberText(words("en"), ZONE)
    figure = outage_map(places, places[:5], words("en"), text, without=0)
    for shape in figure.shapes:
        if isinstance(shape, Rect | Circle | Text):
            assert -1 <= shape.x <= WIDTH + 1
            assert -1 <= shape.y <= HEIGHT + 14
    assert sum(isinstance(shape, Text) and not shape.bold for shape in figure.shapes) < MAX_NAMES + 60
    scale = [
        shape.text
        for shape in figure.shapes
        if isinstance(shape, Text) and re.fullmatch(r"[125][0,]* k?m", shape.text)
    ]
    assert len(scale) == 1


def test_a_hundred_metres_are_as_long_as_the_scale_says() -> None:
    text = NumberText(words("en"), ZONE)
    down = [Place("a", 0.0, 104.0), Place("b", 0.0, 104.0 + 1000 / 111_320)]
    figure = outage_map(down, [], words("en"), text, without=0)
    marks = [shape for shape in figure.shapes if isinstance(shape, Rect) and shape.fill == "#d55e00"][:2]
    kilometre = abs(marks[1].x - marks[0].x)
    [(bar, label)] = [
        (shape, other.text)
        for shape in figure.shapes
        if hasattr(shape, "points") and len(shape.points) == 4 and shape.points[0][0] == 16
        for other in figure.shapes
        if isinstance(other, Text) and other.text.endswith(" m")
    ]
    length = bar.points[2][0] - bar.points[1][0]
    assert length / kilometre * 1000 == pytest.approx(float(label.removesuffix(" m")))


def test_the_dossier_has_no_instructions_in_its_names() -> None:
    made = replace(dossier(1), place="<img src=x onerror=alert(1)>\u202e")
    assert "<img" not in page(made)
    assert "\u202e" not in page(made)
