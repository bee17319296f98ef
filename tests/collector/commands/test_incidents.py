from pathlib import Path

import pytest
from msgspec.structs import replace

from pantau_collector.incidents.acknowledgement import Acknowledgement
from pantau_collector.incidents.transition import TransitionKind
from pantau_collector.store import request_rows
from tests.collector.commands.command import call, called_json, configured
from tests.collector.commands.state import OPENED_MS, incident, save, state

INVENTORY = """
[[uplink]]
id = "telkom"
name = "Telkom Kabil"
[[site]]
id = "kabil"
name = "Simpang Kabil"
uplink = "telkom"
[[device]]
site = "kabil"
id = "sw1"
kind = "switch"
[[camera]]
site = "kabil"
id = "gate"
name = "Gerbang"
via = "sw1"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    with state(tmp_path):
        pass
    return configured(tmp_path, inventory="inventory.toml")


def test_the_open_ones_are_listed_with_place_cause_and_who_is_on_it(config: Path, tmp_path: Path) -> None:
    taken = Acknowledgement("Budi", OPENED_MS, OPENED_MS + 7_200_000)
    save(tmp_path, replace(incident(), acknowledged=taken, escalation=2), TransitionKind.OPENED)
    save(tmp_path, replace(incident(2, None, "device_down"), device="sw1", downtime="7"), TransitionKind.OPENED)
    save(tmp_path, replace(incident(3), resolved_ms=OPENED_MS + 1), TransitionKind.OPENED, TransitionKind.RESOLVED)
    lines = call("incidents", "--config", config, "--language", "en").stdout.splitlines()
    [first] = [line for line in lines if line.strip().startswith("1 ")]
    assert "2026-09-21 21:12 WIB" in first
    assert "Simpang Kabil / Gerbang" in first
    assert "stalled" in first
    assert "Budi, until 2026-09-21 23:13" in " ".join(line for line in lines if "Budi" in line)
    assert any("Simpang Kabil / sw1" in line and "device_down" in line for line in lines)
    assert not any(line.strip().startswith("3 ") for line in lines)


def test_with_all_those_that_are_over_are_listed_too(config: Path, tmp_path: Path) -> None:
    save(
        tmp_path,
        replace(incident(3), resolved_ms=OPENED_MS + 60_000),
        TransitionKind.OPENED,
        TransitionKind.RESOLVED,
    )
    assert [
        each["id"] for each in called_json("incidents", "--config", config, "--all", "--since", "2026-09-01")
    ] == [3]
    assert called_json("incidents", "--config", config, "--all", "--since", "2026-09-22") == []
    assert called_json("incidents", "--config", config) == []
    assert (
        "Tidak ada gangguan yang berlangsung" in call("incidents", "--config", config, "--language", "id").stdout
    )


def test_programs_get_what_is_kept_and_words_and_times(config: Path, tmp_path: Path) -> None:
    uplink = replace(
        incident(4, None, "uplink_down"), site="", uplink="telkom", sites=("kabil",), cameras=("kabil/gate",)
    )
    save(tmp_path, uplink, TransitionKind.OPENED)
    [told] = called_json("incidents", "--config", config, "--language", "en")
    assert told["where"] == "Telkom Kabil (1 site)"
    assert (told["cause"], told["since"]) == ("uplink_down", "2026-09-21T14:12:50+00:00")
    assert told["cameras"] == ["kabil/gate"]


def test_one_is_told_with_its_steps(config: Path, tmp_path: Path) -> None:
    save(tmp_path, incident(), TransitionKind.OPENED, TransitionKind.CHANGED, TransitionKind.ACKNOWLEDGED)
    told = call("incidents", "show", "1", "--config", config, "--language", "en").stdout
    assert "Where: Simpang Kabil / Gerbang" in told
    assert "2026-09-21 21:13 WIB  opened" in told
    assert "2026-09-21 21:14 WIB  changed: stalled, 1 camera" in told
    assert "2026-09-21 21:15 WIB  taken" in told
    assert [step["kind"] for step in called_json("incidents", "show", "1", "--config", config)["timeline"]] == [
        "opened",
        "changed",
        "acknowledged",
    ]
    missing = call("incidents", "show", "9", "--config", config)
    assert (missing.exit_code, missing.stderr) == (1, "there is no incident 9\n")


@pytest.mark.parametrize("kind", TransitionKind)
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_step_has_its_words(config: Path, tmp_path: Path, kind: TransitionKind, language: str) -> None:
    save(tmp_path, incident(), kind)
    assert call("incidents", "show", "1", "--config", config, "--language", language).exit_code == 0


def test_somebody_takes_it_for_a_time_and_gives_it_back(config: Path, tmp_path: Path) -> None:
    save(tmp_path, incident(), TransitionKind.OPENED)
    done = call("ack", "1", "--by", "Budi", "--for", "2h", "--config", config)
    assert done.exit_code == 0
    assert "Budi is on incident 1 until" in done.stdout
    assert call("ack", "1", "--by", "Budi", "--withdraw", "--config", config).exit_code == 0
    with state(tmp_path) as connection:
        taken, back = request_rows.load_pending(connection)
    assert (taken.incident, taken.by, taken.withdrawn) == (1, "Budi", False)
    assert taken.until_ms == taken.created_ms + 7_200_000
    assert back.withdrawn


@pytest.mark.parametrize(
    ("options", "status", "what"),
    [
        (["9", "--by", "Budi"], 1, "there is no incident 9"),
        (["2", "--by", "Budi"], 1, "incident 2 is over since 2026-09-21 21:14 WIB"),
        (["1", "--by", " "], 2, "--by: expected a name"),
        (["1", "--by", "Budi", "--until", "2026-01-01"], 2, "--until: expected a time to come"),
        (["1", "--by", "Budi", "--until", "22:00", "--for", "2h"], 2, "expected --until or --for, not both"),
        (["1", "--by", "Budi", "--timezone", "WIB"], 2, "--timezone: expected one such as Asia/Jakarta"),
    ],
)
def test_what_cannot_be_taken_is_told(
    config: Path, tmp_path: Path, options: list[str], status: int, what: str
) -> None:
    save(tmp_path, incident(), TransitionKind.OPENED)
    save(
        tmp_path,
        replace(incident(2), resolved_ms=OPENED_MS + 60_000),
        TransitionKind.OPENED,
        TransitionKind.RESOLVED,
    )
    done = call("ack", *options, "--config", config)
    assert done.exit_code == status
    assert what in done.stderr


def test_where_no_collector_has_run_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    config = configured(tmp_path)
    done = call("incidents", "--config", config)
    assert done.exit_code == 1
    assert "there is no state yet, or this user may not see it" in done.stderr
    assert not (tmp_path / "data").exists()
