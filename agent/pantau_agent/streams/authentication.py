"""HTTP authentication as RTSP uses it: Basic (RFC 7617) and Digest (RFC 7616, and RFC 2617 before it).

Digest: MD5 and SHA-256, each also as `-sess`; qop `auth` or none.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from pantau_agent.streams.credentials import Credentials

_PARAMETER = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)')
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9_-]*)(?:\s+|$)(?![=,])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_HASHES: dict[str, Callable[[str], str]] = {
    "SHA-256": _sha256,
    "SHA-256-SESS": _sha256,
    "MD5": _md5,
    "MD5-SESS": _md5,
}
"""Strongest first."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate that the camera offers; `scheme` in lower case, parameter names too."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def realm(self) -> str:
        """What the camera calls itself."""
        return self.parameters.get("realm", "")

    @property
    def stale(self) -> bool:
        """The password may be right, the nonce was too old (RFC 7616, section 3.3)."""
        return self.parameters.get("stale", "").lower() == "true"

    @property
    def strength(self) -> int:
        """Higher is stronger; 0 cannot be answered."""
        if self.scheme == "basic":
            return 1
        algorithm = self.parameters.get("algorithm", "MD5").upper()
        if self.scheme != "digest" or algorithm not in _HASHES or "nonce" not in self.parameters:
            return 0
        if self.parameters.get("qop") and "auth" not in _qops(self.parameters):
            return 0
        return 1 + len(_HASHES) - list(_HASHES).index(algorithm)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """The challenges in `WWW-Authenticate` headers, each of several perhaps; the unreadable are left out."""
    found: list[Challenge] = []
    for header in headers:
        at = 0
        while (scheme := _SCHEME.match(header, at)) is not None:
            at = scheme.end()
            parameters: dict[str, str] = {}
            while (pair := _PARAMETER.match(header, at)) is not None:
                name, quoted, token = pair.groups()
                parameters[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else token
                at = pair.end()
            found.append(Challenge(scheme[1].lower(), parameters))
    return found


class Answer(Enum):
    """What to do after a 401."""

    TRY = auto()
    """Send the request again, with `authorization`."""
    NO_CREDENTIALS = auto()
    REFUSED = auto()
    """The camera has refused the credentials."""
    UNKNOWN_SCHEME = auto()


class Authenticator:
    """Answers one camera's challenges with one user's credentials, each nonce once."""

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._challenge: Challenge | None = None
        self._count = 0
        self._cnonce = ""
        self.offered = ""
        self.realm = ""

    def challenged(self, headers: Iterable[str], *, tried: bool) -> Answer:
        """Takes the headers of a 401. `tried` says that the refused request carried an authorization.

        The strongest challenge is picked. After a try, only a stale nonce is worth another one.
        """
        challenges = parse_challenges(headers)
        self.offered = ", ".join(sorted({challenge.scheme for challenge in challenges}))
        best = max(challenges, key=lambda challenge: challenge.strength, default=None)
        if best is not None:
            self.realm = best.realm
        if self._credentials is None:
            return Answer.NO_CREDENTIALS
        if tried and not (best is not None and best.stale):
            return Answer.REFUSED
        if best is None or best.strength == 0:
            return Answer.UNKNOWN_SCHEME
        self._challenge = best
        self._count = 0
        self._cnonce = secrets.token_hex(8)
        return Answer.TRY

    def authorization(self, method: str, uri: str) -> str | None:
        """The `Authorization` header for a request, or None while no challenge has come."""
        challenge, credentials = self._challenge, self._credentials
        if challenge is None or credentials is None:
            return None
        if challenge.scheme == "basic":
            token = f"{credentials.user}:{credentials.password}".encode()
            return "Basic " + base64.b64encode(token).decode("ascii")
        return self._digest(challenge.parameters, credentials, method, uri)

    def _digest(self, asked: dict[str, str], credentials: Credentials, method: str, uri: str) -> str:
        """RFC 7616, section 3.4."""
        algorithm = asked.get("algorithm", "MD5")
        digest = _HASHES[algorithm.upper()]
        realm, nonce = asked.get("realm", ""), asked["nonce"]
        self._count += 1
        count = f"{self._count:08x}"
        secret = digest(f"{credentials.user}:{realm}:{credentials.password}")
        if algorithm.upper().endswith("-SESS"):
            secret = digest(f"{secret}:{nonce}:{self._cnonce}")
        request = digest(f"{method}:{uri}")
        fields = [
            f"username={_quoted(credentials.user)}",
            f"realm={_quoted(realm)}",
            f"nonce={_quoted(nonce)}",
            f"uri={_quoted(uri)}",
        ]
        if asked.get("qop"):
            response = digest(f"{secret}:{nonce}:{count}:{self._cnonce}:auth:{request}")
            fields += ["qop=auth", f"nc={count}", f"cnonce={_quoted(self._cnonce)}"]
        else:
            response = digest(f"{secret}:{nonce}:{request}")
            if algorithm.upper().endswith("-SESS"):
                fields.append(f"cnonce={_quoted(self._cnonce)}")
        fields.append(f"response={_quoted(response)}")
        if "algorithm" in asked:
            fields.append(f"algorithm={algorithm}")
        if "opaque" in asked:
            fields.append(f"opaque={_quoted(asked['opaque'])}")
        return "Digest " + ", ".join(fields)


def _qops(parameters: dict[str, str]) -> set[str]:
    return {qop.strip().lower() for qop in parameters["qop"].split(",")}


def _quoted(text: str) -> str:
    return '"' + _CONTROL.sub("", text).replace("\\", "\\\\").replace('"', '\\"') + '"'
