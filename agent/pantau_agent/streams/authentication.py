"""The login that RTSP, HTTP, ONVIF and makers' pages share: Basic (RFC 7617) and Digest (RFC 7616, RFC 2617).

Digest is answered with MD5 and SHA-256, each also as `-sess`, and with qop `auth` or none; MD5 only where nothing
better is offered. The exchange of requests and challenges is a generator without I/O, `Authenticator.flow`, in the
manner of httpx's `auth_flow`.

Whoever answers in a camera's place may ask for anything. So Basic, which is the password in clear, is answered
only where the safeguards permit it, and nothing weaker than what the camera accepted before.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Generator, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol, TypeVar

from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.headers import Headers
from pantau_agent.streams.safeguards import Channel, Hash, Safeguards
from pantau_agent.streams.safeguards import Protocol as LoginProtocol

MAX_PROOFS = 2
"""How often one request carries the password or a proof of it: once, and again for a nonce that was used up."""

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
"""The hash function of each Digest algorithm, the strongest first."""
_LEAST_STRENGTH: dict[Hash | None, int] = {None: 1, "MD5": 2, "SHA-256": 4}
"""The least `Challenge.strength` that is answered, by the best Digest that the camera accepted before."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate that a camera offers; `scheme` and the names of parameters are in lower case."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def realm(self) -> str:
        """The realm, by which a camera names itself; empty if there is none."""
        return self.parameters.get("realm", "")

    @property
    def stale(self) -> bool:
        """True if only the nonce was too old; the password may be right (RFC 7616, section 3.3)."""
        return self.parameters.get("stale", "").lower() == "true"

    @property
    def strength(self) -> int:
        """How strong the scheme is, higher being stronger; 0 if it cannot be answered."""
        if self.scheme == "basic":
            return 1
        algorithm = self.parameters.get("algorithm", "MD5").upper()
        if self.scheme != "digest" or algorithm not in _HASHES or "nonce" not in self.parameters:
            return 0
        if self.parameters.get("qop") and "auth" not in _qops(self.parameters):
            return 0
        return 1 + len(_HASHES) - list(_HASHES).index(algorithm)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Return the challenges in `WWW-Authenticate` headers, each of which may hold several; skip the unreadable."""
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


class LoginRefusal(Enum):
    """Why a login failed."""

    NO_CREDENTIALS = auto()
    """A password is asked for, and there is none."""
    WRONG_PASSWORD = auto()
    """The camera has refused the credentials."""
    UNKNOWN_SCHEME = auto()
    """The camera offers no scheme that can be answered."""
    IN_CLEAR = auto()
    """The camera offers Basic alone, and the password may not be sent in clear."""
    UNPROVEN = auto()
    """The camera offers Basic alone, over TLS, and nothing is known of its certificate."""
    WEAKER = auto()
    """The camera offers only weaker schemes than the one by which it let us in before."""
    FORBIDDEN = auto()
    """The camera answers 403: it will not serve this, whoever asks."""


class LoginResponse(Protocol):
    """The part of a response that a login looks at."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def headers(self) -> Headers:
        """The header fields."""


Flow = Generator[str | None, LoginResponse, LoginRefusal | None]
"""Yields the Authorization of the next request (None: send it without), and is sent the response to that request.

It returns None once a response is final, and the reason if the login has failed.
"""

AnyResponse = TypeVar("AnyResponse", bound=LoginResponse)


