import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from pantau_agent.commands.service_credentials import credential_files, service_credentials
from pantau_agent.config import load

UNIT = "pantau-agent.service"
CONFIG = (
    '[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\nuser = "north"\n'
    '[[camera]]\nid = "gate"\nurl = "rtsp://10.0.0.1/live"\nuser = "op"\n'
)


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        file = root / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which the service is stopped, with the unit and passwords as the role leaves them."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "")  # what is set from now on is undone at the end
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    write(
        tmp_path,
        **{
            f"etc/systemd/system/{UNIT}": "[Service]\nLoadCredential=broker:pantau-agent.broker\n",
            f"etc/systemd/system/{UNIT}.d/credentials.conf": (
                "[Service]\nLoadCredential=camera-gate:pantau-agent.camera-gate\n# LoadCredential=x:y\n"
            ),
            "etc/credstore/pantau-agent.broker": "sandi-broker\n",
            "etc/credstore/pantau-agent.camera-gate": "sandi-kamera\n",
            "agent.toml": CONFIG,
        },
    )
    return tmp_path


def test_while_the_service_is_stopped_a_command_reads_the_passwords_that_it_would_get(root: Path) -> None:
    with service_credentials(root):
        folder = Path(os.environ["CREDENTIALS_DIRECTORY"])
        config = load(root / "agent.toml")
    assert config.broker.password == SecretStr("sandi-broker")
    assert config.camera[0].password == SecretStr("sandi-kamera")
    assert not folder.exists()
    assert "CREDENTIALS_DIRECTORY" not in os.environ


def test_what_is_written_now_precedes_what_the_running_service_was_given(root: Path) -> None:
    write(root, **{f"run/credentials/{UNIT}/broker": "old", f"run/credentials/{UNIT}/camera-sealed": "unsealed"})
    read = {name: file.read_text().strip() for name, file in credential_files(root).items()}
    assert read == {"broker": "sandi-broker", "camera-gate": "sandi-kamera", "camera-sealed": "unsealed"}


def test_drop_ins_reset_and_replace_what_the_unit_has(root: Path) -> None:
    write(
        root,
        **{
            f"etc/systemd/system/{UNIT}.d/own.conf": "LoadCredential=\nLoadCredential=broker:/etc/rahasia\n",
            "etc/rahasia": "elsewhere",
        },
    )
    assert credential_files(root) == {"broker": root / "etc/rahasia"}


def test_where_nothing_is_readable_there_is_no_password_and_no_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # as for everyone but root
    with service_credentials(root):
        config = load(root / "agent.toml")
    assert config.broker.password is None
    assert config.camera[0].lacks_password


def test_the_service_itself_keeps_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/its/own")
    with service_credentials(root):
        assert os.environ["CREDENTIALS_DIRECTORY"] == "/its/own"
    assert os.environ["CREDENTIALS_DIRECTORY"] == "/its/own"
