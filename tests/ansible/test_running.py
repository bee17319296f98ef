"""Test the script by which a run tells whether a service runs what is written."""

import subprocess
from pathlib import Path

import jinja2

from tests.ansible.modules import ANSIBLE


def _script(folder: Path, active: bool) -> Path:
    """Return the script as the role writes it, with its notes in `folder` and a stand-in for systemctl."""
    template = (ANSIBLE / "roles/pantau_running/templates/written.sh.j2").read_text()
    text = jinja2.Template(template, trim_blocks=True, autoescape=False).render(  # a shell script
        pantau_running_service="probe",
        pantau_running_files=[f"{folder}/etc/*.toml", f"{folder}/etc/none"],
        pantau_running_reload_files=[f"{folder}/etc/list"],
        pantau_running_unit=f"{folder}/etc/probe",
    )
    script = folder / "probe.written"
    script.write_text(text.replace("/run/", f"{folder}/").replace("systemctl", "true" if active else "false"))
    script.chmod(0o755)
    return script


def _ask(script: Path, what: str) -> str:
    return subprocess.run([script, what], check=True, capture_output=True, text=True).stdout


def _start(script: Path) -> None:
    """Do what systemd does before a start."""
    for what, note in (("start", "probe.started"), ("reload", "probe.reloaded")):
        (script.parent / note).write_text(_ask(script, what))


def test_what_has_changed_since_the_start_needs_a_restart_or_a_reload(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    (etc / "probe.service.d").mkdir(parents=True)
    for name in ("a.toml", "list", "probe.service"):
        (etc / name).write_text("1")
    script = _script(tmp_path, active=True)
    assert _ask(script, "compare") == "restart\n", "nothing was noted"
    _start(script)
    assert _ask(script, "compare") == ""
    (etc / "list").write_text("2")
    assert _ask(script, "compare") == "reload\n"
    (etc / "a.toml").write_text("2")
    assert _ask(script, "compare") == "restart\n"
    _start(script)
    for name in ("b.toml", "probe.service.d/x.conf"):
        (etc / name).write_text("new")
        assert _ask(script, "compare") == "restart\n"
        (etc / name).unlink()
    (etc / "a.toml").unlink()
    assert _ask(script, "compare") == "restart\n"


def test_a_service_that_does_not_run_is_started(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    script = _script(tmp_path, active=False)
    _start(script)
    assert _ask(script, "compare") == "restart\n"
