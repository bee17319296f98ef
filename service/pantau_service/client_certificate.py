"""A program's own certificate at the broker: checked with the configuration, and shown when it connects."""

import os
import ssl
from pathlib import Path

from pantau_service.settings import error_at

KEY_CREDENTIAL = "broker-key"
"""systemd's credential that holds the key; the certificate is no secret."""


def client_key(certificate: Path | None, key: Path | None, *, tls: bool) -> Path | None:
    """Return the file of the certificate's key: the one that is given, or systemd's credential `broker-key`.

    None if there is no certificate, or if nobody has handed over credentials, as in a check by hand.

    Raises:
        ValueError: certificate, key and `tls` do not go together. The error belongs to one of these keys.
    """
    if certificate is None:
        if key is not None:
            raise error_at("tls_certificate", "expected the certificate's file, since there is a `tls_key`")
        return None
    if not tls:
        raise error_at("tls", "expected true, since there is a `tls_certificate`")
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if key is None and credentials:
        key = Path(credentials, KEY_CREDENTIAL)
        if not key.is_file():
            raise error_at("tls_key", f"expected the key's file, or systemd's credential {KEY_CREDENTIAL}")
    if key is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)
        except ssl.SSLError as error:
            raise error_at(
                "tls_key", f"expected the key of `tls_certificate` in PEM form ({error.reason})"
            ) from None
        except OSError as error:
            raise error_at("tls_key", f"expected a file that this program can read ({error.strerror})") from None
    return key


def client_context(ca_file: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Return how to connect with TLS, and with a certificate of our own if there is one.

    Raises:
        ValueError: there is a certificate, and no key.
        OSError: a file cannot be read any more.
    """
    context = ssl.create_default_context(cafile=ca_file)
    if certificate is not None:
        if key is None:
            raise ValueError(
                f"there is no key to `broker.tls_certificate`: set `broker.tls_key`, or run it by systemd, which"
                f" hands it over as {KEY_CREDENTIAL}"
            )
        context.load_cert_chain(certificate, key)
    return context
