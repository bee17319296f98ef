"""The links in a notice: to a map, to the wall, and the signed one by which the recipient acknowledges the outage.

The signature is an HMAC-SHA256 (RFC 2104), cut to 128 bits, over the incident, when it began, the recipient and
when the link expires. When the incident began is included because a restored store may give a number again.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from pantau_collector.notices.notice import Notice

_SIGNATURE_BYTES = 16
"""Bytes that are left of the signature: 128 bits."""


class LinkError(Exception):
    """An acknowledgement link is not valid; `expired` if it once was."""

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__("expired" if expired else "invalid")
        self.expired = expired


class Claim(NamedTuple):
    """The content of a link: its bearer may acknowledge this incident for this recipient."""

    incident: int
    since_ms: int
    recipient: str


class Links:
    """Makes links, and checks those that come back. Without a public address there are only links to maps."""

    def __init__(
        self, *, public_url: str | None, secret: Callable[[], bytes], valid_s: float, time_ms: Callable[[], int]
    ) -> None:
        """Prepare the links.

        Args:
            public_url: the address by which people reach the wall.
            secret: returns the key that signs; with another one, the links made before are no longer valid.
            valid_s: seconds for which a link is valid.
            time_ms: the time (UTC ms).
        """
        self._public_url = public_url
        self._secret = secret
        self._valid_s = valid_s
        self._time_ms = time_ms

    @property
    def wall(self) -> str:
        """The address of the wall, or an empty string."""
        return f"{self._public_url}/" if self._public_url else ""

    def map(self, notice: Notice) -> str:
        """Return a link to the place on a map, or an empty string if its position is unknown."""
        if notice.latitude is None or notice.longitude is None:
            return ""
        at = f"{notice.latitude:.6f}", f"{notice.longitude:.6f}"
        return f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=18/{at[0]}/{at[1]}"

    def acknowledge(self, notice: Notice, recipient: str) -> str:
        """Return the link by which the recipient acknowledges the outage.

        It is empty if there is no public address, or nothing to acknowledge.
        """
        if not self._public_url or not notice.incident:
            return ""
        expires_s = int(self._time_ms() / 1000 + self._valid_s)
        claim = Claim(notice.incident, notice.since_ms, recipient)
        query = {
            "i": claim.incident,
            "t": claim.since_ms,
            "r": claim.recipient,
            "e": expires_s,
            "s": self._sign(claim, expires_s),
        }
        return f"{self._public_url}/ack?{urlencode(query)}"

    def read(self, query: Mapping[str, str]) -> Claim:
        """Return the claim in the query of a link.

        Raises:
            LinkError: the link was not made here, or is too old.
        """
        try:
            claim = Claim(int(query["i"]), int(query["t"]), query["r"])
            expires_s = int(query["e"])
        except (KeyError, ValueError):
            raise LinkError from None
        if not hmac.compare_digest(self._sign(claim, expires_s).encode(), query.get("s", "").encode()):
            raise LinkError
        if self._time_ms() / 1000 > expires_s:
            raise LinkError(expired=True)
        return claim

    def _sign(self, claim: Claim, expires_s: int) -> str:
        text = f"ack|{claim.incident}|{claim.since_ms}|{claim.recipient}|{expires_s}"
        mac = hmac.new(self._secret(), text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac[:_SIGNATURE_BYTES]).rstrip(b"=").decode()
