"""Finds settings that work, and leave a door open."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from pantau_collector.config import CollectorConfig, Web


def refusals(config: CollectorConfig) -> list[str]:
    """Return what is so unsafe that the collector does not start."""
    web = config.web
    if web.has_login or _is_of_this_machine(web.host):
        return []
    text = (
        f"web.host: {web.host} is reached from other machines, and the wall has no login: expected `web.token`"
        " (or `token_file`, or a systemd credential named `web`), or `web.trusted_proxies`, the addresses of the"
        " proxies that ask for a login; or 127.0.0.1 as the host"
    )
    return [text]


def warnings(config: CollectorConfig) -> list[str]:
    """Return what is unsafe, and may be wanted all the same."""
    return _about_public_url(config.web)


def _about_public_url(web: Web) -> list[str]:
    parts = urlsplit(web.public_url or "")
    if parts.scheme != "http" or _is_of_this_machine(parts.hostname or ""):
        return []
    text = (
        f"web.public_url: {web.public_url} is not https, so whoever listens on the way reads pictures, and the"
        " links by which people take an outage: put a proxy with TLS before the wall"
    )
    return [text]


def _is_of_this_machine(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
