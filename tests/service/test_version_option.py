import subprocess
import sys
from pathlib import Path

import pytest

from pantau_contract.version import __version__


@pytest.mark.parametrize("program", ["agent", "collector", "simcam", "demo"])
def test_every_program_says_its_version_also_through_a_link(program: str, tmp_path: Path) -> None:
    name = f"pantau-{program}"
    link = tmp_path / name
    link.symlink_to(Path(sys.executable).with_name(name))
    done = subprocess.run([link, "--version"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{name} {__version__}\n", "")
