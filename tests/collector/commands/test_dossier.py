"""The dossier of an outage, by the command, from a real state."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from pantau_collector.data_dir import DataDir
from pantau_collector.incidents.acknowledgement import Acknowledgement
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.outage_pictures import Moment, OutagePicture, OutagePictureRules, OutagePictures
from pantau_collector.store import Store, incident_rows, request_rows
from pantau_collector.store.schema import notices, outbox
from tests.collector.attribution.test_propose import CUT, DOWN_MS, NOW_MS, UP_MS, city_in, incident
from tests.collector.commands.command import call, called_json, configured
from tests.collector.intake.messages import about, jpeg

INVENTORY = """
[[owner]]
id = "dishub"
name = "Dinas Perhubungan"
[[maintainer]]
id = "andalan"
name = "PT Andalan"
[[uplink]]
id = "tower"
name = "Menara <b>Kabil</b>"
[[site]]
id = "kabil"
name = "Simpang Kabil"
uplink = "tower"
owner = "dishub"
maintainer = "andalan"
latitude = 1.0456
longitude = 104.0305
[[site]]
id = "nongsa"
name = "Nongsa"
uplink = "tower"
[[camera]]
site = "kabil"
id = "gate"
name = "Gerbang"
latitude = 1.0461
longitude = 104.0312
[[camera]]
site = "kabil"
id = "pole"
[[camera]]
site = "kabil"
id = "far"
[[camera]]
site = "nongsa"
id = "gate"
"""
TAKEN_MS = DOWN_MS + 300_000


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write the state of a collector with one outage of an uplink, in which a person has decided."""
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    store = Store.at(DataDir(tmp_path / "data").store)
    city = city_in(store)
    taken = replace(incident(), acknowledged=Acknowledgement("Budi", TAKEN_MS))
    steps = [
        Transition(TransitionKind.OPENED, taken, taken.opened_ms),
        Transition(TransitionKind.ACKNOWLEDGED, taken, TAKEN_MS + 900),
        Transition(TransitionKind.RESOLVED, taken, UP_MS + 60_000),
    ]
    with store.begin() as connection:
        incident_rows.save_incidents(connection, [taken], steps)
        request_rows.acknowledge(connection, 1, "Budi", None, created_ms=TAKEN_MS)
        told = {"incident": 1, "kind": "opened", "step": "", "recipient": "noc", "ready_ms": 0, "held": False}
        connection.execute(notices.insert(), [{**told, "created_ms": 0, "letter": 7, "notice_json": "{}"}])
        letter = {"letter": 7, "form": "single", "kind": "opened", "incidents_json": "[1]", "recipient": "noc"}
        sent = {"channel": "mail", "status": "sent", "attempts": 1, "error": ""}
        times = {"created_ms": taken.opened_ms, "finished_ms": taken.opened_ms + 2000}
        connection.execute(outbox.insert(), [letter | sent | times])
    city.decide(CUT, now_ms=NOW_MS)
    store.close()
    return configured(tmp_path, inventory="inventory.toml")


def text_of(pdf: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(pdf, strict=True).pages).split())


def test_it_holds_what_a_claim_needs(config: Path, tmp_path: Path) -> None:
    kept = OutagePictures(DataDir(tmp_path / "data").outage_pictures, OutagePictureRules())
    picture = about(DOWN_MS - 60_000, camera="gate", site="kabil")
    kept.keep(1, Moment.BEFORE, "kabil", "gate", OutagePicture(jpeg(picture), picture.time))
    out = tmp_path / "claim.pdf"
    told = called_json("dossier", "1", "--out", out, "--config", config, "--language", "en")
    assert (told["out"], told["incident"], told["cameras"], told["open"]) == (str(out), 1, 3, False)
    text = text_of(out)
    for said in (
        "Outage dossier: incident 1",
        "Menara <b>Kabil</b> (0 sites)",
        "21 Sep 2026 22:13:20 WIB",  # DOWN_MS
        "2 h 1 min",
        "360.0",  # three cameras for two hours
        "Budi took it",
        "noc was told by mail",
        "decision 1 by Ani: third party",
        "Dinas Perhubungan",
        "PT Andalan",
        "Simpang Kabil / Gerbang",
        "the excavator at KM 4",
        "PT Galian",
        "Where the cameras stand",
        "2 of the cameras are on the map; 1 have no coordinates",
        "all cameras of the site were down together",
        "Last good picture before, 21 Sep 2026 22:12:20 WIB",
        "no picture from afterwards is kept",
        "sent, 21 Sep 2026 22:14:52 WIB",
    ):
        assert said in text, said
    assert out.stat().st_mode & 0o077 == 0


def test_as_a_page_in_indonesian(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "claim.html"
    done = call("dossier", "1", "--out", out, "--config", config, "--language", "id")
    assert done.exit_code == 0, done.output
    assert "Berkas gangguan: insiden 1" in done.stdout
    page = out.read_text("utf-8")
    assert "Menara &lt;b&gt;Kabil&lt;/b&gt;" in page
    assert "1 kamera tanpa koordinat" not in page
    assert "Budi menanganinya" in page
    assert "360,0" in page


def test_the_same_state_gives_the_same_bytes(config: Path, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf", "a.html", "b.html"):
        assert call("dossier", "1", "--out", tmp_path / name, "--config", config).exit_code == 0
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_what_cannot_be_made_is_said(config: Path, tmp_path: Path) -> None:
    gone = call("dossier", "99", "--out", tmp_path / "a.pdf", "--config", config)
    assert gone.exit_code == 1
    assert "there is no incident 99; one that is over is kept for 400 days" in gone.stderr
    for command in (
        ("dossier", "--out", "a.pdf"),
        ("incidents", "show"),
        ("ack", "--by", "x"),
        ("outbox", "retry"),
    ):
        beyond = call(*command, "9" * 23, "--config", config)
        assert (beyond.exit_code, "less than or equal to" in beyond.stderr) == (2, True), beyond.output
    wrong = call("dossier", "1", "--out", tmp_path / "a.docx", "--config", config)
    assert wrong.exit_code == 2
    assert "expected a name that ends in .pdf or .html" in wrong.stderr
    nowhere = call("dossier", "1", "--out", tmp_path / "no" / "a.pdf", "--config", config)
    assert nowhere.exit_code == 1
    assert "cannot be written: No such file or directory" in nowhere.stderr


def test_an_outage_that_goes_on_is_described_up_to_now(config: Path, tmp_path: Path) -> None:
    store = Store.at(DataDir(tmp_path / "data").store)
    with store.begin() as connection:
        incident_rows.save_incidents(connection, [incident(resolved_ms=None)], [])
    store.close()
    told = called_json("dossier", "1", "--out", tmp_path / "a.pdf", "--config", config, "--language", "en")
    assert told["open"]
    assert "goes on" in text_of(tmp_path / "a.pdf")
