"""An OpenID Connect provider on a socket of its own: authorization code flow with PKCE, signed by joserfc.

It checks what a provider checks. `claims`, `sign` and `answers` let a test make it lie.
"""

import base64
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.collector.web.browser import serving

CLIENT, SECRET = "pantau", "secret of pantau & co"


class OidcProvider:
    """The provider; whoever comes to it is signed in as `user` at once."""

    def __init__(self) -> None:
        self.url = ""
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.user: dict[str, Any] = {"sub": "1", "preferred_username": "ani", "name": "Ani", "groups": ["dishub"]}
        self.claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.sign: Callable[[dict[str, Any]], str] = self._signed
        self.answers: dict[str, Callable[[], Response]] = {}
        self._codes: dict[str, dict[str, str]] = {}

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve, and yield the issuer."""
        paths = {
            "/.well-known/openid-configuration": (self._discovery, "GET"),
            "/keys": (self._keys, "GET"),
            "/authorize": (self._authorize, "GET"),
            "/token": (self._token, "POST"),
        }
        with serving(Starlette(routes=[Route(p, e, methods=[m]) for p, (e, m) in paths.items()])) as self.url:
            yield self.url

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    async def _discovery(self, _: Request) -> Response:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return self.answers.get("discovery", lambda: JSONResponse(document))()

    async def _keys(self, _: Request) -> Response:
        keys = KeySet([self.key]).as_dict(private=False)
        return self.answers.get("keys", lambda: JSONResponse(keys))()

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    async def _token(self, request: Request) -> Response:
        login = base64.b64encode(b"pantau:secret%20of%20pantau%20%26%20co").decode()
        form = await request.form()
        asked = self._codes.pop(str(form["code"]), None)
        if (
            request.headers["authorization"] != f"Basic {login}"
            or asked is None
            or form["redirect_uri"] != asked["redirect_uri"]
            or create_s256_code_challenge(str(form["code_verifier"])) != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now_s = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now_s, "exp": now_s + 300, "nonce": asked["nonce"]}
        token = self.sign(self.claims({**claims, **self.user}))
        answer = {"access_token": "x", "token_type": "Bearer", "id_token": token}
        return self.answers.get("token", lambda: JSONResponse(answer))()
