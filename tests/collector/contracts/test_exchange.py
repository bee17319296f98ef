"""Contracts go into a sheet and a file and come back as they were; a wrong sheet changes nothing."""

import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_collector import cli
from pantau_collector.contracts import Contract
from pantau_collector.contracts.import_plan import write_contracts
from pantau_collector.contracts.sheet import from_cells, rows_of, to_cells, values_of
from pantau_collector.settlement import Month
from pantau_collector.spreadsheet.keyed_table import read_keyed_table, write_keyed_table
from pantau_service.settings import ConfigError
from tests.collector.commands.command import call, called_json, configured
from tests.collector.settlement.random_months import contracts

EXAMPLES = Path(__file__).parents[3] / "collector"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for name in ("inventory", "contracts"):
        shutil.copy(EXAMPLES / f"{name}.example.toml", tmp_path / f"{name}.toml")
    return configured(tmp_path, inventory="inventory.toml", contracts="contracts.toml")


def loaded(config: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = called_json("contracts", "check", "--config", config)["contracts"]
    return found


@settings(max_examples=60, deadline=None)
@given(contracts(Month(2026, 10), "Asia/Makassar"))
def test_any_contract_comes_back_from_a_row_and_from_a_file(contract: Contract) -> None:
    assert Contract.model_validate(from_cells(to_cells(contract))) == contract
    again = tomllib.loads(tomli_w.dumps(values_of(contract)))
    assert Contract.model_validate(again) == contract
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contracts.d" / "x.toml"
        write_contracts(path, [contract], "x.csv")
        assert Contract.model_validate(tomllib.loads(path.read_text("utf-8"))["contract"][0]) == contract
        sheet = Path(folder) / "x.csv"
        write_keyed_table(sheet, "contracts", *rows_of([contract]))
        table = read_keyed_table(sheet, ("id",))
        assert Contract.model_validate(from_cells(table.values(table.rows[0]))) == contract


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_what_is_exported_is_imported_again(config: Path, tmp_path: Path, suffix: str) -> None:
    before = loaded(config)
    sheet = tmp_path / f"kontrak.{suffix}"
    assert call("contracts", "export", sheet, "--config", config).exit_code == 0
    assert "there is such a file already" in call("contracts", "export", sheet, "--config", config).output
    (tmp_path / "contracts.toml").write_text("", "utf-8")
    done = called_json("contracts", "import", sheet, "--into", "dishub", "--yes", "--config", config)
    assert done["written"] is True
    assert {each["what"] for each in done["changes"]} == {"added"}
    assert (tmp_path / "contracts.d" / "dishub.toml").stat().st_mode & 0o777 == 0o644
    assert loaded(config) == before
    again = called_json("contracts", "import", sheet, "--into", "dishub", "--yes", "--config", config)
    assert (again["written"], again["changes"]) == (False, [])


def sheet_of(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "kontrak.csv"
    path.unlink(missing_ok=True)
    header = list(dict.fromkeys(key for row in rows for key in row))
    write_keyed_table(path, "contracts", header, [[row.get(key, "") for key in header] for row in rows])
    return path


ROW = {
    "id": "cctv",
    "kind": "rent",
    "party": "telkom",
    "valid_from": "2020-01-01",
    "valid_to": "2199-12-31",
    "covers[1].owners": "dishub",
    "counts": "camera; device",
    "link": "at_site",
    "target": "98.5",
    "fee": "1000",
    "fee_per": "month",
    "penalties[1].kind": "availability",
    "penalties[1].tiers": "95-100: 0; 0-95: 2.5",
}


def imported(config: Path, *rows: dict[str, str], options: tuple[str, ...] = ("--yes",)) -> Any:
    return call("contracts", "import", sheet_of(config.parent, *rows), "--config", config, *options)


def test_changes_are_shown_and_what_is_not_in_the_sheet_stays_unless_it_is_to_go(config: Path) -> None:
    assert "+ cctv" in imported(config, ROW).output
    assert "fee: 1000 -> 2000" in imported(config, ROW | {"fee": "2000"}).output
    other = ROW | {"id": "lain", "kind": "other"}
    assert "cctv is not in the sheet, and stays" in imported(config, other).output
    assert {"cctv", "lain"} <= {each["id"] for each in loaded(config)}
    assert "- cctv" in imported(config, other, options=("--yes", "--remove")).output
    assert "cctv" not in {each["id"] for each in loaded(config)}


def test_nothing_is_written_without_a_yes_nor_in_a_dry_run(config: Path) -> None:
    for options, status in (((), 1), (("--dry-run",), 0)):
        done = imported(config, ROW, options=options)
        assert (done.exit_code, "+ cctv" in done.output) == (status, True)
        assert not (config.parent / "contracts.d").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"fee": "1.000.000"}, "row 2: fee: expected a number such as"),
        ({"penalties[1].tiers": "95-100: 0; 0-90: 2"}, "row 2: penalties[1].tiers: expected no hole"),
        ({"penalties[1].tiers": "95 sampai 100"}, "row 2: tiers: expected tiers such as `95-100: 0; 0-95: 2.5`"),
        ({"covers[1].owners": "dishup"}, "row 2.covers[1].owners: there is no owner `dishup`"),
        ({"covers[1].pemilik": "dishub"}, "row 2: covers[1].pemilik: there is no such key"),
        ({"biaya": "1"}, "row 2: biaya: there is no such key"),
        ({"kind": "maintenance"}, "expected no two contracts of kind `maintenance` for a camera"),
        ({"id": "metro-2026"}, "row 2.id: expected each id once, and `metro-2026` stands in"),
        ({"zone_by_tag": "wita"}, "row 2: zone_by_tag: expected such as `wita: Asia/Makassar`"),
    ],
)
def test_a_wrong_sheet_is_told_by_row_and_column_and_changes_nothing(
    config: Path, change: dict[str, str], told: str
) -> None:
    done = imported(config, ROW | change)
    assert done.exit_code == 2
    assert told in done.output
    assert not (config.parent / "contracts.d").exists()


