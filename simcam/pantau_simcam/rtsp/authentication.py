"""Authenticates clients: Basic (RFC 7617) and Digest with MD5 or SHA-256 (RFC 7616), as cameras do."""

import base64
import hashlib
import hmac
import re
import secrets

from pantau_simcam.camera import Authentication
from pantau_simcam.rtsp.requests import Request

REALM = "pantau-simcam"
_PAIR = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


_ALGORITHMS = {
    Authentication.BASIC: (),
    Authentication.DIGEST: ("MD5",),
    Authentication.DIGEST_SHA256: ("SHA-256",),
    Authentication.ANY: ("SHA-256", "MD5"),
}


class Authenticator:
    """Authenticates the requests of one connection, with its own nonce."""

    def __init__(self, user: str, password: str, authentication: Authentication) -> None:
        self._user = user
        self._password = password
        self._algorithms = _ALGORITHMS[authentication]
        self._basic = authentication in {Authentication.BASIC, Authentication.ANY}
        self._nonce = secrets.token_hex(16)

    def challenges(self) -> list[tuple[str, str]]:
        """Return the WWW-Authenticate headers of a 401."""
        found = [
            f'Digest realm="{REALM}", nonce="{self._nonce}", algorithm={algorithm}'
            + (', qop="auth"' if algorithm == "SHA-256" else "")
            for algorithm in self._algorithms
        ]
        if self._basic:
            found.append(f'Basic realm="{REALM}"')
        return [("WWW-Authenticate", challenge) for challenge in found]

    def accepts(self, request: Request) -> bool:
        """Return True if the request has the right credentials in a scheme that was offered."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "basic":
                return self._basic and self._accepts_basic(rest)
            case "digest":
                return self._accepts_digest(request.method, rest)
            case _:
                return False

    def _accepts_basic(self, token: str) -> bool:
        expected = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        return _same(token.strip(), expected)

    def _accepts_digest(self, method: str, rest: str) -> bool:
        parameters = {name.lower(): quoted or plain for name, quoted, plain in _PAIR.findall(rest)}
        algorithm = parameters.get("algorithm", "MD5").upper()
        if algorithm not in self._algorithms or parameters.get("username") != self._user:
            return False

        def digest(text: str) -> str:
            return _HASHES[algorithm](text.encode()).hexdigest()

        secret = digest(f"{self._user}:{REALM}:{self._password}")
        request = digest(f"{method}:{parameters.get('uri', '')}")
        qop = (
            f"{parameters.get('nc')}:{parameters.get('cnonce')}:{parameters['qop']}:"
            if "qop" in parameters
            else ""
        )
        return _same(parameters.get("response", ""), digest(f"{secret}:{self._nonce}:{qop}{request}"))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
