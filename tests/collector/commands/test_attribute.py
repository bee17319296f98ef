"""`attribute`: what it shows and asks, what it refuses, and that the ledger and the list show what was decided."""

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import Facts
from pantau_collector.store import closed_rows, incident_rows
from pantau_contract.states import State
from tests.collector.commands.command import call, called_json, configured
from tests.collector.commands.state import incident, state
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite

HOUR, HOUR_MS = 3600, 3_600_000
DOWN_MS, UP_MS = EPOCH_MS + HOUR_MS, EPOCH_MS + 3 * HOUR_MS
CUT = ("--to", "third_party", "--party", "PT Galian", "--reason", "excavator", "--by", "Ani")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Two cameras of site kabil were down for two hours: incident 1."""
    site = SimulatedSite("kabil", ("gate", "pole"), interval_s=60)
    site.run(HOUR)
    site.set(State.DOWN)
    site.run(2 * HOUR)
    site.set(State.OK)
    site.run(HOUR)
    facts = Facts()
    for record in site.records:
        facts.add(record)
    known = replace(
        incident(camera=None, cause="site_dark"), since_ms=DOWN_MS, opened_ms=DOWN_MS, resolved_ms=UP_MS
    )
    with state(tmp_path) as connection:
        Book(connection).enter(connection, facts)
        incident_rows.save_incidents(connection, [known], [])
    return configured(tmp_path)


def test_it_shows_whose_the_time_is_and_does_nothing_without_a_yes(config: Path) -> None:
    done = call("attribute", "1", *CUT, "--language", "en", "--config", config)
    assert done.exit_code == 1
    told = " ".join(done.stdout.split())
    assert "Incident 1, 2026-09-21 22:11 WIB - 2026-09-22 00:15 WIB. Its lost time is:" in told
    assert "down: recorder or switch 2 04:00:00" in told
    assert told.endswith("It becomes: third party (PT Galian)")
    assert called_json("attribute", "list", "--config", config) == []


def test_what_is_decided_is_listed_and_the_ledger_shows_it(config: Path) -> None:
    made = called_json("attribute", "1", *CUT, "--camera", "kabil/gate", "--yes", "--config", config)
    assert (made["id"], made["to"], made["cameras"], made["closed"]) == (1, "third_party", ["kabil/gate"], [])
    assert made["before"] == {"kabil/gate": {"device": 2 * HOUR_MS}}
    assert abs(made["created_ms"] - time.time() * 1000) < 60_000
    [listed] = called_json("attribute", "list", "--config", config)
    assert listed == {key: value for key, value in made.items() if key != "closed"}
    times = ("--from", "2026-09-21", "--to", "2026-09-22 02:00", "--config", config)
    shown = called_json("ledger", "kabil/gate", *times)
    assert shown["ms"]["third_party"] == 2 * HOUR_MS
    [moved] = [each for each in shown["intervals"] if each["decision"] is not None]
    assert (moved["bucket"], moved["moved_from"], moved["decision"]) == ("third_party", "device", 1)
    assert called_json("ledger", "kabil/pole", *times)["ms"]["third_party"] == 0
    text = " ".join(call("ledger", "kabil/gate", *times, "--language", "en").stdout.split())
    assert (
        "decision 1; by the evidence down: recorder or switch: all cameras of the site were down together" in text
    )


def test_it_is_taken_back_by_another_decision(config: Path) -> None:
    call("attribute", "1", *CUT, "--yes", "--config", config)
    back = ("--to", "evidence", "--reason", "it was the switch", "--by", "Budi", "--yes")
    assert call("attribute", "1", *back, "--language", "id", "--config", config).exit_code == 0
    first, second = called_json("attribute", "list", "--config", config)
    assert (first["to"], second["to"], second["party"]) == ("third_party", "evidence", "")
    assert second["before"]["kabil/pole"] == {"third_party": 2 * HOUR_MS}
    text = " ".join(call("attribute", "list", "--language", "id", "--config", config).stdout.split())
    assert "menurut bukti" in text
    assert len(called_json("attribute", "list", "--until", "2026-09-21", "--config", config)) == 0
    assert len(called_json("attribute", "list", "--from", "2026-09-22", "--config", config)) == 2


def test_the_incident_shows_what_was_decided_about_it(config: Path) -> None:
    nothing = call("incidents", "show", "1", "--language", "en", "--config", config).stdout
    call("attribute", "1", *CUT, "--yes", "--config", config)
    text = call("incidents", "show", "1", "--language", "en", "--config", config).stdout
    assert [("Decided about its lost time" in each, "excavator" in each) for each in (nothing, text)] == [
        (False, False),
        (True, True),
    ]
    shown = called_json("incidents", "show", "1", "--config", config)["decisions"]
    assert shown == called_json("attribute", "list", "--config", config)


def test_a_month_that_was_closed_is_named(config: Path, tmp_path: Path) -> None:
    with state(tmp_path) as connection:
        for month in ("2026-08", "2026-09"):
            closed_rows.save_closed(connection, closed_rows.ClosedMonth(month, "Asia/Jakarta", 0, "Ani", "1"), [])
    done = call("attribute", "1", *CUT, "--yes", "--language", "en", "--config", config)
    assert "2026-09 is closed: this will appear as a correction of it." in done.stdout
    assert "2026-08" not in done.stdout
    assert called_json("attribute", "1", *CUT, "--yes", "--config", config)["closed"] == ["2026-09"]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("2", *CUT), 1, "there is no incident 2"),
        (("x", *CUT), 2, "expected an incident's number, as `incidents --all` has it, or `list`; got 'x'"),
        (("1", *CUT, "--to", "third_patry"), 2, "did you mean `third_party`?"),
        (("1", "--by", "Ani", "--reason", "x"), 2, "--to: expected one of working, below_standard, "),
        (("1", *CUT, "--camera", "gate"), 2, "--camera: expected SITE/CAMERA, got 'gate'"),
        (
            ("1", *CUT, "--camera", "kabil/gat"),
            2,
            "incident 1 has no camera `kabil/gat`; did you mean `kabil/gate`?",
        ),
        (("1", *CUT, "--by", "a\x07"), 2, "by: expected one line of printable characters"),
        (("1", *CUT, "--from", "2026-09-20"), 2, "from: expected a time within incident 1, which lasted from"),
        (("1", *CUT, "--from", "2026-09-22 00:13:30"), 1, "was lost, so there is nothing to move"),
    ],
)
def test_what_is_wrong_is_said(config: Path, arguments: tuple[str, ...], code: int, text: str) -> None:
    done = call("attribute", *arguments, "--yes", "--config", config)
    assert (done.exit_code, text in done.stderr) == (code, True), done.stderr
    assert called_json("attribute", "list", "--config", config) == []
