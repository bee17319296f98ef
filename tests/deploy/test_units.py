import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.playbook import ROOT, install_distribution_units
from tests.servers.programs import fail_or_skip, require_program

UNITS = ROOT / "systemd"
NAMES = ["pantau-agent.service", "pantau-collector.service"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a root in which both units, and the programs that they start, are installed."""
    root = tmp_path_factory.mktemp("root")
    install_distribution_units(root)
    (root / "etc/systemd/system").mkdir(parents=True)
    for name in NAMES:
        shutil.copy(UNITS / name, root / "etc/systemd/system" / name)
        program = name.removesuffix(".service")
        programs = root / "opt/pantau" / program.removeprefix("pantau-") / "current/bin"
        programs.mkdir(parents=True)
        (programs / program).symlink_to("/bin/true")
    return root


def verify(root: Path, name: str) -> subprocess.CompletedProcess[str]:
    command = [require_program("systemd-analyze"), "verify", "--man=no", f"--root={root}", name]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_systemd_takes_the_unit_without_a_word(installed: Path, name: str) -> None:
    result = verify(installed, name)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_systemd_does_not_take_a_unit_with_a_misspelt_setting(installed: Path) -> None:
    unit = (UNITS / NAMES[0]).read_text()
    (installed / "etc/systemd/system/wrong.service").write_text(unit.replace("ProtectSystem", "ProtectSysten"))
    assert "'ProtectSysten'" in verify(installed, "wrong.service").stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_is_shut_off_from_the_machine(name: str) -> None:
    """Limit the exposure that systemd computes (9.6 for an ordinary service) to the cost of network access."""
    command = [
        require_program("systemd-analyze"),
        "security",
        "--no-pager",
        "--offline=true",
        "--threshold=15",
        str(UNITS / name),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", ["mosquitto.service", "influxdb.service"])
def test_the_drop_in_shuts_the_servers_beside_us_off_from_the_machine(name: str, tmp_path: Path) -> None:
    """Debian's own units have an exposure of 9.6 and 9.2."""
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    units = tmp_path / "usr/lib/systemd/system"
    if not (units / name).is_file():
        fail_or_skip(f"{name} is not installed here: sudo make servers")
    command = [
        require_program("systemd-analyze"),
        "security",
        "--no-pager",
        "--offline=true",
        f"--root={tmp_path}",
    ]
    bare = subprocess.run([*command, "--threshold=40", name], capture_output=True, text=True, check=False)
    assert bare.returncode != 0, "without the drop-in it is over the limit"
    shutil.copytree(UNITS / f"{name}.d", tmp_path / "etc/systemd/system" / f"{name}.d")
    result = subprocess.run([*command, "--threshold=40", name], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    verified = verify(tmp_path, name)
    assert "pantau.conf" not in verified.stderr, verified.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_is_watched_and_started_again_for_ever(name: str) -> None:
    settings = dict(re.findall(r"^(\w+)=(.*)$", (UNITS / name).read_text(), re.MULTILINE))
    expected = {"Type": "notify", "Restart": "always", "StartLimitIntervalSec": "0"}
    assert settings.items() >= expected.items()
    assert int(settings["WatchdogSec"]) >= 30
    assert int(settings["RestartSec"]) >= 5
    assert settings["User"] == settings["StateDirectory"] == name.removesuffix(".service")


@pytest.mark.parametrize(
    ("name", "high", "most"),
    [("pantau-agent.service", "512M", "640M"), ("pantau-collector.service", "50%", "60%")],
)
def test_the_unit_has_a_limit_of_memory_and_outlives_a_child_that_passes_it(
    name: str, high: str, most: str
) -> None:
    settings = dict(re.findall(r"^(\w+)=(.*)$", (UNITS / name).read_text(), re.MULTILINE))
    expected = {"MemoryHigh": high, "MemoryMax": most, "OOMPolicy": "continue", "LimitCORE": "0"}
    assert settings.items() >= expected.items()


def test_the_list_of_users_makes_those_that_the_units_run_as(tmp_path: Path) -> None:
    command = [require_program("systemd-sysusers"), f"--root={tmp_path}", str(UNITS / "pantau.sysusers")]
    (tmp_path / "etc").mkdir()
    subprocess.run(command, check=True, capture_output=True)
    users = re.findall(r"^(pantau-\w+):x:\d+:\d+:.*:/var/lib/(pantau-\w+):/usr/sbin/nologin$",
                      (tmp_path / "etc/passwd").read_text(), re.MULTILINE)  # fmt: skip
    assert sorted(users) == [("pantau-agent", "pantau-agent"), ("pantau-collector", "pantau-collector")]