class Authenticator:
    """Answers one camera's challenges with one user's credentials, so that a wrong password is sent only once.

    `accepted` is true once the camera has accepted the credentials. `offered` names the schemes of the latest
    challenge, `realm` is its realm.

    Basic is answered where the `safeguards` allow it, or over a `channel` that is proven; without `basic` it
    counts as no scheme at all. What the camera has accepted by this `protocol` is remembered in the safeguards.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        safeguards: Safeguards | None = None,
        *,
        protocol: LoginProtocol = "rtsp",
        basic: bool = True,
    ) -> None:
        self.accepted = False
        self.offered = ""
        self.realm = ""
        self.channel = Channel()
        """The connection over which the next requests go; kept up to date by who connects."""
        self._credentials = credentials
        self._safeguards = safeguards or Safeguards()
        self._protocol = protocol
        self._basic = basic
        self._challenge: Challenge | None = None
        self._count = 0
        self._cnonce = ""

    @property
    def has_challenge(self) -> bool:
        """True once the camera has sent a challenge that can be answered; requests carry an authorization then."""
        return self._challenge is not None

    def flow(self, method: str, uri: str) -> Flow:
        """Send one request as often as the login demands (see `Flow`).

        A password that was refused is not sent again. There are two exceptions, each for one more proof: a nonce
        that the camera calls stale, and a refusal of credentials that it accepted a moment ago, because cameras
        with one-time nonces answer so too.
        """
        proofs = 0
        while True:
            authorization = self.authorization(method, uri)
            proofs += authorization is not None
            response = yield authorization
            if response.status == 403:
                return LoginRefusal.FORBIDDEN
            if response.status != 401:
                if authorization is not None:
                    self.accepted = self.accepted or response.status < 400
                    self._remember()
                return None
            tried = authorization is not None and not self.accepted
            refusal = self.challenged(response.headers.all("WWW-Authenticate"), tried=tried)
            if refusal is not None:
                return refusal
            if proofs == MAX_PROOFS:
                return LoginRefusal.WRONG_PASSWORD

    def challenged(self, headers: Iterable[str], *, tried: bool) -> LoginRefusal | None:
        """Choose the strongest challenge of a 401's `WWW-Authenticate` headers, to be answered from now on.

        `tried` says that the refused request carried these credentials: then only a stale nonce is worth another
        request. Return None if there is a challenge to answer, or else the reason why not.
        """
        challenges = parse_challenges(headers)
        self.offered = ", ".join(sorted({challenge.scheme for challenge in challenges}))
        best = max(challenges, key=self._strength, default=None)
        if best is not None:
            self.realm = best.realm
        if self._credentials is None:
            return LoginRefusal.NO_CREDENTIALS
        if tried and not (best is not None and best.stale):
            return LoginRefusal.WRONG_PASSWORD
        if best is None or self._strength(best) == 0:
            return LoginRefusal.UNKNOWN_SCHEME
        if self._strength(best) < _LEAST_STRENGTH[self.best_before]:
            return LoginRefusal.WEAKER
        if not self._may_answer(best):
            return LoginRefusal.UNPROVEN if self.channel.encrypted else LoginRefusal.IN_CLEAR
        self._challenge = best
        self._count = 0
        self._cnonce = secrets.token_hex(8)
        return None

    @property
    def best_before(self) -> Hash | None:
        """The best Digest by which the camera has let us in by this protocol, or None."""
        return self._safeguards.remembered.digests.get(self._protocol)

    def _strength(self, challenge: Challenge) -> int:
        return 0 if challenge.scheme == "basic" and not self._basic else challenge.strength

    def _may_answer(self, challenge: Challenge) -> bool:
        return challenge.scheme != "basic" or self.channel.proven or self._safeguards.allow_basic

    def _remember(self) -> None:
        """Remember the Digest that was just accepted."""
        if self._challenge is not None and self._challenge.scheme == "digest":
            algorithm = self._challenge.parameters.get("algorithm", "MD5").upper()
            self._safeguards.remembered.record_digest(
                self._protocol, "SHA-256" if algorithm.startswith("SHA-256") else "MD5"
            )

    def authorization(self, method: str, uri: str) -> str | None:
        """Return the `Authorization` header for a request, or None while no challenge may be answered."""
        challenge, credentials = self._challenge, self._credentials
        if challenge is None or credentials is None or not self._may_answer(challenge):
            return None
        if challenge.scheme == "basic":
            token = f"{credentials.user}:{credentials.password}".encode()
            return "Basic " + base64.b64encode(token).decode("ascii")
        return self._digest(challenge.parameters, credentials, method, uri)

    def _digest(self, challenge: dict[str, str], credentials: Credentials, method: str, uri: str) -> str:
        """Return the answer to a Digest challenge (RFC 7616, section 3.4)."""
        algorithm = challenge.get("algorithm", "MD5")
        digest = _HASHES[algorithm.upper()]
        realm, nonce = challenge.get("realm", ""), challenge["nonce"]
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
        if challenge.get("qop"):
            response = digest(f"{secret}:{nonce}:{count}:{self._cnonce}:auth:{request}")
            fields += ["qop=auth", f"nc={count}", f"cnonce={_quoted(self._cnonce)}"]
        else:
            response = digest(f"{secret}:{nonce}:{request}")
            if algorithm.upper().endswith("-SESS"):
                fields.append(f"cnonce={_quoted(self._cnonce)}")
        fields.append(f"response={_quoted(response)}")
        if "algorithm" in challenge:
            fields.append(f"algorithm={algorithm}")
        if "opaque" in challenge:
            fields.append(f"opaque={_quoted(challenge['opaque'])}")
        return "Digest " + ", ".join(fields)


async def authenticate(
    flow: Flow, send: Callable[[str | None], Awaitable[AnyResponse]]
) -> tuple[AnyResponse, LoginRefusal | None]:
    """Run a login: `send` sends the request with the given Authorization and returns the response to it.

    Return the last response, and why the login failed or None.
    """
    authorization = next(flow)
    while True:
        response = await send(authorization)
        try:
            authorization = flow.send(response)
        except StopIteration as end:
            return response, end.value


def _qops(parameters: dict[str, str]) -> set[str]:
    return {qop.strip().lower() for qop in parameters["qop"].split(",")}


def _quoted(text: str) -> str:
    return '"' + _CONTROL.sub("", text).replace("\\", "\\\\").replace('"', '\\"') + '"'
