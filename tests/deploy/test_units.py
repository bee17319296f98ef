import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.playbook import ROOT, give_targets
from tests.servers.programs import need

UNITS = ROOT / "systemd"
NAMES = ["pantau-agent.service", "pantau-collector.service"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root in which both units and what they start are installed."""
    root = tmp_path_factory.mktemp("root")
    give_targets(root)
    programs = root / "opt/pantau/bin"
    programs.mkdir(parents=True)
    (root / "etc/systemd/system").mkdir(parents=True)
    for name in NAMES:
        shutil.copy(UNITS / name, root / "etc/systemd/system" / name)
        (programs / name.removesuffix(".service")).symlink_to("/bin/true")
    return root


def verify(root: Path, name: str) -> subprocess.CompletedProcess[str]:
    command = [need("systemd-analyze"), "verify", "--man=no", f"--root={root}", name]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_systemd_takes_the_unit_without_a_word(installed: Path, name: str) -> None:
    said = verify(installed, name)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_systemd_does_not_take_a_unit_with_a_misspelt_setting(installed: Path) -> None:
    unit = (UNITS / NAMES[0]).read_text()
    (installed / "etc/systemd/system/wrong.service").write_text(unit.replace("ProtectSystem", "ProtectSysten"))
    assert "'ProtectSysten'" in verify(installed, "wrong.service").stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_is_shut_off_from_the_machine(name: str) -> None:
    """An ordinary service has an exposure of 9.6; what is left here is the network that it must reach."""
    command = [
        need("systemd-analyze"),
        "security",
        "--no-pager",
        "--offline=true",
        "--threshold=15",
        str(UNITS / name),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_is_watched_and_started_again_for_ever(name: str) -> None:
    settings = dict(re.findall(r"^(\w+)=(.*)$", (UNITS / name).read_text(), re.MULTILINE))
    wanted = {"Type": "notify", "Restart": "always", "StartLimitIntervalSec": "0"}
    assert settings.items() >= wanted.items()
    assert int(settings["WatchdogSec"]) >= 30
    assert int(settings["RestartSec"]) >= 5
    assert settings["User"] == settings["StateDirectory"] == name.removesuffix(".service")


def test_the_list_of_users_makes_those_that_the_units_run_as(tmp_path: Path) -> None:
    command = [need("systemd-sysusers"), f"--root={tmp_path}", str(UNITS / "pantau.sysusers")]
    (tmp_path / "etc").mkdir()
    subprocess.run(command, check=True, capture_output=True)
    made = re.findall(r"^(pantau-\w+):x:\d+:\d+:.*:/var/lib/(pantau-\w+):/usr/sbin/nologin$",
                      (tmp_path / "etc/passwd").read_text(), re.MULTILINE)  # fmt: skip
    assert sorted(made) == [("pantau-agent", "pantau-agent"), ("pantau-collector", "pantau-collector")]
