"""When certificates end: of a PEM file, and of the other side of a TLS connection."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0
"""Tags of ASN.1 (X.690) in a certificate."""
_MAX_BYTES = 1 << 20
"""Bytes of a file at most."""


def end_of_own_ms(file: Path) -> int | None:
    """Return when the first certificate of a file ends (UTC ms), which is the one that is shown to others."""
    return next(iter(_ends_ms(file)), None)


def end_of_authority_ms(file: Path) -> int | None:
    """Return when the last authority of a file ends (UTC ms): until then a new one may stand beside the old."""
    return max(_ends_ms(file), default=None)


def end_of_peer_ms(connection: object) -> int | None:
    """Return when the certificate ends (UTC ms) that the other side of a TLS socket has shown and was checked.

    None for a socket without TLS. What wraps a TLS socket has `getpeercert` too.
    """
    ask = getattr(connection, "getpeercert", None)
    peer = ask() if ask is not None else None
    return int(ssl.cert_time_to_seconds(str(peer["notAfter"])) * 1000) if peer else None


def not_after_ms(der: bytes) -> int:
    """Return when a certificate in DER ends (UTC ms; RFC 5280, 4.1).

    Raises:
        ValueError: it is no certificate.
    """
    _, certificate, _ = _element(der)
    _, to_be_signed, _ = _element(certificate)
    tag, _, rest = _element(to_be_signed)
    if tag == _VERSION:
        _, _, rest = _element(rest)  # the serial number; a certificate of version 1 begins with it
    for _ in range(2):  # the signature's algorithm, the issuer
        _, _, rest = _element(rest)
    tag, validity, _ = _element(rest)
    _, _, rest = _element(validity)
    kind, text, _ = _element(rest)
    if tag != _SEQUENCE or kind not in {_UTC_TIME, _GENERALIZED_TIME}:
        raise ValueError("expected a certificate")
    # RFC 5280: years from 50 on of two digits are those of the 20th century, as strptime almost has it (69).
    digits = text.decode("ascii")
    century = "" if kind == _GENERALIZED_TIME else "19" if digits[:2] >= "50" else "20"
    ends = datetime.strptime(f"{century}{digits}", "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return int(ends.timestamp() * 1000)


def _ends_ms(file: Path) -> list[int]:
    """Return when each certificate of a PEM file ends; none if it cannot be read."""
    try:
        with file.open("r", encoding="ascii", errors="replace") as opened:
            blocks = opened.read(_MAX_BYTES).split(_BEGIN)[1:]
        pems = (f"{_BEGIN}{block.partition(_END)[0]}{_END}" for block in blocks)
        return [not_after_ms(ssl.PEM_cert_to_DER_cert(pem)) for pem in pems]
    except (OSError, ValueError, IndexError):
        return []


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Return tag and content of the first element, and what comes after it.

    Raises:
        ValueError: the data ends before it.
    """
    if len(data) < 2:
        raise ValueError("expected another element")
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start])
    if start + length > len(data):
        raise ValueError("an element is longer than what holds it")
    return data[0], data[start : start + length], data[start + length :]
