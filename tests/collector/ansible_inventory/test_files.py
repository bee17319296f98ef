"""Test that cameras are written once: the city's inventory and what was found go into Ansible's by commands."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from pantau_collector.ansible_inventory.found import found_in, with_found
from pantau_collector.ansible_inventory.site_file import path_of, read_site, write_site
from pantau_service.settings import ConfigError
from tests.collector.commands.command import call, called_json, configured

INVENTORY = """
[[site]]
id = "nongsa"
name = "Pelabuhan Nongsa"
[[site]]
id = "kabil"
[[camera]]
site = "nongsa"
id = "quay-1"
name = "Dermaga é 1"
[[camera]]
site = "nongsa"
id = "gate"
"""
DEVICES = [
    {
        "host": "10.10.2.10",
        "vendor": "uniview-nvr",
        "channels": [
            {"main": {"url": f"rtsp://10.10.2.10/c{channel}/main"}, "sub": None, "still": None}
            for channel in (1, 2)
        ],
    },
    {
        "host": "10.10.2.20",
        "vendor": None,
        "channels": [
            {"main": {"url": "rtsp://10.10.2.20:8554/main"}, "sub": {"url": "rtsp://10.10.2.20:8554/sub"}}
        ],
    },
]


@pytest.fixture
def ansible(tmp_path: Path) -> Path:
    folder = tmp_path / "inventory"
    folder.mkdir()
    (folder / "hosts.yml").write_text("all: {children: {sites: {hosts: {nongsa: {ansible_host: 10.10.2.2}}}}}\n")
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    return configured(tmp_path, inventory="inventory.toml")


def cameras(ansible: Path, site: str = "nongsa") -> dict[str, Any]:
    content = yaml.safe_load(path_of(ansible, site).read_text())
    return {camera.pop("id"): camera for camera in content["pantau_agent_cameras"]}


def test_the_citys_inventory_becomes_host_vars_and_nothing_is_written_without_a_yes(
    ansible: Path, config: Path
) -> None:
    shown = called_json("inventory", "export", "--ansible", ansible, "--config", config, "--dry-run")
    assert shown["not_in_hosts"] == ["kabil"]
    assert shown["sites"]["nongsa"]["changes"] == [
        "name: Pelabuhan Nongsa",
        "camera quay-1: new",
        "camera gate: new",
    ]
    assert "gate has no address yet" in shown["sites"]["nongsa"]["remarks"][1]
    assert call("inventory", "export", "--ansible", ansible, "--config", config).exit_code == 1
    assert not path_of(ansible, "nongsa").exists()
    assert called_json("inventory", "export", "--ansible", ansible, "--config", config, "--yes")["written"]
    assert cameras(ansible) == {"quay-1": {"name": "Dermaga é 1"}, "gate": {}}
    assert yaml.safe_load(path_of(ansible, "nongsa").read_text())["pantau_agent_site_name"] == "Pelabuhan Nongsa"
    assert not called_json("inventory", "export", "--ansible", ansible, "--config", config, "--yes")["written"]


def test_the_inventory_may_come_from_another_machine(ansible: Path, config: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner  # noqa: PLC0415 # for its standard input

    from pantau_collector.cli import app  # noqa: PLC0415

    printed = call("inventory", "show", "--json", "--config", config).stdout
    arguments = ["inventory", "export", "--ansible", str(ansible), "--inventory", "-", "--yes", "--json"]
    done = CliRunner().invoke(app, arguments, input=printed)
    assert (done.exit_code, json.loads(done.stdout)["written"]) == (0, True)
    assert set(cameras(ansible)) == {"quay-1", "gate"}
    hostile = printed.replace('"kabil"', '"../../etc"')
    assert CliRunner().invoke(app, arguments, input=hostile).exit_code == 2
    assert CliRunner().invoke(app, arguments, input="[" * 100_000).exit_code == 2
    assert not (tmp_path / "etc").exists()


def test_what_was_found_gets_its_camera_and_what_people_and_the_vault_wrote_stays(
    ansible: Path, tmp_path: Path
) -> None:
    path = path_of(ansible, "nongsa")
    path.parent.mkdir(parents=True)
    path.write_text(
        "pantau_agent_report_interval_s: 10\npantau_agent_cameras:\n"
        "- {id: gate, name: Gerbang, expected_fps: 12.5, user: own, password: !unsafe 'a{{b'}\n"
        "- {id: roundabout, url: 'rtsp://10.10.2.20:8554/other', mode: sample}\n"
        "- id: locked\n  host: 10.10.2.30\n  vendor: dahua\n  password: !vault |\n"
        "    $ANSIBLE_VAULT;1.1;AES256\n    6162\n"
    )
    found = tmp_path / "found.json"
    found.write_text(json.dumps(DEVICES))
    arguments: list[str | Path] = [
        "inventory",
        "found",
        found,
        "--site",
        "nongsa",
        "--ansible",
        ansible,
        "--yes",
        "--user",
        "pantau",
    ]
    told = called_json(*arguments, "--camera", "gate=10.10.2.10/2")
    assert told["changes"] == [
        "camera cam-10-10-2-10-1: rtsp://10.10.2.10/c1/main",
        "camera gate: rtsp://10.10.2.10/c2/main",
    ]
    text = path.read_text()
    assert "!unsafe" in text
    assert "!vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    6162\n" in text
    kept = {camera["id"]: camera for camera in read_site(ansible, "nongsa")["pantau_agent_cameras"]}
    assert kept["gate"]["password"].text == "a{{b"
    assert (kept["gate"]["user"], kept["gate"]["expected_fps"]) == ("own", 12.5)
    assert kept["gate"]["url"] == "rtsp://10.10.2.10/c2/main"
    assert kept["roundabout"] == {"id": "roundabout", "url": "rtsp://10.10.2.20:8554/other", "mode": "sample"}
    assert kept["cam-10-10-2-10-1"]["password"] == "{{ vault_camera_password }}"
    assert read_site(ansible, "nongsa")["pantau_agent_report_interval_s"] == 10
    assert not called_json(*arguments)["written"], "a second time all is there"


def test_what_was_found_names_the_camera_that_nothing_was_found_for(ansible: Path, tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    found.write_text(json.dumps(DEVICES))
    done = call(
        "inventory", "found", found, "--site", "nongsa", "--ansible", ansible, "--camera", "gate=10.10.9.9"
    )
    assert (done.exit_code, "gate: nothing was found at 10.10.9.9, channel 1" in done.stderr) == (2, True)
    assert not path_of(ansible, "nongsa").exists()


@pytest.mark.parametrize(
    "text",
    ["{}", '[{"host": "x"}]', '[{"host": "a", "channels": [{"main": {"url": "rtsp://u:p@a/"}, "sub": null}]}]'],
)
def test_what_is_not_of_the_agent_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|no address"):
        list(found_in(json.loads(text)))


def test_a_camera_of_a_vendor_at_the_found_address_keeps_what_it_is() -> None:
    content = {
        "pantau_agent_cameras": [{"id": "quay", "vendor": "uniview-nvr", "host": "10.10.2.10", "channel": 2}]
    }
    merged = with_found(content, list(found_in(DEVICES[:1])), {}, {})
    assert [camera["id"] for camera in merged.content["pantau_agent_cameras"]] == ["quay", "cam-10-10-2-10-1"]
    assert merged.content["pantau_agent_cameras"][0] == content["pantau_agent_cameras"][0]


def test_cameras_in_two_files_are_refused_as_one_of_them_would_not_count(ansible: Path) -> None:
    write_site(ansible, "nongsa", {"pantau_agent_cameras": []})
    (ansible / "host_vars/nongsa/main.yml").write_text("pantau_agent_cameras: []\n")
    with pytest.raises(ConfigError) as refused:
        read_site(ansible, "nongsa")
    assert "main.yml: pantau_agent_cameras" in refused.value.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "- 1\n",
        "a: [\n",
        "pantau_agent_cameras: 3\n",
        "pantau_agent_cameras: [{}]\n",
        "!!python/object:os.system {}",
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_by_its_name(ansible: Path, text: str) -> None:
    path = path_of(ansible, "nongsa")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_site(ansible, "nongsa")
    assert str(path) in refused.value.problems[0]
