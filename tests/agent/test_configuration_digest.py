from collections.abc import Callable
from pathlib import Path

import pytest

from pantau_agent.config import load
from pantau_agent.configuration_digest import configuration_digest
from tests.agent.certificate import make_certificate

Digest = Callable[[str], str]

BASE = """
[site]
id = "north"
[broker]
host = "127.0.0.1"
user = "north"
password = "satu"
[[camera]]
id = "gate"
url = "rtsp://op:dua@10.0.0.1/live"
"""


@pytest.fixture
def digest(tmp_path: Path) -> Digest:
    def digest(text: str) -> str:
        (tmp_path / "agent.toml").write_text(text)
        return configuration_digest(load(tmp_path / "agent.toml"))

    return digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("satu", "lain"),  # no password can be guessed by the digest
        ("dua", "lain"),
        ("[site]", "# a remark\n[site]"),
        ('id = "gate"', 'id = "gate"\ntimeout_s = 10'),  # what is the default anyway
        ('host = "127.0.0.1"\nuser = "north"', 'user = "north"\nhost = "127.0.0.1"'),
    ],
)
def test_what_is_the_same_to_the_agent_or_secret_leaves_the_digest(digest: Digest, old: str, new: str) -> None:
    assert old in BASE
    assert digest(BASE.replace(old, new)) == digest(BASE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("10.0.0.1", "10.0.0.2"),
        ('"gate"', '"pole"'),
        ("127.0.0.1", "127.0.0.2"),
        ("op:", "admin:"),
        ('id = "gate"', 'id = "gate"\ntimeout_s = 9'),
    ],
)
def test_every_other_change_changes_it(digest: Digest, old: str, new: str) -> None:
    assert digest(BASE.replace(old, new)) != digest(BASE)


def test_the_digest_stays_from_version_to_version(digest: Digest) -> None:
    assert digest(BASE) == "b51bbf1fc50094f5"


def test_the_environment_counts_as_what_is_written(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(BASE)
    monkeypatch.setenv("PANTAU_AGENT_REPORT__INTERVAL_S", "7")
    assert digest(BASE) != before


def test_where_systemd_hands_over_the_key_leaves_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` has no key, and the service has it in a folder of its own."""
    made = make_certificate(tmp_path)
    text = f"tls = true\ntls_certificate = '{made.certificate}'"
    (tmp_path / "agent.toml").write_text(BASE.replace('user = "north"\npassword = "satu"', text))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    before = configuration_digest(load(tmp_path / "agent.toml"))
    (tmp_path / "broker-key").write_bytes(made.key.read_bytes())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert configuration_digest(load(tmp_path / "agent.toml")) == before
