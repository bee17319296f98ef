"""What a configuration leaves open to others, and how to close it. It works all the same, so it is only told."""

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from pantau_collector.config import CollectorConfig, InfluxV1
from pantau_collector.notices.channel import schema
from pantau_service.loopback import is_loopback

_IN_CLEAR = {"webhook": "webhooks", "mailto": "mailtos"}
"""Channels without TLS that carry a login or a link by which an outage is acknowledged, and those with it."""

_SECRETS = ("password", "token", "url")
"""Keys that may hold a secret, each of which may be in a file of its own."""


def unsafe_settings(config: CollectorConfig, path: Path) -> list[str]:
    """Return a line for everything that others may read or change: file, key, what it is, what to do."""
    return [*_readable_files(config, path), *(f"{path}: {line}" for line in _in_clear(config))]


def _readable_files(config: CollectorConfig, path: Path) -> Iterator[str]:
    tables = (config.broker, config.store, config.influx, config.heartbeat, config.alertmanager)
    named = [getattr(table, f"{name}_file", None) for table in tables for name in _SECRETS]
    files = [file for file in named if isinstance(file, Path)]
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
    broker, influx, alertmanager = config.broker, config.influx, config.alertmanager
    if not broker.tls and not is_loopback(broker.host):
        yield (
            "broker.tls: the password and all pictures cross the network to"
            f" {broker.host} readable by everyone on the way: set tls = true"
        )
    if config.web.public_url is not None and _is_plain(config.web.public_url):
        yield (
            "web.public_url: the links in notices, each of which can acknowledge an outage, go over http: put TLS"
            " before the wall, and write https://"
        )
    if influx is not None and _is_plain(influx.url):
        secret = influx.password if isinstance(influx, InfluxV1) else influx.token
        if secret is not None:
            yield "influx.url: the password or token is sent over http, without TLS: use https://"
    if alertmanager is not None and alertmanager.password is not None and _is_plain(alertmanager.url):
        yield "alertmanager.url: the password is sent over http, without TLS: use https://"
    heartbeat = config.heartbeat.url if config.heartbeat is not None else None
    if heartbeat is not None and _is_plain(heartbeat.get_secret_value()):
        yield "heartbeat.url: whoever reads it on the way can send heartbeats too: use https://"
    for recipient in config.recipient:
        for number, url in enumerate(recipient.urls, start=1):
            yield from _channel_in_clear(recipient.id, number, url.get_secret_value())


def _channel_in_clear(recipient: str, number: int, url: str) -> Iterator[str]:
    kind, parts = schema(url), urlsplit(url)
    if kind not in _IN_CLEAR or is_loopback(parts.hostname or ""):
        return
    if kind == "webhook" or parts.password:
        yield (
            f"recipient {recipient}, {number}-{kind}: it is sent without TLS, with a login or links that can"
            f" acknowledge outages: use {_IN_CLEAR[kind]}://"
        )


def _is_plain(url: str) -> bool:
    """Return True for an address on another machine that is asked without TLS."""
    parts = urlsplit(url)
    return parts.scheme.lower() == "http" and not is_loopback(parts.hostname or "")
