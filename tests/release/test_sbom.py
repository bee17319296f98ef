"""The bill of materials of each way to install Pantau."""

import json
import re
from pathlib import Path

import pytest

from release.paths import LOCKS
from release.project import requirements
from release.sbom import SHIPPED, write_sbom


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sbom(tmp_path_factory.mktemp("dist"), "agent", "0.2.0", 1_700_000_000)


def test_it_lists_every_pin_of_the_lock_with_its_hashes(agent: Path) -> None:
    bom = json.loads(agent.read_text("utf-8"))
    assert (bom["bomFormat"], agent.name) == ("CycloneDX", "pantau-0.2.0.agent.cdx.json")
    pins = set(re.findall(r"^([\w.-]+)==(\S+)", (LOCKS / "agent.txt").read_text("utf-8"), re.MULTILINE))
    assert {(each["name"], each["version"]) for each in bom["components"]} == pins
    for component in bom["components"]:
        (distribution,) = component["externalReferences"]
        assert distribution["hashes"][0]["alg"] == "SHA-256"


def test_it_names_the_release_and_what_is_required_directly(agent: Path) -> None:
    bom = json.loads(agent.read_text("utf-8"))
    root = bom["metadata"]["component"]
    assert (root["name"], root["version"]) == ("pantau", "0.2.0")
    names = {each["bom-ref"]: each["name"] for each in bom["components"]}
    (depends,) = [each["dependsOn"] for each in bom["dependencies"] if each["ref"] == root["bom-ref"]]
    assert sorted(names[ref] for ref in depends) == sorted(each.name for each in requirements("agent"))


def test_it_is_the_same_each_time(agent: Path, tmp_path: Path) -> None:
    again = write_sbom(tmp_path, "agent", "0.2.0", 1_700_000_000)
    assert again.read_bytes() == agent.read_bytes()


def test_every_way_to_install_has_one() -> None:
    assert set(SHIPPED) == {"agent", "collector", "collector-postgresql", "demo"}