def test_a_sheet_without_the_columns_and_a_damaged_file_are_told(config: Path, tmp_path: Path) -> None:
    assert "expected a row with the columns id, kind, party" in imported(config, {"nama": "x"}).output
    damaged = tmp_path / "kontrak.xlsx"
    damaged.write_bytes(b"PK\x03\x04nonsense")
    assert call("contracts", "import", damaged, "--yes", "--config", config).exit_code == 2


@given(st.sampled_from(["=1+1", "+x", "@x", "-x"]))
def test_no_cell_begins_as_a_formula(name: str) -> None:
    contract = Contract.model_validate(from_cells(ROW) | {"name": name})
    with pytest.raises(ConfigError, match="'cctv': name: a sheet cannot hold it, because it begins as a formula"):
        to_cells(contract)


def test_what_has_a_separator_in_it_is_not_exported() -> None:
    contract = Contract.model_validate(from_cells(ROW) | {"covers": [{"projects": ["a; b"]}]})
    with pytest.raises(ConfigError, match="covers: a sheet cannot hold it, because it has a separator"):
        rows_of([contract])


def test_wrong_contracts_are_refused_by_the_checks_and_keep_no_collector_from_watching(
    config: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = config.parent / "contracts.toml"
    path.write_text(path.read_text("utf-8").replace("fee = 850000", "fee = 850000.5"), "utf-8")
    started: list[object] = []
    monkeypatch.setattr(
        "pantau_service.log.set_up", lambda *_, **__: None
    )  # the log of the whole test run is not its own
    monkeypatch.setattr(cli, "run_until_stopped", lambda *collector: started.append(collector))
    running = call("run", "--config", config)
    assert (running.exit_code, len(started)) == (0, 1)
    assert f"{path}: contract[3].fee: expected a whole number, or a decimal in quotes" in caplog.text
    assert "until that is mended no report is made" in caplog.text
    for command in (["check"], ["contracts", "check"], ["report", "--month", "2026-10", "--by", "site"]):
        done = call(*command, "--config", config)
        assert done.exit_code == 2
        assert f"{path}: contract[3].fee: expected a whole number, or a decimal in quotes" in done.output
