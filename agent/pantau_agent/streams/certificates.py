"""Checks the certificate of a camera within the TLS handshake, so that nothing is sent to another one.

Cameras sign their own certificates. So the first one seen is remembered and no other accepted, as by SSH (trust on
first use), unless the configuration has a fingerprint or the authority of the city.
"""

import contextlib
import hashlib
import ssl
from typing import Any

from pantau_agent.streams.safeguards import ANY_CERTIFICATE, Safeguards, endpoint
from pantau_contract.words.evidence import Detail, detail


class CertificateError(ssl.SSLError):
    """The certificate is not the camera's; `evidence` says why. An `SSLError`, because asyncio expects those."""

    def __init__(self, evidence: Detail) -> None:
        super().__init__(str(evidence))
        self.evidence = evidence


def tls_arguments(safeguards: Safeguards, host: str, port: int) -> dict[str, Any]:
    """Return asyncio's arguments for a TLS connection whose handshake fails unless the certificate is right.

    The handshake raises `CertificateError` or, with an authority, `ssl.SSLCertVerificationError`.
    """
    if safeguards.ca_file is not None:
        return {"ssl": ssl.create_default_context(cafile=safeguards.ca_file), "server_hostname": host}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("DEFAULT@SECLEVEL=0")  # old firmware has short keys
    context.sslobject_class = _checked(safeguards, endpoint(host, port))
    return {"ssl": context, "server_hostname": ""}


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 fingerprint of a DER certificate, in hexadecimal."""
    return hashlib.sha256(certificate).hexdigest()


def check(safeguards: Safeguards, at: str, fingerprint: str) -> None:
    """Check a fingerprint against what is configured or remembered of an `endpoint`; remember the first one.

    Raises:
        CertificateError: it is another one.
    """
    if safeguards.fingerprint == ANY_CERTIFICATE:
        return
    if safeguards.fingerprint:
        if fingerprint != safeguards.fingerprint:
            raise CertificateError(detail("certificate_other", now=fingerprint))
        return
    before = safeguards.remembered.certificates.get(at)
    if before is None:
        (safeguards.remembered.certificates if safeguards.learns else safeguards.unknown)[at] = fingerprint
    elif before != fingerprint:
        raise CertificateError(detail("certificate_changed", before=before, now=fingerprint))


def _checked(safeguards: Safeguards, at: str) -> type[ssl.SSLObject]:
    """Return an SSL object whose handshake ends with the check, before the first byte of ours is sent."""

    class CheckedObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            check(safeguards, at, fingerprint_of(self.getpeercert(binary_form=True) or b""))

    return CheckedObject
