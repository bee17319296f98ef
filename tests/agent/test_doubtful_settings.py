from pathlib import Path

import pytest
from typer.testing import CliRunner

from pantau_agent.cli import app

SITE = '[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\n'
GATE = '[[camera]]\nid = "gate"\nurl = "rtsp://10.0.0.1/live"\nuser = "op"\npassword = "{}"\n'


def check(folder: Path, text: str) -> tuple[int, list[str]]:
    file = folder / "agent.toml"
    file.write_text(text)
    file.chmod(0o600)
    done = CliRunner().invoke(app, ["check", "--config", str(file)])
    return done.exit_code, [line.removeprefix(f"{file}: ") for line in done.stderr.splitlines()]


@pytest.mark.parametrize("password", ["change me", "change-me", "CHANGEME", "Rahasia", "secret!"])
def test_the_password_of_an_example_is_refused_and_not_shown(tmp_path: Path, password: str) -> None:
    code, [line] = check(tmp_path, SITE + GATE.format(password))
    assert code == 2
    assert line.startswith("camera[1].password: expected the real password")
    assert line.endswith("(camera 'gate')")
    code, [line] = check(tmp_path, f'{SITE}user = "north"\npassword = "{password}"\n')
    assert (code, line.partition(":")[0]) == (2, "broker.password")
    assert password not in line


def test_a_real_password_that_holds_such_a_word_is_taken(tmp_path: Path) -> None:
    assert check(tmp_path, SITE + GATE.format("changeme-7Kq")) == (0, [])


def test_two_cameras_of_one_address_are_refused(tmp_path: Path) -> None:
    twice = SITE + GATE.format("x1") + GATE.format("x1").replace("gate", "pole")
    code, [line] = check(tmp_path, twice)
    assert code == 2
    assert line.startswith("camera[2].url: expected another address than that of camera 'gate'")
    assert check(tmp_path, twice.replace('"pole"', '"pole"\nenabled = false'))[0] == 0
    vendor = '[[camera]]\nid = "{}"\nvendor = "hikvision"\nhost = "10.0.0.1"\nchannel = {}\n'
    assert check(tmp_path, SITE + vendor.format("a", 1) + vendor.format("b", 2))[0] == 0
    code, [line] = check(tmp_path, SITE + vendor.format("a", 1) + vendor.format("b", 1))
    assert (code, line.partition(":")[0]) == (2, "camera[2].host")


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        ('id = "gate"', "camera[1].url: expected a URL, or `vendor` and `host` in its place (camera 'gate')"),
        ('id = "gate"\nhost = "10.0.0.1"', "camera[1].vendor: expected the vendor"),
        (
            'id = "gate"\nurl = "rtsp://10.0.0.1/"\npassword = "x1"',
            "camera[1].user: expected the user's name, since there is a password (camera 'gate')",
        ),
    ],
)
def test_what_keeps_an_agent_from_starting_is_told_with_key_and_camera(
    tmp_path: Path, camera: str, said: str
) -> None:
    code, [line] = check(tmp_path, f"{SITE}[[camera]]\n{camera}\n")
    assert code == 2
    assert line.startswith(said)
