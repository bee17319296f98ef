import datetime as dt
from pathlib import Path

from pantau_agent.config import Broker
from pantau_agent.reporting.certificates import Certificates
from tests.agent.certificate import make_certificate


def broker(folder: Path) -> Broker:
    made = make_certificate(folder, valid=(-dt.timedelta(days=1), dt.timedelta(days=9)))
    return Broker(host="127.0.0.1", tls=True, ca_file=made.certificate)


def names(certificates: Certificates, shown_ms: int | None, now_s: float) -> list[str]:
    return [each.name for each in certificates.due(shown_ms, now_s)]


def test_they_are_reported_when_one_is_new_and_every_ten_minutes(tmp_path: Path) -> None:
    certificates = Certificates(broker(tmp_path))
    assert names(certificates, None, 0) == ["authority"]
    assert names(certificates, None, 30) == []
    assert names(certificates, 5, 60) == ["broker", "authority"]
    assert names(certificates, 5, 659) == []
    assert names(certificates, 5, 660) == ["broker", "authority"]
    assert names(certificates, 6, 690) == ["broker", "authority"]


def test_without_tls_there_are_none() -> None:
    assert Certificates(Broker(host="127.0.0.1")).due(None, 0) == ()
