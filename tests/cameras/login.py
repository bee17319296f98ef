"""Verify the login of a request independently of the agent's code (RFC 7616 for Digest, RFC 7617 for Basic)."""

import base64
import hashlib
import re

from tests.cameras.corpus import PASSWORD, USER

_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))')


def scheme_of(authorization: str) -> str:
    """Return `basic`, `digest md5`, `digest sha-256`, or `none` if there is no authorization."""
    if not authorization:
        return "none"
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "basic":
        return "basic"
    return f"digest {_pairs(rest).get('algorithm', 'MD5').lower()}"


def is_right(authorization: str, method: str, uri: str, challenge: str) -> bool:
    """Return True if the header holds the right login for that request, in reply to a challenge of that answer."""
    scheme, _, rest = authorization.partition(" ")
    offered = re.findall(r"(?im)^WWW-Authenticate:\s*(.+?)\s*$", challenge)
    if scheme == "Basic":
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return rest == login and any(one.lower().startswith("basic") for one in offered)
    proof = _pairs(rest)
    for asked in (_pairs(one) for one in offered if one.lower().startswith("digest")):
        if (proof.get("realm"), proof.get("nonce"), proof.get("uri")) == (asked["realm"], asked["nonce"], uri):
            return proof["response"] == _response(proof, asked, method, uri)
    return False


def _response(proof: dict[str, str], asked: dict[str, str], method: str, uri: str) -> str:
    name = asked.get("algorithm", "MD5").lower().replace("-", "")

    def digest(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    secret, request = digest(f"{USER}:{asked['realm']}:{PASSWORD}"), digest(f"{method}:{uri}")
    if asked.get("qop"):
        return digest(f"{secret}:{asked['nonce']}:{proof['nc']}:{proof['cnonce']}:auth:{request}")
    return digest(f"{secret}:{asked['nonce']}:{request}")


def _pairs(text: str) -> dict[str, str]:
    return {name: quoted or token for name, quoted, token in _PAIR.findall(text)}
