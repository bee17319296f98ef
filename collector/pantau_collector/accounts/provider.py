"""Asks the city's OpenID Connect provider who somebody is: authorization code flow with PKCE, state and nonce.

Every exchange has a deadline and a limit on what is read, and no redirect is followed.
"""

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from pantau_collector.accounts.provider_config import ProviderConfig
from pantau_collector.exchanges.http_client import ExchangeError, HttpClient

WITHIN_S = 10.0
"""Seconds for a whole exchange with the provider."""
MAX_DOCUMENT = 256 << 10
"""Bytes of a document of the provider's at most."""
LEEWAY_S = 60
"""Seconds by which the two clocks may differ."""
_KEPT_S = 3600.0
"""Seconds for which the provider's addresses and keys are used again."""
_KEYS_AGAIN_S = 30.0
"""Seconds after which keys are fetched again because of one that is not known."""
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures by a key pair; none without a signature, and none by a shared secret."""
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderError(Exception):
    """The provider does not say who somebody is; the text says why, and holds no secret."""


class Flow(Struct, frozen=True):
    """A sign-in at the provider that is under way, in one browser. All but `to` and `ends_s` is secret."""

    state: str
    nonce: str
    verifier: str
    to: str
    ends_s: int


class Identity(Struct, frozen=True):
    """Who somebody is: the issuer and subject, their name, and the groups that they are in."""

    subject: str
    name: str
    full_name: str
    groups: list[str]


class Provider:
    """The provider. Methods block; any thread may call them."""

    def __init__(self, config: ProviderConfig, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._http = HttpClient(within_s=WITHIN_S)
        self._clock_s = clock_s
        self._found: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def authorization_url(self, flow: Flow, redirect_uri: str) -> str:
        """Return where the browser goes to sign in.

        Raises:
            ProviderError: the provider cannot be asked.
        """
        query = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._config.scopes,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": create_s256_code_challenge(flow.verifier),
            "code_challenge_method": "S256",
        }
        address = str(self._discovered()["authorization_endpoint"])
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"

    def identity(self, flow: Flow, code: str, redirect_uri: str) -> Identity:
        """Exchange the code that the browser has brought, and return who it is.

        Raises:
            ProviderError: the provider does not say so, or what it says is not to be believed.
        """
        config = self._config
        secret = config.client_secret.get_secret_value() if config.client_secret else ""
        login = f"{quote(config.client_id, safe='')}:{quote(secret, safe='')}".encode()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": flow.verifier,
        }
        answer = self._document(
            "POST",
            str(self._discovered()["token_endpoint"]),
            body=urlencode(form).encode(),
            headers={
                "Authorization": f"Basic {base64.b64encode(login).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError("its answer has no id_token")
        return self._identity(self._claims(token, flow, answer.get("access_token")))

    def _claims(self, token: str, flow: Flow, access_token: object) -> Mapping[str, Any]:
        issuer, client = self._config.issuer.rstrip("/"), self._config.client_id
        decoded = self._decode(token)
        options = {
            "iss": {"essential": True, "values": [issuer, f"{issuer}/"]},
            "aud": {"essential": True, "value": client},
        }
        params = {"nonce": flow.nonce, "client_id": client, "access_token": access_token}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        try:
            claims.validate(leeway=LEEWAY_S)
        except JoseError as error:
            raise ProviderError(
                f"its id_token is not for this sign-in: {error.error} {error.description}"
            ) from None
        except (TypeError, ValueError, AttributeError):
            raise ProviderError("its id_token holds what it may not") from None
        return dict(decoded.claims)

    def _decode(self, token: str) -> jwt.Token:
        for attempt in (1, 2):
            try:
                return jwt.decode(token, self._key_set(anew=attempt == 2), algorithms=list(_ALGORITHMS))
            except (JoseError, ValueError, TypeError, KeyError) as error:
                reason = error
        raise ProviderError(f"its id_token is not signed by one of its keys: {type(reason).__name__}")

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject, name = claims.get("sub"), claims.get(self._config.name_claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ProviderError("its id_token names nobody")
        if not isinstance(name, str):
            raise ProviderError(f"its id_token has no {self._config.name_claim}: see web.oidc.name_claim")
        full_name, groups = claims.get("name", ""), _at(claims, self._config.groups_claim)
        return Identity(
            subject=f"{self._config.issuer} {subject}",
            name=name,
            full_name=full_name if isinstance(full_name, str) else "",
            groups=[each for each in groups if isinstance(each, str)] if isinstance(groups, list) else [],
        )

    def _discovered(self) -> dict[str, Any]:
        now_s = self._clock_s()
        if self._found is not None and now_s - self._found[0] < _KEPT_S:
            return self._found[1]
        issuer = self._config.issuer.rstrip("/")
        document = self._document("GET", f"{issuer}/.well-known/openid-configuration")
        if str(document.get("issuer", "")).rstrip("/") != issuer:
            raise ProviderError("it says that it is another issuer: see web.oidc.issuer")
        scheme = urlsplit(issuer).scheme
        for name in _ENDPOINTS:
            if urlsplit(str(document.get(name, ""))).scheme not in {"https", scheme}:
                raise ProviderError(f"it names no {name} with https")
        self._found = now_s, document
        return document

    def _key_set(self, *, anew: bool) -> KeySet:
        now_s = self._clock_s()
        if self._keys is not None and now_s - self._keys[0] < (_KEYS_AGAIN_S if anew else _KEPT_S):
            return self._keys[1]
        document = self._document("GET", str(self._discovered()["jwks_uri"]))
        try:
            keys = KeySet.import_key_set(document)  # type: ignore[arg-type] # which checks it
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise ProviderError("its keys cannot be read") from None
        self._keys = now_s, keys
        return keys

    def _document(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, url, max_answer=MAX_DOCUMENT + 1, **request)
        except ExchangeError as error:
            raise ProviderError(f"it {error}") from None
        if answer.status != 200:
            raise ProviderError(f"it answers {answer.status}")
        if len(answer.body) > MAX_DOCUMENT:
            raise ProviderError("it sent too long an answer")
        try:
            document = msgspec.json.decode(answer.body, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            raise ProviderError("its answer is no JSON object") from None
        return document


def _at(claims: Mapping[str, Any], path: str) -> object:
    """Return the claim of a name, or what a path such as `realm_access.roles` leads to."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
