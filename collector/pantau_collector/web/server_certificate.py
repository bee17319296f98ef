"""The server's own certificate, loaded again when it is renewed: new connections get the new one."""

import logging
import ssl
from pathlib import Path

from pantau_collector.periodic import PeriodicThread

CHECK_EVERY_S = 60.0
"""Seconds between looks at the files."""
_log = logging.getLogger(__name__)


class CertificateError(Exception):
    """Certificate and key cannot be used; the text names the files, and what is wrong."""


class ServerCertificate:
    """Certificate and key of a TLS server. A renewed pair that cannot be used leaves the old one in place."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Load the files.

        Raises:
            CertificateError: they cannot be used.
        """
        self._certificate, self._key = certificate, key
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._loaded = self._load()
        self._thread = PeriodicThread(
            "certificate",
            self._step,
            failure="web.certificate was renewed, and the new one cannot be used: the old one stays",
            first_wait_s=CHECK_EVERY_S,
            retry_s=CHECK_EVERY_S,
            expected=(CertificateError,),
        )

    def start(self) -> None:
        """Start to look for a renewed certificate."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to look."""
        self._thread.stop()

    def reload(self) -> bool:
        """Load the files again if they have changed, and return True if they have.

        Raises:
            CertificateError: they cannot be used.
        """
        if self._stamp() == self._loaded:
            return False
        self._loaded = self._load()
        return True

    def _step(self) -> float:
        if self.reload():
            _log.info("the renewed certificate %s is used from now on", self._certificate)
        return CHECK_EVERY_S

    def _load(self) -> tuple[tuple[int, int], ...]:
        stamp = self._stamp()
        try:
            # First alone: a pair that does not fit must not take the place of the one in use.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._certificate, self._key, _no_password)
            self.context.load_cert_chain(self._certificate, self._key, _no_password)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise CertificateError(
                f"web.certificate, web.key: {self._certificate} and {self._key} cannot be used ({reason}):"
                " expected a PEM file with the certificate and those that signed it, and a key without password"
            ) from None
        return stamp

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        try:
            found = [path.stat() for path in (self._certificate, self._key)]
        except OSError as error:
            raise CertificateError(f"web.certificate, web.key: {error.filename}: {error.strerror}") from None
        return tuple((each.st_mtime_ns, each.st_ino) for each in found)


def _no_password() -> str:
    raise ssl.SSLError(0, "the key has a password")
