"""Finds settings that work, and leave a door open."""

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from pantau_collector.config import CollectorConfig, InfluxV1, Web
from pantau_collector.notices.channel import schema
from pantau_service.loopback import is_loopback

_IN_CLEAR = {"webhook": "webhooks", "mailto": "mailtos"}
"""Channels without TLS that carry a login, or a link by which people take an outage; and those with it."""
_SECRETS = ("password", "token", "url")
"""Keys that may hold a secret, each of which may be in a file of its own."""


def refusals(config: CollectorConfig) -> list[str]:
    """Return what is so unsafe that the collector does not start."""
    web = config.web
    everybody = [each for each in web.trusted_proxies if each.prefixlen == 0]
    if web.proxy_role is None or not everybody:
        return []
    text = (
        f"web.trusted_proxies: {everybody[0]} is everybody, and web.proxy_role lets in whom they name: expected"
        " the addresses of the proxies that ask for a login"
    )
    return [text]


def warnings(config: CollectorConfig, path: Path) -> list[str]:
    """Return what is unsafe, and may be wanted all the same. `path` is where the configuration is."""
    return [*_readable_files(config, path), *_in_clear(config), *_channels_in_clear(config)]


def _readable_files(config: CollectorConfig, path: Path) -> Iterator[str]:
    tables = (config.broker, config.store, config.influx, config.web, config.heartbeat, config.alertmanager)
    named = [getattr(table, f"{name}_file", None) for table in tables for name in _SECRETS]
    files = [file for file in (*named, config.web.key) if isinstance(file, Path)]
    if any(map(_has_secret, tables)) or config.recipient:
        files.append(path)
    for file in sorted(set(files)):
        if file.stat().st_mode & stat.S_IROTH:
            yield f"{file} holds secrets, and everyone on this machine can read it: chmod o-r it"


def _has_secret(table: object) -> bool:
    """Return True if a table has a secret that does not come from a file of its own."""
    return any(
        isinstance(getattr(table, name, None), SecretStr) and getattr(table, f"{name}_file", None) is None
        for name in _SECRETS
    )


def _in_clear(config: CollectorConfig) -> Iterator[str]:
    broker, influx, alertmanager, public_url = (
        config.broker,
        config.influx,
        config.alertmanager,
        config.web.public_url,
    )
    if not broker.tls and not is_loopback(broker.host):
        yield (
            "broker.tls: the password and all pictures cross the network to"
            f" {broker.host} readable by everyone on the way: set tls = true"
        )
    if public_url is not None and _is_plain(public_url):
        yield (
            f"web.public_url: {public_url} is not https, so whoever listens on the way reads passwords,"
            " pictures, and the links by which people take an outage: set web.certificate and"
            " web.key, or put a proxy with TLS before the pages"
        )
    yield from _web_in_clear(config.web)
    if influx is not None and _is_plain(influx.url):
        secret = influx.password if isinstance(influx, InfluxV1) else influx.token
        if secret is not None:
            yield "influx.url: the password or token is sent over http, without TLS: use https://"
    if alertmanager is not None and alertmanager.password is not None and _is_plain(alertmanager.url):
        yield "alertmanager.url: the password is sent over http, without TLS: use https://"
    heartbeat = config.heartbeat.url if config.heartbeat is not None else None
    if heartbeat is not None and _is_plain(heartbeat.get_secret_value()):
        yield "heartbeat.url: whoever reads it on the way can send heartbeats too: use https://"


def _web_in_clear(web: Web) -> Iterator[str]:
    is_reached = web.certificate is None and not is_loopback(web.host)
    if is_reached and not web.trusted_proxies and not web.public_url:
        yield (
            f"web.host: {web.host} is reached from other machines without TLS, so whoever listens on the way reads"
            " passwords and pictures: set web.certificate and web.key, or name the proxy with TLS in"
            " web.trusted_proxies"
        )
    if is_reached and web.trusted_proxies and all(each.is_loopback for each in web.trusted_proxies):
        yield (
            f"web.host: {web.host} is reached from other machines past the proxy on this one, so a login goes"
            ' there without TLS: expected web.host = "127.0.0.1", or web.certificate and web.key'
        )
    listens_at = (web.metrics_listen or "").rpartition(":")[0].strip("[]")
    if listens_at and not is_loopback(listens_at):
        yield (
            f"web.metrics_listen: whoever reaches {web.metrics_listen} reads the names of all sites and their"
            " state there: let only your Prometheus reach it"
        )


def _channels_in_clear(config: CollectorConfig) -> Iterator[str]:
    for recipient in config.recipient:
        for number, configured in enumerate(recipient.urls, start=1):
            url = configured.get_secret_value()
            kind, parts = schema(url), urlsplit(url)
            secret = kind == "webhook" or parts.password
            if kind in _IN_CLEAR and secret and not is_loopback(parts.hostname or ""):
                yield (
                    f"recipient {recipient.id}, {number}-{kind}: it is sent without TLS, with a login or links by"
                    f" which people take an outage: use {_IN_CLEAR[kind]}://"
                )


def _is_plain(url: str) -> bool:
    """Return True for an address on another machine that is asked without TLS."""
    parts = urlsplit(url)
    return parts.scheme.lower() == "http" and not is_loopback(parts.hostname or "")
