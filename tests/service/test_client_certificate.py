"""Test how a program's own certificate is configured."""

import datetime as dt
import ssl
from pathlib import Path

import pytest

from pantau_agent.config import Broker as AgentBroker
from pantau_collector.config import Broker as CollectorBroker
from pantau_service.client_certificate import client_context, client_key
from tests.ansible.modules import load

ca = load("roles/pantau_ca/library/pantau_ca.py")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate and its key, of an authority of their own."""
    folder: Path = tmp_path_factory.mktemp("ca")
    authority = ca.Authority(folder, dt.datetime.now(dt.UTC))
    for name in ("nongsa", "kabil"):
        authority.issue(ca.Wish(name), 397, 60)
    return folder / "nongsa.pem", folder / "nongsa.key"


@pytest.mark.parametrize("model", [AgentBroker, CollectorBroker])
def test_agent_and_collector_take_a_certificate_with_the_key_that_systemd_hands_over(
    model: type[AgentBroker | CollectorBroker],
    pair: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate, key = pair
    (tmp_path / "broker-key").write_bytes(key.read_bytes())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    broker = model(host="broker.test", tls=True, tls_certificate=certificate)
    assert broker.tls_key == tmp_path / "broker-key"
    client_context(None, broker.tls_certificate, broker.tls_key)
    assert model(host="broker.test", tls=True, tls_certificate=certificate, tls_key=key).tls_key == key


def test_without_credentials_a_check_passes_and_connecting_tells_what_is_missing(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert client_key(pair[0], None, tls=True) is None
    with pytest.raises(ValueError, match=r"set `broker\.tls_key`"):
        client_context(None, pair[0], None)


def test_what_does_not_go_together_is_told(
    pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = pair
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ValueError, match="credential broker-key"):
        client_key(certificate, None, tls=True)
    with pytest.raises(ValueError, match="expected true"):
        client_key(certificate, key, tls=False)
    with pytest.raises(ValueError, match="since there is a `tls_key`"):
        client_key(None, key, tls=True)
    with pytest.raises(ValueError, match="KEY_VALUES_MISMATCH"):
        client_key(certificate, certificate.with_name("kabil.key"), tls=True)
    with pytest.raises(ValueError, match="No such file"):
        client_key(certificate, tmp_path / "none", tls=True)


def test_without_a_certificate_nothing_is_shown() -> None:
    assert client_key(None, None, tls=True) is None
    assert client_context(None, None, None).verify_mode is ssl.CERT_REQUIRED
