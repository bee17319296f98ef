from pathlib import Path

import pytest
from openpyxl import Workbook

from pantau_collector.inventory import load_inventory
from pantau_collector.inventory.import_plan import ImportPlan, plan_import
from pantau_collector.inventory.load import LoadedFile, folder_of, load_files
from pantau_collector.inventory.model import InventoryFile
from pantau_collector.inventory.write import write_department
from pantau_collector.spreadsheet import parse_sheet, read_sheet
from pantau_service.settings import ConfigError

BY_HAND = """# written by hand
[[owner]]
id = "dishub"
name = "Dinas Perhubungan"
[[owner]]
id = "polisi"
[[maintainer]]
id = "sinar-teknik"
name = "CV Sinar Teknik"
[[uplink]]
id = "telkom"
[[site]]
id = "kabil"
name = "Simpang Kabil"
[[camera]]
site = "kabil"
id = "by-hand"
"""


class City:
    """An inventory, and a department that imports its sheet."""

    def __init__(self, folder: Path) -> None:
        self.sheet = folder / "cctv.csv"
        self.inventory = folder / "inventory.toml"
        self.inventory.write_text(BY_HAND)
        self.file = folder_of(self.inventory) / "dishub.toml"

    def plan(self, *rows: str, remove: bool = False) -> ImportPlan:
        self.sheet.write_text("\n".join(rows))
        files = load_files(self.inventory)
        own = [each for each in files if each.path == self.file] or [LoadedFile(self.file, InventoryFile())]
        others = [each for each in files if each.path != self.file]
        return plan_import(parse_sheet(read_sheet(self.sheet)), own[0], others, owner="dishub", remove=remove)

    def take(self, *rows: str, remove: bool = False) -> ImportPlan:
        plan = self.plan(*rows, remove=remove)
        write_department(self.file, "dishub", plan.content)
        return plan

    def problems(self, *rows: str) -> list[str]:
        with pytest.raises(ConfigError) as error:
            self.plan(*rows)
        return [line.replace(f"{self.sheet}: ", "") for line in error.value.problems]


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def changes(plan: ImportPlan) -> list[str]:
    return [f"{change.what} {change.table} {'/'.join(change.key)}" for change in plan.changes]


def test_a_sheet_becomes_the_departments_own_file_and_what_others_wrote_stays(city: City) -> None:
    plan = city.take(
        "lokasi;kamera;nama;pemelihara;pemilik;lintang;bujur;kepentingan;tanda",
        "Simpang Kabil;utara;Arah utara;cv sinar  teknik;;1,0836;104,0934;tinggi;simpang, bus",
        "kabil;selatan;;sinar-teknik;polisi;;;;",
    )
    assert changes(plan) == ["added camera kabil/utara", "added camera kabil/selatan"]
    inventory = load_inventory(city.inventory)
    camera = inventory.camera("kabil", "utara")
    assert (camera.owner, camera.maintainer, camera.criticality) == ("dishub", "sinar-teknik", "high")
    assert (camera.latitude, camera.longitude, camera.tags) == (1.0836, 104.0934, ["simpang", "bus"])
    assert inventory.camera("kabil", "selatan").owner == "polisi"
    assert city.inventory.read_text() == BY_HAND


def test_the_same_sheet_again_changes_nothing(city: City) -> None:
    rows = (
        "site,id,name,via,kind,site_name",
        "kabil,utara,U,nvr,,",
        "kabil,nvr,,,recorder,",
        "nongsa,n1,,,,Nongsa",
    )
    city.take(*rows)
    written = city.file.read_bytes()
    assert city.take(*rows).changes == []
    assert city.file.read_bytes() == written


def test_a_change_tells_what_was_and_what_will_be_and_a_column_that_is_not_there_leaves_what_is(
    city: City,
) -> None:
    city.take("site,id,name,latitude,longitude", "kabil,utara,U,1.5,104.5")
    plan = city.take("site,id,name,project", "kabil,utara,,Jalan Layang")
    [change] = plan.changes
    assert (change.what, change.values) == ("changed", {"name": ("U", None), "project": (None, "Jalan Layang")})
    assert load_inventory(city.inventory).camera("kabil", "utara").latitude == 1.5


def test_what_is_not_in_the_sheet_goes_only_when_asked(city: City) -> None:
    city.take("site,id", "kabil,utara", "kabil,selatan")
    plan = city.take("site,id", "kabil,utara")
    assert plan.changes == []
    assert "1 is not in the sheet and stays; --remove takes it out" in plan.remarks[0]
    assert changes(city.take("site,id", "kabil,utara", remove=True)) == ["removed camera kabil/selatan"]
    assert set(load_inventory(city.inventory).cameras) == {("kabil", "by-hand"), ("kabil", "utara")}


def test_a_site_that_nobody_knows_is_new_if_a_row_gives_it_a_name(city: City) -> None:
    assert city.problems("site,id", "kabl,utara") == [
        "row 2, column A (site): there is no site `kabl`; did you mean `kabil`?"
    ]
    plan = city.take("site,id,site_name,uplink", "nongsa,n1,Nongsa,telkom", "nongsa,n2,,", "kabil,k1,Kabil Baru,")
    assert changes(plan) == [
        "added site nongsa",
        "added camera nongsa/n1",
        "added camera nongsa/n2",
        "added camera kabil/k1",
    ]
    inventory = load_inventory(city.inventory)
    assert (inventory.site("nongsa").name, inventory.site("nongsa").uplink) == ("Nongsa", "telkom")
    assert inventory.site("kabil").name == "Simpang Kabil"
    assert f"site `kabil` stays as {city.inventory}: site[1] has it" in plan.remarks[0]
    assert changes(city.take("site,id,site_name", "nongsa,n1,Pelabuhan Nongsa")) == ["changed site nongsa"]


