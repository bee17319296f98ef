"""The page about a stolen machine names what there is, and its list of cameras holds no password."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/stolen-pi.md").read_text("utf-8")


def test_both_readmes_and_the_security_policy_lead_to_it() -> None:
    for name in ("README.md", "README.id.md", "SECURITY.md"):
        assert "docs/stolen-pi.md" in (ROOT / name).read_text("utf-8"), name


def test_what_it_links_to_and_what_it_names_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
    defaults = "".join(path.read_text("utf-8") for path in (ROOT / "ansible/roles").glob("*/defaults/main.yml"))
    for variable in re.findall(r"pantau_broker_\w+", PAGE):
        assert f"{variable}:" in defaults


def test_the_list_of_cameras_names_each_and_no_password() -> None:
    (command,) = re.findall(r"^    ansible (nongsa .*)$", PAGE, re.MULTILINE)
    (message,) = re.findall(r'-a "(.*)"$', command)
    ansible = [str(Path(sys.executable).with_name("ansible")), "nongsa", "-i", "inventory.example", "-m", "debug"]
    environment = os.environ | {"ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [*ansible, "-a", message],
        cwd=ROOT / "ansible",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for shown in ("quay-1", "quay-2", "roundabout", "10.10.2.10", "uniview-nvr"):
        assert shown in done.stdout
    assert "password" not in done.stdout
    assert "change me" not in done.stdout
