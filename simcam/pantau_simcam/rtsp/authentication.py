"""Who may look: Basic (RFC 7617) and Digest with MD5 or SHA-256 (RFC 7616), as cameras ask for them."""

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


class Gate:
    """Asks one connection for credentials, with a nonce of its own."""

    def __init__(self, user: str, password: str, authentication: Authentication) -> None:
        self._user = user
        self._password = password
        self._algorithms = _ALGORITHMS[authentication]
        self._basic = authentication in {Authentication.BASIC, Authentication.ANY}
        self._nonce = secrets.token_hex(16)

    def challenges(self) -> list[tuple[str, str]]:
        """The WWW-Authenticate headers of a 401."""
        found = [
            f'Digest realm="{REALM}", nonce="{self._nonce}", algorithm={algorithm}'
            + (', qop="auth"' if algorithm == "SHA-256" else "")
            for algorithm in self._algorithms
        ]
        if self._basic:
            found.append(f'Basic realm="{REALM}"')
        return [("WWW-Authenticate", challenge) for challenge in found]

    def admits(self, request: Request) -> bool:
        """Whether the request carries the right credentials in a scheme that was offered."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "basic":
                return self._basic and self._admits_basic(rest)
            case "digest":
                return self._admits_digest(request.method, rest)
            case _:
                return False

    def _admits_basic(self, token: str) -> bool:
        wanted = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        return _same(token.strip(), wanted)

    def _admits_digest(self, method: str, rest: str) -> bool:
        said = {name.lower(): quoted or plain for name, quoted, plain in _PAIR.findall(rest)}
        algorithm = said.get("algorithm", "MD5").upper()
        if algorithm not in self._algorithms or said.get("username") != self._user:
            return False

        def digest(text: str) -> str:
            return _HASHES[algorithm](text.encode()).hexdigest()

        secret = digest(f"{self._user}:{REALM}:{self._password}")
        what = digest(f"{method}:{said.get('uri', '')}")
        between = f"{said.get('nc')}:{said.get('cnonce')}:{said['qop']}:" if "qop" in said else ""
        return _same(said.get("response", ""), digest(f"{secret}:{self._nonce}:{between}{what}"))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