def test_devices_stand_in_the_same_sheet_and_their_ways_are_checked(city: City) -> None:
    rows = ["site,id,kind,via", "kabil,utara,,nvr", "kabil,nvr,NVR,sw1", "kabil,sw1,switch,"]
    city.take(*rows)
    assert load_inventory(city.inventory).devices["kabil", "nvr"].via == "sw1"
    assert city.problems(*rows[:-1], "kabil,sw1,switch,nvr", "kabil,timur,,nvt") == [
        "row 3, column D (via): expected a way that ends, and it is a ring: `nvr` -> `sw1` -> `nvr`",
        "row 5, column D (via): there is no device `nvt` at site `kabil`; did you mean `nvr`?",
    ]


def test_everything_that_is_wrong_is_told_in_the_order_of_rows(city: City) -> None:
    told = city.problems(
        "site,id,owner,maintainer,latitude,longitude,site_name,uplink",
        "kabil,Arah Utara,,,,,,",
        "kabil,k2,polsi,,104.0934,1.0836,,",
        "kabil,by-hand,,sinar,,,,",
        "Simpang Lima,k3,,,,,,",
        "kabil,k2,,,,,,",
        "nongsa,n1,,,,,Nongsa,telkm",
        "nongsa,n2,,,,,Nongsa 2,",
        ",,,,x,,,",
    )
    assert [line.split(": ")[0] for line in told] == [
        "row 2, column B (id)",
        "row 3, column E (latitude)",
        "row 4, column B (id)",
        "row 4, column D (maintainer)",
        "row 5, column A (site)",
        "row 6, column B (id)",
        "row 7, column H (uplink)",
        "row 8, column G (site_name)",
        "row 9, column E (latitude)",
        "row 9, column A (site)",
        "row 9, column B (id)",
    ]
    assert "did you mean `arah-utara`?" in told[0]
    assert "is it the longitude, and are the two swapped?" in told[1]
    assert f"`kabil/by-hand` stands in {city.inventory}: camera[1] too" in told[2]
    assert "there is no maintainer `sinar`; expected one of sinar-teknik" in told[3]
    assert "there is no site `Simpang Lima`; expected one of kabil" in told[4]
    assert "`kabil/k2` stands in row 3 too" in told[5]
    assert "there is no uplink `telkm`; did you mean `telkom`?" in told[6]
    assert "one name for site `nongsa`, and row 7 has 'Nongsa', this one 'Nongsa 2'" in told[7]
    assert "expected a value, and there is none" in told[9]


def test_ten_thousand_rows_with_three_bad_ones_name_the_three_and_nothing_is_taken(city: City) -> None:
    rows = [f"kabil;cam{number};dishub;1,{number};104,5" for number in range(10_000)]
    rows[76] = "kabil;cam76;dishup;1,5;104,5"
    rows[5000] = "kabil;cam5000;;104,5;1,5"
    rows[9998] = "kabil;cam12;dishub;;"
    told = city.problems("lokasi;kamera;pemilik;lintang;bujur", *rows)
    assert [line.split(": ")[0] for line in told] == [
        "row 78, column C (pemilik)",
        "row 5002, column D (lintang)",
        "row 10000, column B (kamera)",
    ]
    assert not city.file.exists()


def test_two_things_of_one_name_are_not_meant_by_it(city: City) -> None:
    city.inventory.write_text(BY_HAND + '[[maintainer]]\nid = "sinar-2"\nname = "CV Sinar Teknik"\n')
    [problem] = city.problems("site,id,maintainer", "kabil,k1,CV Sinar Teknik")
    assert "there is no maintainer `CV Sinar Teknik`" in problem


def test_what_was_added_by_hand_to_the_departments_file_stays(city: City) -> None:
    city.take("site,id", "kabil,utara")
    city.file.write_text(city.file.read_text() + '[[maintainer]]\nid = "own"\n[[site]]\nid = "pier"\n')
    city.take("site,id,maintainer", "pier,p1,own")
    assert load_inventory(city.inventory).camera("pier", "p1").maintainer == "own"


def test_a_file_that_cannot_be_written_is_as_it_was(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = city.take("site,id", "kabil,utara")
    before = city.file.read_bytes()

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_department(city.file, "dishub", plan.content)
    assert [path.name for path in city.file.parent.iterdir()] == ["dishub.toml"]
    assert city.file.read_bytes() == before


def test_removing_is_refused_while_rows_are_passed_over(city: City, tmp_path: Path) -> None:
    city.take("lokasi;kamera", "kabil;k1", "kabil;k2")
    book = Workbook()
    for cells in (["lokasi", "kamera"], ["kabil", "k1"], ["kabil", "k2"]):
        book.worksheets[0].append(cells)
    book.worksheets[0].row_dimensions[3].hidden = True
    book.save(tmp_path / "cctv.xlsx")
    sheet = parse_sheet(read_sheet(tmp_path / "cctv.xlsx"))
    own = next(each for each in load_files(city.inventory) if each.path == city.file)
    with pytest.raises(ConfigError, match=r"row 3 is hidden and passed over.*--remove would take"):
        plan_import(sheet, own, [], owner="dishub", remove=True)


@pytest.mark.parametrize("text", ["#N/A", "=B2&C2"])
def test_a_value_that_was_right_is_not_replaced_by_an_error_or_a_formula(city: City, text: str) -> None:
    city.take("lokasi;kamera;nama", "kabil;k1;Utara")
    [problem] = city.problems("lokasi;kamera;nama", f"kabil;k1;{text}")
    assert problem.startswith("row 2, column C (nama): ")
    assert load_inventory(city.inventory).camera("kabil", "k1").name == "Utara"
