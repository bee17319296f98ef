import time
from pathlib import Path

import pytest

from pantau_collector.fleet.apply import apply
from pantau_collector.fleet.model import Fleet
from pantau_collector.store.fleet_rows import save_fleet
from pantau_contract.messages import Birth, CameraAbout, CertificateEnd, Sample, Telemetry
from pantau_contract.states import Cause, State
from tests.collector.commands.command import call, called_json, configured
from tests.collector.commands.state import state

INVENTORY = """
[[site]]
id = "kabil"
name = "Simpang Kabil"
[[site]]
id = "nongsa"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Configure a collector that has heard one of its two sites a minute ago."""
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    fleet, then = Fleet(), time.time_ns() // 1_000_000 - 60_000
    about = tuple(map(CameraAbout, ("gate", "pole", "spare")))
    birth = Birth("kabil", "b1", 1, then, "0.3.0", 30, cameras=about, configuration="0123456789abcdef")
    samples = (
        Sample("gate", then, State.OK, then),
        Sample("pole", then, State.DOWN, then, Cause.STALLED),
        Sample("spare", then, State.DISABLED, then),
    )
    apply(fleet, birth, then, 1.0)
    ends = tuple(CertificateEnd(name, then + days * 86_400_000) for name, days in (("broker", 90), ("client", 5)))
    apply(fleet, Telemetry("kabil", "b1", 0, then, 0, True, 30, samples, certificates=ends), then, 1.0)
    with state(tmp_path) as connection:
        save_fleet(connection, fleet)
    return configured(tmp_path, inventory="inventory.toml")


def test_what_a_deployment_waits_for_is_told_of_each_site(config: Path) -> None:
    kabil, nongsa = called_json("sites", "--config", config)
    assert 60 <= kabil.pop("heard_s_ago") < 120
    assert kabil.pop("heard").endswith("+00:00")
    assert isinstance(kabil.pop("heard_ms"), int)
    assert 4.9 < kabil.pop("certificate_days") < 5.1
    assert kabil == {
        "site": "kabil",
        "name": "Simpang Kabil",
        "online": True,
        "cameras": 2,
        "cameras_ok": 1,
        "version": "0.3.0",
        "configuration": "0123456789abcdef",
        "certificate": "client",
    }
    assert (nongsa["site"], nongsa["online"], nongsa["heard"], nongsa["configuration"]) == (
        "nongsa",
        False,
        None,
        None,
    )
    assert called_json("sites", "kabil", "--config", config)[0]["site"] == "kabil"


def test_a_site_that_was_never_heard_is_no_success(config: Path) -> None:
    done = call("sites", "nongsa", "kabil", "--config", config, "--json")
    assert done.exit_code == 1
    assert "nongsa: no agent of that site was ever heard" in done.stderr


def test_the_table_shows_the_same(config: Path) -> None:
    lines = call("sites", "--config", config, "--language", "id").stdout.splitlines()
    [kabil] = [line for line in lines if "Simpang Kabil" in line]
    assert " ya " in kabil
    assert "1/2" in kabil
    assert "0123456789abcdef" in kabil
    assert "5 (client)" in kabil
