"""Who asks: what a request may see.

There are no accounts yet. Somebody is signed in who has the wall's token, or comes through a proxy that asks for a
login itself. The machine itself counts as signed in too, unless `public_url` shows that a proxy stands before the
collector: then everybody's requests come from the machine itself.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from enum import IntEnum
from http.cookies import CookieError, SimpleCookie
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.config import Web
from pantau_collector.web.hosts import LOOPBACK_NAMES, host_name, parse_address

COOKIE = "pantau"
"""The name of the cookie that a sign-in sets."""
SIGNED_IN_S = 30 * 86_400
"""Seconds for which a sign-in is valid; each visit in this time makes it new."""
_RENEWED_AFTER_S = 86_400
"""Seconds after which a visit makes a sign-in new."""
_MAC_BYTES = 16
"""Bytes of the cookie's signature: 128 bits."""


_PROXY = Principal("proxy", Role.VIEWER, kind="proxy")
_SCREEN = Principal("screen", Role.SCREEN, kind="screen")
_MACHINE = Principal("this machine", Role.ADMIN, kind="machine")


class Access(IntEnum):
    """What somebody may see.

    `STRANGER`: whether the collector is well, the page to sign in, and what a signed link shows. `LOCAL`: the wall
    without pictures and details. `SIGNED_IN`: everything.
    """

    STRANGER = 0
    LOCAL = 1
    SIGNED_IN = 2


class Caller(NamedTuple):
    """Who asks: their address, what they may see, and whether their sign-in is to be made new.

    `principal` is None for those who have not signed in.
    """

    address: str
    access: Access
    renew: bool = False
    principal: Principal | None = None


class AccessRules(Struct, frozen=True):
    """The rules, out of the configuration. The token is a secret.

    `has_proxy`: a proxy on this machine passes other people's requests on, so that none is from the machine
    itself. `secure_host` is the name by which the wall is reached over https, or empty.
    """

    hosts: frozenset[str] = LOOPBACK_NAMES
    token: str | None = None
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    has_proxy: bool = False
    secure_host: str = ""

    def is_own_host(self, header: str, local_address: str) -> bool:
        """Return True if this server has the name in `Host`; `local_address` is where the request arrived."""
        return (name := host_name(header)) in self.hosts or (name != "" and name == local_address)

    def caller(self, peer: str, headers: Mapping[str, str], now_s: float) -> Caller:
        """Return who asks, by the address of the connection's other end and the headers."""
        trusted = _within(peer, self.trusted_proxies)
        address = _forwarded_for(headers.get("x-forwarded-for", "")) or peer if trusted else peer
        if trusted:
            return Caller(address, Access.SIGNED_IN, principal=_PROXY)
        if self._has_token(headers.get("authorization", "")):
            return Caller(address, Access.SIGNED_IN, principal=_SCREEN)
        if expires_s := self._signed_in_until_s(headers.get("cookie", ""), now_s):
            renew = expires_s - now_s < SIGNED_IN_S - _RENEWED_AFTER_S
            return Caller(address, Access.SIGNED_IN, renew, _SCREEN)
        if not is_loopback(peer):
            return Caller(address, Access.STRANGER)
        if self.has_proxy:
            return Caller(address, Access.LOCAL)
        return Caller(address, Access.SIGNED_IN, principal=_MACHINE)

    def is_token(self, text: str) -> bool:
        """Return True if this is the wall's token; the comparison takes the same time whatever differs."""
        return self.token is not None and hmac.compare_digest(text.encode(), self.token.encode())

    def cookie(self, host: str, now_s: float) -> str:
        """Return the `Set-Cookie` header of a sign-in. It holds a signature by the token, not the token."""
        expires_s = int(now_s) + SIGNED_IN_S
        secure = "; Secure" if self.secure_host and host_name(host) == self.secure_host else ""
        return (
            f"{COOKIE}={expires_s}.{self._sign(expires_s)}; Max-Age={SIGNED_IN_S}; Path=/; HttpOnly; SameSite=Lax"
            f"{secure}"
        )

    def _has_token(self, authorization: str) -> bool:
        scheme, _, text = authorization.partition(" ")
        return scheme.lower() == "bearer" and self.is_token(text.strip())

    def _signed_in_until_s(self, cookies: str, now_s: float) -> int:
        """Return when the sign-in of the cookie ends (seconds since the epoch), or 0 if there is none."""
        if self.token is None or not cookies:
            return 0
        try:
            morsel = SimpleCookie(cookies).get(COOKIE)
        except CookieError:
            return 0
        expires, _, mac = (morsel.value if morsel else "").partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
            return 0
        is_ours = hmac.compare_digest(mac.encode(), self._sign(int(expires)).encode())
        return int(expires) if is_ours and now_s < int(expires) <= now_s + SIGNED_IN_S else 0

    def _sign(self, expires_s: int) -> str:
        mac = hmac.new((self.token or "").encode(), f"wall|{expires_s}".encode(), hashlib.sha256)
        return mac.digest()[:_MAC_BYTES].hex()


def access_rules(web: Web) -> AccessRules:
    """Return the rules that follow from the configuration."""
    public = urlsplit(web.public_url or "")
    public_host = host_name(public.netloc)
    names = {public_host, host_name(web.host), *map(host_name, web.allowed_hosts)} - {"", "0.0.0.0", "::"}
    return AccessRules(
        hosts=LOOPBACK_NAMES | names,
        token=web.token.get_secret_value() if web.token else None,
        trusted_proxies=tuple(web.trusted_proxies),
        has_proxy=public_host not in {"", *LOOPBACK_NAMES},
        secure_host=public_host if public.scheme == "https" else "",
    )


def is_loopback(address: str) -> bool:
    """Return True for an address of the machine itself."""
    found = parse_address(address)
    return found is not None and found.is_loopback


def _within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    found = parse_address(address)
    return found is not None and any(found in network for network in networks)


def _forwarded_for(header: str) -> str:
    """Return the client's address as the nearest proxy saw it: the last one that it lists."""
    return str(parse_address(header.rpartition(",")[2].strip()) or "")
