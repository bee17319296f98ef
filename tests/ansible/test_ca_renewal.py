"""Test how certificates, and the authority itself, are replaced without a moment at which somebody is refused."""

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.modules import load

ca = load("roles/pantau_ca/library/pantau_ca.py")
NOW = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)
ALL = 1000
"""Days before their end that take in every certificate."""


def _authority(folder: Path, *, step: str = "") -> Any:
    authority = ca.Authority(folder, NOW)
    if step:
        authority.succeed(step)
    authority.revoke([])
    return authority


def _issue(folder: Path, *, step: str = "", renew_days: int = 60) -> list[str]:
    authority = _authority(folder, step=step)
    authority.issue(ca.Wish("nongsa"), 397, renew_days)
    changes: list[str] = authority.changes
    return changes


def _verify(folder: Path, certificate: Path, trusted: bytes | None = None) -> str:
    """Return what OpenSSL says of a client by what is published now, or by whom a machine trusted before."""
    trust = folder / "trusted-by-it"
    trust.write_bytes((folder / "trusted.pem").read_bytes() if trusted is None else trusted)
    at = str(int(NOW.timestamp()))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-attime", at, "-crl_check"]
    command += ["-CAfile", str(trust), "-CRLfile", str(folder / "crl.pem"), str(certificate)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _kept(folder: Path) -> Path:
    """Keep what a site has, as its machine does until it is brought another one."""
    copy = folder / "kept.pem"
    copy.write_bytes((folder / "nongsa.pem").read_bytes())
    return copy


def test_what_is_replaced_is_taken_until_it_is_retired(tmp_path: Path) -> None:
    _issue(tmp_path)
    former = _kept(tmp_path)
    assert _issue(tmp_path, renew_days=ALL) != []
    assert _verify(tmp_path, former).endswith("OK\n")
    authority = _authority(tmp_path)
    authority.retire(["kabil"])
    assert authority.changes == []
    authority.retire(["nongsa"])
    assert authority.changes == ["nongsa: its former certificate is revoked"]
    assert "certificate revoked" in _verify(tmp_path, former)
    assert _verify(tmp_path, tmp_path / "nongsa.pem").endswith("OK\n")
    again = _authority(tmp_path)
    again.retire(["nongsa"])
    assert again.changes == []


def test_while_one_authority_follows_another_every_pair_of_machines_trusts_each_other(tmp_path: Path) -> None:
    _issue(tmp_path)
    former, trusted_at_first = _kept(tmp_path), (tmp_path / "trusted.pem").read_bytes()
    assert trusted_at_first == (tmp_path / "ca.pem").read_bytes()
    assert _issue(tmp_path, step="prepare") == ["the next authority"]
    assert _issue(tmp_path, step="prepare") == []
    assert (tmp_path / "nongsa.pem").read_bytes() == former.read_bytes(), "nobody trusts the next one yet"
    trusted = (tmp_path / "trusted.pem").read_bytes()
    assert _verify(tmp_path, former, trusted_at_first).endswith("OK\n")
    assert _issue(tmp_path, step="promote") == [
        "the next authority signs",
        "nongsa: signed by another authority",
    ]
    assert _issue(tmp_path, step="promote") == []
    for who in (former, tmp_path / "nongsa.pem"):
        assert _verify(tmp_path, who, trusted).endswith("OK\n"), "a machine that trusts since the first step"
        assert _verify(tmp_path, who).endswith("OK\n")
    assert "unable to get local issuer" in _verify(tmp_path, tmp_path / "nongsa.pem", trusted_at_first)
    assert _issue(tmp_path, step="finish") == ["the former authority is forgotten"]
    assert _issue(tmp_path, step="finish") == []
    assert _verify(tmp_path, tmp_path / "nongsa.pem").endswith("OK\n")
    assert "unable to get local issuer" in _verify(tmp_path, former)


@pytest.mark.parametrize("copied", [["former-ca.key"], ["former-ca.key", "former-ca.pem"]])
def test_a_succession_that_breaks_off_in_the_middle_is_done_again(tmp_path: Path, copied: list[str]) -> None:
    _issue(tmp_path)
    former = _kept(tmp_path)
    _issue(tmp_path, step="prepare")
    for name in copied:
        (tmp_path / name).write_bytes((tmp_path / name.removeprefix("former-")).read_bytes())
    assert "the next authority signs" in _issue(tmp_path, step="promote")
    for who in (former, tmp_path / "nongsa.pem"):
        assert _verify(tmp_path, who).endswith("OK\n")


def test_nothing_is_promoted_that_nobody_trusts(tmp_path: Path) -> None:
    _issue(tmp_path)
    with pytest.raises(ValueError, match="prepare it first"):
        _issue(tmp_path, step="promote")
