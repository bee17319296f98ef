"""Writes what each way to install Pantau contains, as CycloneDX JSON, from the locks."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from release.lock import EXTRAS
from release.paths import LOCKS, PYPROJECT
from release.project import requirements

SHIPPED = tuple(name for name in EXTRAS if name != "dev")
"""The locks that somebody installs from; the developers' tools are no part of a release."""


def write_sbom(out: Path, name: str, version: str, epoch: int) -> Path:
    """Write the SBOM of one lock into `out`, dated `epoch` (seconds), and return its path.

    Raises:
        subprocess.CalledProcessError: cyclonedx-py cannot read the lock, or the result breaks CycloneDX's schema.
    """
    path = out / f"pantau-{version}.{name}.cdx.json"
    bom = complete(json.loads(_cyclonedx(name, epoch)), name, version)
    path.write_text(json.dumps(bom, indent=2) + "\n", "utf-8")
    return path


def complete(bom: dict[str, Any], name: str, version: str) -> dict[str, Any]:
    """Add what cyclonedx-py cannot read from a requirements file: the version, and what is required directly."""
    root = bom["metadata"]["component"]
    root["version"] = version
    root["purl"] = f"pkg:pypi/pantau@{version}"
    direct = {canonicalize_name(each.name) for extra in EXTRAS[name] for each in requirements(extra)}
    refs = sorted(each["bom-ref"] for each in bom["components"] if canonicalize_name(each["name"]) in direct)
    for dependency in bom["dependencies"]:
        if dependency["ref"] == root["bom-ref"]:
            dependency["dependsOn"] = refs
    return bom


def _cyclonedx(name: str, epoch: int) -> str:
    command = [
        *(sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", str(LOCKS / f"{name}.txt")),
        *("--pyproject", str(PYPROJECT), "--mc-type", "application", "--output-reproducible"),
        *("--output-format", "JSON", "--output-file", "-"),
    ]
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
