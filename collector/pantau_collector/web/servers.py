"""Starts the web servers: the pages, with TLS or without, and `/metrics` at an address of its own."""

import logging
from contextlib import ExitStack

from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from pantau_collector.config import Web
from pantau_collector.web.access import access_rules
from pantau_collector.web.connections import Connections
from pantau_collector.web.metrics_listener import metrics_app
from pantau_collector.web.server import WebServer
from pantau_collector.web.server_certificate import ServerCertificate

_log = logging.getLogger(__name__)


def start_servers(
    web: Web, app: ASGIApp, registry: CollectorRegistry, connections: Connections, stack: ExitStack
) -> None:
    """Start the servers, each on a thread of its own; `stack` stops them. The sockets are bound when this returns.

    Raises:
        PortTakenError: a port is taken.
        CertificateError: the certificate or its key cannot be used.
    """
    certificate = None
    if web.certificate is not None and web.key is not None:
        certificate = ServerCertificate(web.certificate, web.key)
    tls = certificate.context if certificate is not None else None
    servers = [WebServer(app, web.host, web.port, connections, tls)]
    if web.metrics_listen is not None:
        host, _, port = web.metrics_listen.rpartition(":")
        listener = metrics_app(registry, access_rules(web))
        servers.append(
            WebServer(listener, host.strip("[]"), int(port), Connections(), setting="web.metrics_listen")
        )
    for each in (*servers, certificate):
        if each is not None:
            each.start()
            stack.callback(each.stop)
    _log.info("the pages are at %s", web.local_url)
