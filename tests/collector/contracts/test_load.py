"""Contracts files: what is right is loaded as written; what is wrong is told by file, contract and key."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pantau_collector.contracts import Contracts, load_contracts
from pantau_collector.inventory import Inventory, load_inventory
from pantau_service.settings import ConfigError

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 10, 5)
INVENTORY = load_inventory(ROOT / "collector" / "inventory.example.toml")
RIGHT = """
[[contract]]
id = "sewa"
kind = "rental"
party = "sinar-teknik"
valid_from = 2026-01-01
valid_to = 2026-12-31
covers = [{ sites = ["simpang-kabil"] }]
counts = ["camera", "device"]
link = "at_site"
target = "98.5"
fee = 850000
fee_per = "unit"
classes = [{ criticality = ["high", "normal", "low"], response_hours = 1, repair_hours = "6.5" }]

[[contract.penalties]]
kind = "delay"
after = "repair"
each = "hour"
amount = 50000

[[contract.penalties]]
kind = "availability"
tiers = [{ at_least = 95, below = 100, percent = 0 }, { at_least = 0, below = 95, percent = "2.5" }]
"""
SECOND = """
[[contract]]
id = "lain"
kind = "rental"
party = "telkom"
valid_from = 2026-06-01
valid_to = 2027-05-31
covers = [{ cameras = ["simpang-kabil/kabil-utara"] }]
counts = ["link"]
link = "unseen"
target = 99
fee = 1
fee_per = "month"
"""


def load(folder: Path, text: str, *, today: date = TODAY, inventory: Inventory = INVENTORY) -> Contracts:
    path = folder / "contracts.toml"
    path.write_text(text, "utf-8")
    return load_contracts(path, inventory, today=today)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return caught.value.problems


def test_a_contract_is_as_it_was_written(tmp_path: Path) -> None:
    [contract] = load(tmp_path, RIGHT)
    assert contract.fee == Decimal(850_000)
    assert contract.target == Decimal("98.5")
    assert (contract.zone, contract.unit, contract.doubt, contract.round_to) == (
        "Asia/Jakarta",
        "camera",
        "left_out",
        Decimal(1),
    )
    found = contract.service_class("low")
    assert found is not None
    assert found.repair_hours == Decimal("6.5")


def test_without_a_path_there_are_no_contracts() -> None:
    assert len(load_contracts(None, INVENTORY, today=TODAY)) == 0


def test_the_example_is_right_on_every_day_of_its_year() -> None:
    example = ROOT / "collector" / "contracts.example.toml"
    for today in (date(2026, 1, 1), date(2026, 6, 30), date(2026, 12, 31)):
        contracts = load_contracts(example, INVENTORY, today=today)
        assert {each.kind for each in contracts} == {"line", "maintenance", "rental", "power"}
        assert contracts.remarks == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("fee = 850000", 'fee = "Rp 850rb"', "contract[1].fee: expected a number such as 12500000"),
        ("fee = 850000", 'fee = "850.000,00"', "contract[1].fee: expected a number such as"),
        ("fee = 850000", "fee = 850000.5", 'fee: expected a whole number, or a decimal in quotes: "850000.5" is'),
        ("fee = 850000", "fee = -1", "contract[1].fee: expected a number that is not negative"),
        ("fee = 850000", "fee = true", "contract[1].fee: expected a number such as"),
        ("fee = 850000", "fee = nan", "contract[1].fee: expected a whole number, or a decimal in quotes"),
        ("fee = 850000", 'fee = "1e999999"', "contract[1].fee: expected a number such as"),
        ("fee = 850000", f"fee = {10**13 + 1}", "contract[1].fee: expected at most 10000000000000 rupiah"),
        ("fee = 850000\n", "", "contract[1].fee: expected a value, and there is none (contract 'sewa')"),
        ('target = "98.5"', "target = 101", "contract[1].target: expected at most 100 percent, got 101"),
        ("2026-12-31", "2025-12-31", "contract[1].valid_to: expected 2026-01-01 (valid_from) or later"),
        ("2026-12-31", "9999-12-31", "contract[1].valid_to: expected a year from 2000 to 2200"),
        ("2026-12-31", "2026-12-31T00:00:00", "contract[1].valid_to: expected a date such as 2026-01-31"),
        ("2026-12-31", "'2026-02-30'", "contract[1].valid_to: expected a date such as 2026-01-31"),
        (
            '"sinar-teknik"',
            '"sinar-tehnik"',
            "party: there is no maintainer `sinar-tehnik` in the inventory; did you",
        ),
        ('["simpang-kabil"]', '["simpang-kabel"]', "covers[1].sites: there is no site `simpang-kabel` in the"),
        ('{ sites = ["simpang-kabil"] }', '{ owners = ["dishup"] }', "did you mean `dishub`?"),
        ('{ sites = ["simpang-kabil"] }', '{ tags = ["lalulintas"] }', "did you mean `lalu-lintas`?"),
        ('{ sites = ["simpang-kabil"] }', '{ projects = ["Jalan"] }', "covers[1].projects: there is no project"),
        ('{ sites = ["simpang-kabil"] }', '{ uplinks = ["metro"] }', "covers[1].uplinks: there is no uplink"),
        ('{ sites = ["simpang-kabil"] }', '{ cameras = ["x/y"] }', "covers[1].cameras: there is no camera `x/y`"),
        ('{ sites = ["simpang-kabil"] }', "{ }", "covers[1]: expected at least one of cameras, sites"),
        ('{ sites = ["simpang-kabil"] }', "{ maintained = false }", "covers[1]: expected at least one of cameras"),
        ('[{ sites = ["simpang-kabil"] }]', "[]", "contract[1].covers: expected at least 1 item"),
        ('{ sites = ["simpang-kabil"] }', '{ site = ["x"] }', "there is no such key; did you mean `sites`?"),
        (
            '{ sites = ["simpang-kabil"] }',
            '{ owners = ["dishub"], projects = ["Jalan Layang Kabil"] }',
            "covers: expected it to cover a camera of the inventory, and it covers none; keys that stand in one",
        ),
        (
            "below = 95",
            "below = 94",
            "penalties[2].tiers: expected no hole, and there is one: no tier has 94 to 95",
        ),
        ("below = 95", "below = 96", "penalties[2].tiers: expected no overlap, and two tiers have 95 to 96"),
        ("at_least = 0,", "at_least = 1,", "tiers: expected no hole, and there is one: no tier has 0 to 1"),
        ("below = 100", "below = 99", "tiers: expected tiers up to 100, and none has 99 to 100"),
        ("below = 95", "below = 0", "tiers: expected `below` above `at_least`, got at_least 0, below 0"),
        (
            'percent = "2.5"',
            "percent = 2.5",
            "penalties[2].tiers[2].percent: expected a whole number, or a decimal",
        ),
        (
            'kind = "delay"',
            'kind = "denda"',
            "penalties[1]: expected `kind` to be one of availability, restitution",
        ),
        ('kind = "delay"\n', "", "penalties[1]: expected `kind` to say of which kind it is"),
        ("amount = 50000", "amount = 1\npercent = 1", "penalties[1]: expected `amount` (rupiah) or `percent`"),
        ("amount = 50000", "", "penalties[1]: expected `amount` (rupiah) or `percent` (of the fee), and not both"),
        ("amount = 50000", "sum = 50000", "penalties[1].sum: there is no such key"),
        (
            '["high", "normal", "low"]',
            '["high", "low"]',
            "expected `repair_hours` of normal cameras too: a penalty",
        ),
        (
            '["high", "normal", "low"]',
            '["high", "high", "low"]',
            "each criticality in one class, and high is in two",
        ),
        (
            "repair_hours",
            "repair_hour",
            "classes[1].repair_hour: there is no such key; did you mean `repair_hours`?",
        ),
        ('"6.5"', "99999", "classes[1].repair_hours: expected at most 8784 hours"),
        ('["camera", "device"]', '["camera", "watcher"]', "counts[2]: expected one of below_standard, picture,"),
        ('["camera", "device"]', '["camera", "kamera"]', "contract[1].counts[2]: expected 'working', "),
        (
            '["camera", "device"]',
            '["camera", "below_standard"]',
            "counts: expected what is not in `available` too",
        ),
        ('["camera", "device"]', '["link"]', 'counts: expected no `link` with link = "at_site"'),
        ('link = "at_site"', 'link = "site"', "contract[1].link: expected 'at_site' or 'unseen'"),
        ('link = "at_site"', 'link = "at_site"\nround_to = 0', "round_to: expected an amount above 0"),
        ('link = "at_site"', 'link = "at_site"\nzone = "WIB"', "zone: expected a time zone such as Asia/Jakarta"),
        ('link = "at_site"', 'link = "at_site"\nhours = ["pagi"]', "hours[1]: expected hours such as"),
        (
            'link = "at_site"',
            'link = "at_site"\nzone_by_tag = { bali = "Asia/Makassar" }',
            "there is no tag `bali`",
        ),
        ('kind = "rental"', 'kind = "Sewa CCTV"', "contract[1].kind: expected 1 to 63 lower-case letters"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in RIGHT
    lines = problems(tmp_path, RIGHT.replace(old, new, 1))
    assert any(told in line for line in lines), lines
    for line in lines:
        assert line.startswith(f"{tmp_path / 'contracts.toml'}: contract[1]")
        assert len(line) < 500


def test_a_camera_is_not_covered_twice_by_one_kind_at_a_time(tmp_path: Path) -> None:
    [line] = problems(tmp_path, RIGHT + SECOND)
    assert line == (
        f"{tmp_path / 'contracts.toml'}: contract[2].covers: expected no two contracts of kind `rental` for a"
        " camera at a time, and `sewa` covers simpang-kabil/kabil-utara too, from 2026-06-01 to 2026-12-31:"
        " change what one of them covers, its dates, or its kind (contract 'lain')"
    )
    assert len(load(tmp_path, RIGHT + SECOND.replace('"rental"', '"line"'))) == 2
    assert len(load(tmp_path, RIGHT + SECOND.replace("2026-06-01", "2027-01-01"))) == 2
    # Also where one of them has ended since; not where both have.
    [line] = problems(tmp_path, RIGHT.replace("2026-12-31", "2026-10-04") + SECOND)
    assert "from 2026-06-01 to 2026-10-04" in line
    ended = RIGHT.replace("2026-12-31", "2026-10-04") + SECOND.replace("2027-05-31", "2026-10-04")
    assert len(load(tmp_path, ended)) == 2
    other = SECOND.replace("kabil-utara", "kabil-flyover")
    narrow = RIGHT.replace('{ sites = ["simpang-kabil"] }', '{ cameras = ["simpang-kabil/kabil-utara"] }')
    assert len(load(tmp_path, narrow + other)) == 2


def test_an_id_stands_once_also_across_imported_files(tmp_path: Path) -> None:
    (tmp_path / "contracts.d").mkdir()
    (tmp_path / "contracts.d" / "impor.toml").write_text(RIGHT.replace("rental", "other"), "utf-8")
    [line] = problems(tmp_path, RIGHT)
    assert line.startswith(f"{tmp_path / 'contracts.d' / 'impor.toml'}: contract[1].id: expected each id once")


def test_what_has_ended_may_name_what_is_gone_and_what_comes_may_cover_nothing_yet(tmp_path: Path) -> None:
    ended = RIGHT.replace("simpang-kabil", "lama").replace("2026-12-31", "2026-10-04")
    assert len(load(tmp_path, ended)) == 1
    assert problems(tmp_path, RIGHT.replace("simpang-kabil", "lama").replace("2026-12-31", "2026-10-05"))
    coming = RIGHT.replace("2026-01-01", "2026-11-01").replace(
        '{ sites = ["simpang-kabil"] }', '{ owners = ["dishub"], projects = ["Jalan Layang Kabil"] }'
    )
    [remark] = load(tmp_path, coming).remarks
    assert "covers none" in remark


def test_without_a_list_of_cameras_nothing_is_said_about_what_is_covered(tmp_path: Path) -> None:
    listless = Inventory(
        maintainers=INVENTORY.maintainers.values(),
        owners=INVENTORY.owners.values(),
        sites=INVENTORY.sites.values(),
    )
    assert len(load(tmp_path, RIGHT, inventory=listless)) == 1


def test_absurd_sizes_are_refused_at_once(tmp_path: Path) -> None:
    [line] = problems(tmp_path, RIGHT + "#" * 5_000_001)
    assert re.search(r"expected at most 5,000,000 bytes, got 5,00\d,\d{3}", line)
    tiers = ", ".join(["{ at_least = 0, below = 1, percent = 0 }"] * 101)
    lines = problems(tmp_path, RIGHT.replace("tiers = [", f"tiers = [{tiers}, "))
    assert any("tiers: expected at most 100 items" in line for line in lines)
    many = "".join(RIGHT.replace('"sewa"', f'"c{i}"') for i in range(1001))
    assert any("contract: expected at most 1000 items" in line for line in problems(tmp_path, many))
