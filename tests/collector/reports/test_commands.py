"""`pantau-collector report`, `report close` and `report ebudget`, as people call them."""

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest
import tomli_w

from pantau_collector.store import closed_rows
from tests.collector.commands.command import call, called_json, configured
from tests.collector.reports.small_city import INVENTORY, SmallCity, contract

AS_OF = "2026-11-05T00:00:00+07:00"
AFTER = ("response", "repair", "start")


@pytest.fixture
def config(city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of a collector that has the city's state, in the present folder."""
    tables = {
        "owner": INVENTORY.owners.values(),
        "maintainer": INVENTORY.maintainers.values(),
        "uplink": INVENTORY.uplinks.values(),
        "site": INVENTORY.sites.values(),
        "device": INVENTORY.devices.values(),
        "camera": INVENTORY.cameras.values(),
    }
    listed = {table: [each.model_dump(exclude_defaults=True) for each in its] for table, its in tables.items()}
    (tmp_path / "inventory.toml").write_text(tomli_w.dumps(listed))
    [rawat] = city.contracts
    values = rawat.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    (tmp_path / "contracts.toml").write_text(tomli_w.dumps({"contract": [values]}))
    monkeypatch.chdir(tmp_path)
    return configured(tmp_path, inventory="inventory.toml", contracts="contracts.toml")


def test_a_report_is_written_where_it_is_asked_for_and_its_path_is_told(config: Path, tmp_path: Path) -> None:
    done = call("report", "--month", "2026-10", "--contract", "rawat", "--out", "a.xlsx", "--config", config)
    assert (done.exit_code, done.stdout) == (0, "a.xlsx\n"), done.output
    assert "Contracts" in openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames
    told = called_json("report", "--month", "2026-10", "--by", "site", "--format", "csv", "--config", config)
    assert told["path"] == "pantau-2026-10-site.csv"
    assert told["running"] is False
    assert (tmp_path / told["path"]).stat().st_size == told["bytes"]


def test_a_report_can_go_through_a_pipe(config: Path) -> None:
    done = call("report", "--month", "2026-10", "--format", "json", "--out", "-", "--config", config)
    report = json.loads(done.stdout)
    assert (report["scope"]["by"], report["period"]["month"]) == ("owner", "2026-10")
    assert [each["contract"] for each in report["accounts"]] == ["rawat"]


def test_as_of_tells_a_month_up_to_then(config: Path) -> None:
    options = ("report", "--month", "2026-10", "--format", "json", "--out", "-", "--config", config)
    report = json.loads(call(*options, "--as-of", "2026-10-10T12:00:00+07:00").stdout)
    assert report["period"]["is_running"]
    assert report["accounts"][0]["is_provisional"]


@pytest.mark.parametrize(
    ("options", "exit_code", "told"),
    [
        (("--month", "2026-13"), 2, "--month: expected a month such as 2026-10, got '2026-13'"),
        (("--month", "10-2026"), 2, "expected a month such as 2026-10"),
        (("--month", "２０２６-10"), 2, "expected a month such as 2026-10"),
        (("--month", "1969-12"), 2, "expected a month from 1970 to 9998"),
        ((), 2, "--month: expected a month, as --month 2026-10"),
        (("--month", "2100-01"), 2, "2100-01 has not begun"),
        (("--month", "2026-10", "--contract", "rawot"), 2, "there is no contract `rawot`; did you mean `rawat`?"),
        (("--month", "2026-10", "--contract", "rawat", "--by", "site"), 2, "--contract or --by, and not both"),
        (("--month", "2026-10", "--by", "sites"), 2, "--by: there is no 'sites'; did you mean `site`?"),
        (("--month", "2026-10", "--format", "xlxs"), 2, "--format: there is no 'xlxs'; did you mean `xlsx`?"),
        (("--month", "2026-10", "--out", "a.docx"), 2, "expected a name that ends in ."),
        (
            ("--month", "2026-10", "--out", "a.csv", "--format", "json"),
            2,
            "a.csv ends in .csv, and --format is json",
        ),
        (("--month", "2026-10", "--format", "csv", "--table", "outage"), 2, "did you mean `outages`?"),
        (("--month", "2026-10", "--format", "json", "--table", "outages"), 2, "json has all tables"),
        (("--month", "2026-10", "--out", "there/a.csv"), 1, "there/a.csv cannot be written: No such file"),
        (("--month", "2026-10", "--out", ""), 1, ". cannot be written: Is a directory"),
        (("--month", "2026-10", "--out", "/dev/null", "--format", "csv"), 1, "/dev/null cannot be written: Not a"),
        (
            ("--month", "2026-10", "--as-of", "noon"),
            2,
            "--as-of: expected a time such as 2026-10-31T12:00:00+07:00",
        ),
        (("--month", "2026-10", "--as-of", "2026-10-10"), 2, "--as-of: expected the offset to UTC too"),
        (("--month", "2026-10", "--timezone", "Batam"), 2, "--timezone: expected one such as Asia/Jakarta"),
    ],
)
def test_what_is_wrong_is_told(config: Path, options: tuple[str, ...], exit_code: int, told: str) -> None:
    done = call("report", *options, "--config", config)
    assert (done.exit_code, told in done.stderr) == (exit_code, True), done.output


def test_without_contracts_it_says_how_to_have_some(config: Path, tmp_path: Path) -> None:
    bare = configured(tmp_path, inventory="inventory.toml")
    for command in (("report", "--contract", "rawat"), ("report", "ebudget")):
        done = call(*command, "--month", "2026-10", "--config", bare)
        assert (done.exit_code, 'contracts = "contracts.toml"' in done.stderr) == (2, True), done.output
    assert config == bare


def test_a_month_is_closed_once(config: Path, city: SmallCity) -> None:
    told = called_json("report", "close", "--month", "2026-10", "--by", " Ibu Sari ", "--config", config)
    with city.store.begin() as connection:
        closed = closed_rows.load_closed(connection, "2026-10")
    assert closed is not None
    assert (told["month"], told["by"], told["digest"]) == ("2026-10", "Ibu Sari", closed.digest)
    again = call("report", "close", "--month", "2026-10", "--by", "Pak Budi", "--config", config)
    assert (again.exit_code, "closed already, by Ibu Sari" in again.stderr) == (1, True), again.output
    nobody = call("report", "close", "--month", "2026-09", "--by", " ", "--config", config)
    assert (nobody.exit_code, "--by: expected the name" in nobody.stderr) == (2, True)


def test_e_budgeting_has_a_row_for_each_contract(config: Path, tmp_path: Path) -> None:
    called_json(
        "report", "ebudget", "--month", "2026-10", "--language", "id", "--out", "e.csv", "--config", config
    )
    head, row = csv.reader(io.StringIO((tmp_path / "e.csv").read_text("utf-8-sig"), newline=""), delimiter=";")
    values = dict(zip(head, row, strict=True))
    assert (values["Bulan"], values["Kode rekening"], values["Nama pihak"]) == ("2026-10", "5.1.02", "CV Sinar")
    assert int(values["Biaya (Rp)"]) - int(values["Potongan (Rp)"]) == int(values["Dibayar (Rp)"])
    assert values["Sementara"] == "tidak"
    assert values["Koreksi potongan (Rp)"] == ""
    told = called_json("report", "ebudget", "--month", "2026-10", "--config", config)
    book = openpyxl.load_workbook(tmp_path / told["path"])
    assert book["E-budgeting"].max_row == 2
    refused = call("report", "ebudget", "--month", "2026-10", "--format", "json", "--config", config)
    assert (refused.exit_code, "expected xlsx or csv" in refused.stderr) == (2, True)


def test_a_late_response_is_told_from_a_late_repair(config: Path, tmp_path: Path) -> None:
    late = [{"kind": "delay", "after": after, "each": "occasion", "amount": 1} for after in AFTER]
    values = contract(penalties=late).model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    (tmp_path / "contracts.toml").write_text(tomli_w.dumps({"contract": [values]}))
    options = ("report", "--month", "2026-10", "--contract", "rawat", "--language", "en", "--config", config)
    assert call(*options, "--table", "penalties", "--out", "a.csv").exit_code == 0
    kinds = {row[0] for row in csv.reader(io.StringIO((tmp_path / "a.csv").read_text("utf-8-sig")))}
    assert kinds == {"Kind", "late response", "late repair", "for the outage"}
    assert call(*options, "--out", "a.html").exit_code == 0
    page = (tmp_path / "a.html").read_text()
    assert all(f">{kind}</" in page for kind in kinds - {"Kind"})


def test_the_contract_of_the_small_city_can_be_written_and_read(city: SmallCity) -> None:
    assert city.contracts == [contract()]
