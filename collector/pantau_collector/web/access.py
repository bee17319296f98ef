"""Under which names this server is reached, by which proxies, and where a browser's connection is encrypted."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.config import Web
from pantau_collector.web.hosts import LOOPBACK_NAMES, host_name, parse_address

_MAX_NAME = 100
"""Characters of a name that a proxy gives."""


class Caller(NamedTuple):
    """Who asks: their address, and who they are; None for those who have not signed in.

    `session` is the secret of their cookie, if they have one.
    """

    address: str
    principal: Principal | None = None
    session: str = ""


class AccessRules(Struct, frozen=True):
    """The rules, out of the configuration.

    What comes from `trusted_proxies` says from whom it comes; with `proxy_role`, these proxies ask for a login
    themselves, and name the person in `proxy_user_header`. `secure_host` is the name by which the pages are
    reached over https, or empty. `this_machine` is the role of requests from loopback that show nothing
    else; None, as in every collector that runs, gives them no right.
    """

    hosts: frozenset[str] = LOOPBACK_NAMES
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    proxy_role: Role | None = None
    proxy_user_header: str = ""
    secure_host: str = ""
    this_machine: Role | None = None

    def is_own_host(self, header: str, local_address: str) -> bool:
        """Return True if this server has the name in `Host`; `local_address` is where the request arrived."""
        return (name := host_name(header)) in self.hosts or (name != "" and name == local_address)

    def address(self, peer: str, headers: Mapping[str, str]) -> str:
        """Return from where a request comes, by the connection's other end and what a trusted proxy says."""
        if not _within(peer, self.trusted_proxies):
            return peer
        return _forwarded_for(headers.get("x-forwarded-for", "")) or peer

    def is_secure(self, peer: str, scheme: str, headers: Mapping[str, str]) -> bool:
        """Return True if the browser's connection is encrypted, here or at a proxy."""
        if scheme == "https":
            return True
        if _within(peer, self.trusted_proxies) and headers.get("x-forwarded-proto", "").strip().lower() == "https":
            return True
        return bool(self.secure_host) and host_name(headers.get("host", "")) == self.secure_host

    def without_sign_in(self, peer: str, headers: Mapping[str, str]) -> Principal | None:
        """Return who asks if neither a session nor a token says so: one whom a proxy lets in, or this machine."""
        if self.proxy_role is not None and _within(peer, self.trusted_proxies):
            name = "".join(each for each in headers.get(self.proxy_user_header, "") if each.isprintable())
            return Principal(name[:_MAX_NAME] or "proxy", self.proxy_role, kind="proxy")
        if self.this_machine is not None and is_loopback(peer):
            return Principal("this machine", self.this_machine, kind="machine")
        return None


def access_rules(web: Web, *, this_machine: Role | None = None) -> AccessRules:
    """Return the rules that follow from the configuration."""
    public = urlsplit(web.public_url or "")
    public_host = host_name(public.netloc)
    names = {public_host, host_name(web.host), *map(host_name, web.allowed_hosts)} - {"", "0.0.0.0", "::"}
    return AccessRules(
        hosts=LOOPBACK_NAMES | names,
        trusted_proxies=tuple(web.trusted_proxies),
        proxy_role=Role[web.proxy_role.upper()] if web.proxy_role else None,
        proxy_user_header=web.proxy_user_header,
        secure_host=public_host if public.scheme == "https" else "",
        this_machine=this_machine,
    )


def is_loopback(address: str) -> bool:
    """Return True for an address of the machine itself."""
    found = parse_address(address)
    return found is not None and found.is_loopback


def network_of(address: str) -> str:
    """Return what shares a limit with an address: itself, or the /64 that an IPv6 address is in."""
    found = parse_address(address)
    if found is None or found.version == 4 or found.is_loopback:
        return str(found or address)
    return str(ip_network((found, 64), strict=False))


def _within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    found = parse_address(address)
    return found is not None and any(found in network for network in networks)


def _forwarded_for(header: str) -> str:
    """Return the client's address as the nearest proxy saw it: the last one that it lists."""
    return str(parse_address(header.rpartition(",")[2].strip()) or "")
