"""Test the city's certificate authority: what it signs, renews and revokes, and that OpenSSL takes it."""

import datetime as dt
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ansible.modules import load

ca = load("roles/pantau_ca/library/pantau_ca.py")
NOW = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)


def _authority(folder: Path, *, days_later: int = 0, dry: bool = False) -> Any:
    return ca.Authority(folder, NOW + dt.timedelta(days=days_later), dry=dry)


def _issue(folder: Path, *, days_later: int = 0) -> list[str]:
    authority = _authority(folder, days_later=days_later)
    authority.revoke([])
    authority.issue(ca.Wish("broker", ["broker.test", "10.10.0.2"]), 397, 60)
    authority.issue(ca.Wish("batam_centre"), 397, 60)
    changes: list[str] = authority.changes
    return changes


def _verify(folder: Path, name: str, purpose: str, *, days_later: int = 0) -> str:
    """Return what OpenSSL says, strict as by default in Python 3.13 and on Debian 13."""
    at = int((NOW + dt.timedelta(days=days_later)).timestamp())
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-attime", str(at), "-crl_check"]
    command += [
        "-CAfile",
        str(folder / "ca.pem"),
        "-CRLfile",
        str(folder / "crl.pem"),
        str(folder / f"{name}.pem"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_openssl_takes_it_strictly_each_for_its_purpose(tmp_path: Path) -> None:
    _issue(tmp_path)
    assert _verify(tmp_path, "broker", "sslserver").endswith("OK\n")
    assert _verify(tmp_path, "batam_centre", "sslclient").endswith("OK\n")
    assert "unsuitable certificate purpose" in _verify(tmp_path, "batam_centre", "sslserver")
    assert "unsuitable certificate purpose" in _verify(tmp_path, "broker", "sslclient")


def test_it_has_the_extensions_of_rfc_5280(tmp_path: Path) -> None:
    _issue(tmp_path)
    text = {
        name: subprocess.run(
            ["openssl", "x509", "-noout", "-text", "-in", tmp_path / f"{name}.pem"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ("ca", "broker", "batam_centre")
    }
    assert "CA:TRUE, pathlen:0" in text["ca"]
    assert "Certificate Sign, CRL Sign" in text["ca"]
    assert "CA:FALSE" in text["broker"]
    assert "DNS:broker.test, IP Address:10.10.0.2" in text["broker"]
    assert "CN = batam_centre" in text["batam_centre"]
    for name in ("broker", "batam_centre"):
        assert "X509v3 Authority Key Identifier" in text[name]
        assert "Digital Signature" in text[name]


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    _issue(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for key in ("ca.key", "broker.key", "batam_centre.key"):
        assert stat.S_IMODE((folder / key).stat().st_mode) == 0o600


def test_a_second_run_changes_nothing_and_60_days_before_its_end_a_certificate_is_renewed(tmp_path: Path) -> None:
    assert _issue(tmp_path) == ["the authority", "the list of what is revoked", "broker: new", "batam_centre: new"]
    before = (tmp_path / "batam_centre.pem").read_bytes()
    assert _issue(tmp_path) == []
    assert _issue(tmp_path, days_later=397 - 61) == []
    assert (tmp_path / "batam_centre.pem").read_bytes() == before
    ends = "renewed, as it ends on 2028-01-01"
    assert _issue(tmp_path, days_later=397 - 59) == [f"broker: {ends}", f"batam_centre: {ends}"]
    assert _verify(tmp_path, "batam_centre", "sslclient", days_later=500).endswith("OK\n")


def test_a_broker_with_another_name_gets_another_certificate_and_a_trial_run_changes_nothing(
    tmp_path: Path,
) -> None:
    _issue(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    authority = _authority(tmp_path, dry=True)
    authority.revoke(["batam_centre"])
    authority.issue(ca.Wish("broker", ["other.test"]), 397, 60)
    assert authority.changes == ["batam_centre: revoked", "broker: has other names"]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_is_broken_off_between_key_and_certificate_is_made_anew(tmp_path: Path) -> None:
    _issue(tmp_path)
    (tmp_path / "batam_centre.pem").unlink()
    assert _issue(tmp_path) == ["batam_centre: new"]


def test_a_revoked_certificate_is_refused_for_ever_and_a_new_one_is_not(tmp_path: Path) -> None:
    _issue(tmp_path)
    stolen = (tmp_path / "batam_centre.pem").read_bytes()
    authority = _authority(tmp_path, days_later=1)
    authority.revoke(["batam_centre"])
    assert authority.changes == ["batam_centre: revoked"]
    assert not (tmp_path / "batam_centre.key").exists()
    again = _authority(tmp_path, days_later=2)
    again.revoke(["batam_centre"])
    assert again.changes == []
    assert _issue(tmp_path, days_later=2) == ["batam_centre: new"]
    assert _verify(tmp_path, "batam_centre", "sslclient", days_later=2).endswith("OK\n")
    (tmp_path / "stolen.pem").write_bytes(stolen)
    assert "certificate revoked" in _verify(tmp_path, "stolen", "sslclient", days_later=2)


def test_who_never_had_a_certificate_cannot_be_revoked(tmp_path: Path) -> None:
    _issue(tmp_path)
    with pytest.raises(ValueError, match="nongs has no certificate"):
        _authority(tmp_path).revoke(["nongs"])


def test_an_authority_whose_certificate_is_lost_is_told_and_not_replaced(tmp_path: Path) -> None:
    _issue(tmp_path)
    (tmp_path / "ca.pem").unlink()
    with pytest.raises(ValueError, match="put it back from a backup"):
        _authority(tmp_path)
