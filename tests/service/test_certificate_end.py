import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from pantau_service.certificate_end import end_of_authority_ms, end_of_own_ms, not_after_ms
from tests.agent.certificate import make_certificate


def in_days(ends_ms: int | None) -> float:
    assert ends_ms is not None
    return (ends_ms / 1000 - dt.datetime.now(dt.UTC).timestamp()) / 86400


@pytest.mark.parametrize("days", [1, 3650, 40_000])  # 40,000: after 2050 the time has another form
def test_the_end_is_that_of_another_reader(tmp_path: Path, days: int) -> None:
    file = make_certificate(tmp_path, valid=(-dt.timedelta(days=1), dt.timedelta(days=days))).certificate
    expected = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc.timestamp() * 1000
    assert end_of_own_ms(file) == expected


def test_of_several_the_own_is_the_first_and_of_authorities_the_last_to_end_counts(tmp_path: Path) -> None:
    texts = []
    for days in (5, 50, 20):
        made = make_certificate(tmp_path, valid=(-dt.timedelta(days=1), dt.timedelta(days=days)))
        texts.append(made.certificate.read_text())
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("# a remark\n" + "\n".join(texts))
    assert 4.9 < in_days(end_of_own_ms(bundle)) < 5.1
    assert 49.9 < in_days(end_of_authority_ms(bundle)) < 50.1


def test_what_is_no_certificate_has_no_end(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    for text in ("", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        wrong.write_text(text)
        assert end_of_own_ms(wrong) is None
    assert end_of_authority_ms(tmp_path / "none") is None


def test_a_broken_one_is_an_error_whatever_is_missing(tmp_path: Path) -> None:
    der = ssl.PEM_cert_to_DER_cert(make_certificate(tmp_path).certificate.read_text())
    for length in range(0, 150, 7):
        with pytest.raises(ValueError, match=r"expected|longer"):
            not_after_ms(der[:length])
