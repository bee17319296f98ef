"""What must hold before a camera gets a password, or a proof of it: which login, and which certificate.

A camera that once had a better login, or another certificate, is not believed to have lost it: whoever answers
in its place would say the same.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec import field as struct_field

Protocol = Literal["rtsp", "http"]
"""Each has a login of its own: many cameras have Digest for one of them and Basic for the other."""
Hash = Literal["MD5", "SHA-256"]
"""The hash functions of Digest, the weaker first."""
ANY_CERTIFICATE = "any"
"""Configured in the place of a fingerprint: every certificate is taken, and proves nothing."""


class Remembered(Struct):
    """What a camera has shown of itself, kept over sessions and restarts.

    `digests` is, by protocol, the best Digest by which the camera has let us in. `certificates` are the SHA-256
    fingerprints of its certificates in hexadecimal, by `host:port`.
    """

    digests: dict[Protocol, Hash] = struct_field(default_factory=dict)
    certificates: dict[str, str] = struct_field(default_factory=dict)

    def record_digest(self, protocol: Protocol, used: Hash) -> None:
        """Remember the Digest that a camera has accepted, unless a better one is remembered."""
        if self.digests.get(protocol) != "SHA-256":
            self.digests[protocol] = used


@dataclass(frozen=True, slots=True)
class Channel:
    """A connection to a camera. Over TLS it is `proven` if the certificate is known to be the camera's.

    `fingerprint` is that of a certificate of which nothing is known.
    """

    encrypted: bool = False
    proven: bool = False
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Safeguards:
    """The safeguards of one camera's password.

    `allow_basic` permits to send the password in clear. Certificates are checked by the authority in `ca_file`,
    by the `fingerprint` that is configured, or by the one that is `remembered`. With `learns`, a certificate
    that is seen for the first time is remembered, and from then on no other is accepted; without, it is noted in
    `unknown`.
    """

    allow_basic: bool = False
    ca_file: Path | None = None
    fingerprint: str = ""
    remembered: Remembered = field(default_factory=Remembered)
    learns: bool = False
    unknown: dict[str, str] = field(default_factory=dict)

    def channel(self, host: str, port: int, *, encrypted: bool) -> Channel:
        """Return what is known of a connection that was made to this address."""
        if not encrypted:
            return Channel()
        at = endpoint(host, port)
        known = bool(self.ca_file or self.fingerprint or at in self.remembered.certificates)
        proven = known and self.fingerprint != ANY_CERTIFICATE
        return Channel(encrypted=True, proven=proven, fingerprint=self.unknown.get(at, ""))


def endpoint(host: str, port: int) -> str:
    """Return the key of an address in `Remembered.certificates`."""
    return f"{host}:{port}"
