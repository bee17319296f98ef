"""Test the check of the whole inventory: each mistake is told with its host, its key and what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.modules import ANSIBLE, load

check = load("roles/pantau_inventory/action_plugins/pantau_inventory.py")
SITE: dict[str, Any] = {
    "pantau_agent_broker_host": "broker.test",
    "pantau_ca_folder": "files/ca",
    "pantau_agent_cameras": [{"id": "gate", "vendor": "hikvision", "host": "10.10.1.11"}],
}
_TRUSTS = "\ntrusted_proxies = ['127.0.0.1']"
CONTROL: dict[str, Any] = {"pantau_ca_folder": "files/ca"}


def _problems(sites: dict[str, dict[str, Any]], control: dict[str, Any] | None = None) -> list[str]:
    machines = [check.Machine(name, raw, raw.get) for name, raw in sites.items()]
    return list(
        check.problems(
            machines, [check.Machine("control", CONTROL | (control or {}), (CONTROL | (control or {})).get)]
        )
    )


def _with(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (SITE | changes).items() if value is not None}


def _camera(**changes: Any) -> dict[str, Any]:
    camera = {"id": "gate", "vendor": "hikvision", "host": "10.10.1.11"} | changes
    return _with(pantau_agent_cameras=[{key: value for key, value in camera.items() if value is not None}])


def test_an_inventory_that_is_right_has_no_problem() -> None:
    assert (
        _problems(
            {
                "nongsa": SITE,
                "kabil": _camera(user="pantau", password="{{ vault_camera_password }}")
                | {"vault_camera_password": "x"},
            }
        )
        == []
    )
    assert _problems({"nongsa": _with(pantau_agent_cameras=[])}) == []
    assert _problems({"nongsa": _camera(user="u", password="{{ lookup('env', 'GATE') }}")}) == []


@pytest.mark.parametrize(
    ("site", "said"),
    [
        (
            _camera(user="u", password="a{{ x }}b"),
            "nongsa: pantau_agent_cameras[1].password: Ansible takes {{ and {%",
        ),
        (_camera(user="u", password="{{ x }}"), "it names x, which nothing sets"),
        (_with(vault_p="a{# b #}"), "nongsa: vault_p: Ansible leaves out what is between {# and #}"),
        (_with(vault_password="change me too"), 'nongsa: vault_password: it is still "change me'),
        (_camera(password="x"), "nongsa: pantau_agent_cameras[1] (gate): user: there is a password, and no user"),
        (_camera(user="u", password=83), "password: YAML does not read it as text"),
        (_camera(host=None), "pantau_agent_cameras[1] (gate): it has no url"),
        (_camera(url="rtsp://10.0.0.1/x"), "it has a url and a host"),
        (_camera(id="Gate 1"), "pantau_agent_cameras[1]: id: 'Gate 1' is no id"),
        (
            _with(pantau_agent_cameras=[*SITE["pantau_agent_cameras"]] * 2),
            "[2]: id: gate is the id of another camera",
        ),
        (_with(pantau_agent_cameras="gate"), "pantau_agent_cameras: expected a list"),
        (_with(pantau_agent_broker_host=None), "nongsa: pantau_agent_broker_host is not set"),
        (_with(pantau_ca_folder=None), "pantau_agent_broker_password is not set"),
        (_with(pantau_agent_site_id="Nongsa"), "pantau_agent_site_id: 'Nongsa' is no id"),
        (_with(pantau_agent_broker_tls=False), "control: the broker speaks TLS, and nongsa would not"),
        (
            {"ansible_host": "10.10.1.2"},
            "nongsa: it has no cameras and no name: is host_vars/nongsa/cameras.yml there",
        ),
    ],
)
def test_a_mistake_of_one_site_is_told(site: dict[str, Any], said: str) -> None:
    (problem,) = _problems({"nongsa": site})
    assert said in problem


def test_what_two_hosts_share_and_must_not_is_told() -> None:
    same = _problems({"a": _with(pantau_agent_site_id="nongsa"), "nongsa": SITE})
    assert len(same) == 1
    assert same[0].startswith("a, nongsa: pantau_agent_site_id: nongsa is that of 2 hosts: one of them would end")
    address = {"ansible_host": "10.10.1.2"}
    (told,) = _problems({"a": SITE | address, "b": SITE | address})
    assert told.startswith("a, b: ansible_host: 10.10.1.2 is that of 2 hosts")
    assert _problems({"a": SITE | address, "b": SITE | address | {"ansible_port": 2222}}) == []


def test_a_broker_without_a_certificate_for_sites_that_ask_for_one_is_told() -> None:
    (told,) = _problems(
        {"nongsa": _with(pantau_ca_folder=None, pantau_agent_broker_password="x")}, {"pantau_ca_folder": ""}
    )
    assert "the broker would have no certificate" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[broker]\nport = 1883\nuser = "pantau-collector"\n', "set port = 1884"),
        ('[broker]\nuser = "pantau-collector"\n', "set port = 1884"),
        ('[broker]\nport = 1884\ntls = true\nuser = "x"\n', "take tls and ca_file out"),
        ("[broker]\nport = 1884\n", 'set user = "pantau-collector"'),
        ("[broker\n", "collector.toml"),
    ],
)
def test_a_collector_that_does_not_fit_the_broker_of_the_role_is_told(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "collector.toml"
    file.write_text(text)
    (told,) = _problems({"nongsa": SITE}, {"pantau_collector_config": str(file)})
    assert said in told


def _run(folder: Path, inventory: dict[str, Any]) -> str:
    (folder / "hosts.json").write_text(json.dumps(inventory))
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", folder / "hosts.json", "inventory.yml"],
        cwd=ANSIBLE,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def _city(sites: int) -> dict[str, dict[str, Any]]:
    """Return sites with three cameras each, whose password is in a vault."""
    camera = {
        "vendor": "hikvision",
        "host": "10.0.0.1",
        "user": "pantau",
        "password": "{{ vault_camera_password }}",
    }
    return {
        f"site-{number:04d}": {
            "ansible_host": f"10.{number // 250}.{number % 250}.2",
            "vault_camera_password": f"rahasia {number}",
            "pantau_agent_cameras": [{"id": f"gate-{which}", **camera} for which in range(3)],
        }
        for number in range(sites)
    }


def test_two_thousand_sites_are_checked_and_the_one_mistake_is_found() -> None:
    sites = {name: SITE | site for name, site in _city(2000).items()}
    assert _problems(sites) == []
    sites["site-1234"]["ansible_host"] = sites["site-0001"]["ansible_host"]
    assert len(_problems(sites)) == 1


def test_ansible_itself_checks_it_with_its_own_templates_and_tells_no_password(tmp_path: Path) -> None:
    sites = _city(20)
    everywhere = {"pantau_agent_broker_host": "broker.test", "pantau_ca_folder": "files/ca"}
    children = {"sites": {"hosts": sites}, "control_room": {"hosts": {"k": {}}}}
    inventory = {"all": {"vars": everywhere, "children": children}}
    assert _run(tmp_path, inventory).startswith("0\n")
    del sites["site-0012"]["vault_camera_password"]
    output = _run(tmp_path, inventory)
    assert output.startswith("2\n")
    assert "site-0012: pantau_agent_cameras[1].password: it names vault_camera_password, which nothing" in output
    assert "rahasia" not in output


@pytest.mark.parametrize(
    ("web", "variables", "said"),
    [
        (f"public_url = 'https://other.example'{_TRUSTS}", {}, 'set public_url = "https://wall.example"'),
        (f"public_url = 'http://wall.example'{_TRUSTS}", {}, 'set public_url = "https://wall.example"'),
        ("public_url = 'https://wall.example'", {}, 'set trusted_proxies = ["127.0.0.1"]'),
        (f"public_url = 'https://wall.example'{_TRUSTS}\nproxy_role = 'viewer'", {}, "lets everyone in"),
        (f"public_url = 'https://wall.example'{_TRUSTS}", {"pantau_web_users_file": "x"}, "set proxy_role"),
        (f"public_url = 'https://wall.example/'{_TRUSTS}", {}, None),
        (
            f"public_url = 'https://Wall.example/'{_TRUSTS}\nproxy_role = 'viewer'",
            {"pantau_web_users_file": "x"},
            None,
        ),
    ],
)
def test_a_wall_that_does_not_fit_the_web_server_before_it_is_told(
    tmp_path: Path, web: str, variables: dict[str, Any], said: str | None
) -> None:
    file = tmp_path / "collector.toml"
    file.write_text(f"[broker]\nport = 1884\nuser = 'pantau-collector'\n[web]\n{web}\n")
    control = {"pantau_web_name": "wall.example", "pantau_collector_config": str(file)} | variables
    found = _problems({"nongsa": SITE}, control)
    assert [said in each for each in found] == [True] if said else found == []
