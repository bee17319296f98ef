"""Checks that the broker is reachable, is the right one, and accepts this agent's login and messages."""

import asyncio
import socket
import ssl

from pantau_agent.config import Broker
from pantau_agent.doctor.broker_login import BrokerAnswers, log_in
from pantau_agent.doctor.finding import Finding, FindingLevel
from pantau_contract.words.evidence import detail
from pantau_service.client_certificate import client_context

EXPIRES_SOON_DAYS = 21
"""Days before a certificate's end from which to warn."""
_TIMEOUT_S = 10.0
"""Seconds to connect, with TLS."""
_VERIFY_KEYS = {9: "not_yet_valid", 10: "expired", 62: "wrong_name", 64: "wrong_name"}
"""Findings by X509_V_ERR_*, openssl/x509_vfy.h."""
_NO_CAMERA = "pantau-doctor"
"""Id of a camera that does not exist, for a site without any."""
_UNSUPPORTED_PROTOCOL = "Unsupported protocol version"
"""The broker's reason if it does not speak that version of MQTT."""
_NOT_KNOWN = {None, "Bad user name or password", "Not authorized"}
"""What a broker answers, or leaves unsaid, that does not know the certificate which an agent shows."""


async def check_broker(settings: Broker, site: str, now_s: float, *, camera: str | None = None) -> list[Finding]:
    """Check the broker for a site, with one of its cameras if it has any.

    `now_s` is the time (UTC, seconds) at which certificates are judged.
    """
    values: dict[str, object] = {"address": f"{settings.host}:{settings.port}"}
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            certificate = await _certificate(settings)
    except (OSError, UnicodeError) as error:
        key, detail = _error_key(error)
        return [Finding("broker", FindingLevel.ERROR, key, values=values | {"detail": detail})]
    findings = [] if certificate is None else [_certificate_finding(certificate, now_s, values)]
    return [*findings, *await _login(settings, site, camera, values)]


async def _certificate(settings: Broker) -> dict[str, object] | None:
    """Connect and return the certificate as `ssl` represents it, or None without TLS. Raises `OSError`."""
    context = None
    if settings.tls:
        context = client_context(settings.ca_file, settings.tls_certificate, settings.tls_key)
    _, writer = await asyncio.open_connection(settings.host, settings.port, ssl=context)
    certificate: dict[str, object] | None = writer.get_extra_info("peercert")
    writer.transport.abort()
    return certificate


def _error_key(error: Exception) -> tuple[str, str]:
    match error:
        case ssl.SSLCertVerificationError():
            return _VERIFY_KEYS.get(error.verify_code, "untrusted"), error.verify_message
        case ssl.SSLError() | ConnectionResetError():
            return "no_tls", ""
        case socket.gaierror() | UnicodeError():
            return "name", ""
        case ConnectionRefusedError():
            return "refused", ""
        case _:
            return "unreachable", ""


def _certificate_finding(certificate: dict[str, object], now_s: float, values: dict[str, object]) -> Finding:
    days = int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - now_s) // 86400)
    values = values | {"count": days}
    if days < EXPIRES_SOON_DAYS:
        return Finding("broker", FindingLevel.WARNING, "expires", values=values)
    return Finding("broker", FindingLevel.OK, "certificate", values=values)


async def _login(settings: Broker, site: str, camera: str | None, values: dict[str, object]) -> list[Finding]:
    """Log in with the protocols that the agent would try; not with a password that is not known here."""
    if settings.user is not None and settings.password is None:
        unknown = values | {"detail": detail("password_unknown", user=settings.user)}
        return [Finding("broker", FindingLevel.UNKNOWN, "password_unknown", values=unknown)]
    tried = ("5", "3.1.1") if settings.protocol == "auto" else (settings.protocol,)
    answers = BrokerAnswers()
    for protocol in tried:
        answers = await asyncio.to_thread(log_in, settings, protocol, site, camera or _NO_CAMERA)
        if answers.connected not in {None, _UNSUPPORTED_PROTOCOL}:
            break
    if settings.tls_certificate is not None and settings.user is None and answers.connected in _NOT_KNOWN:
        return [Finding("broker", FindingLevel.ERROR, "own_certificate", values=values | {"site": site})]
    return findings_of_answers(
        answers, values | {"protocol": protocol, "user": settings.user or "-", "site": site}
    )


def findings_of_answers(answers: BrokerAnswers, values: dict[str, object]) -> list[Finding]:
    """Return the findings that the broker's answers mean."""
    values = values | {"detail": answers.connected or ""}
    match answers.connected:
        case "Success":
            ready = Finding("broker", FindingLevel.OK, "ready", values=values)
            return [ready, _publishing(answers.published, values)]
        case None:
            key = "not_mqtt"
        case _ if answers.connected == _UNSUPPORTED_PROTOCOL:
            key = "protocol"
        case "Bad user name or password" | "Not authorized":
            key = "password"
        case _:
            key = "declined"
    return [Finding("broker", FindingLevel.ERROR, key, values=values)]


def _publishing(answer: str | None, values: dict[str, object]) -> Finding:
    match answer:
        case None:
            return Finding("broker", FindingLevel.UNKNOWN, "publishing_unsaid", values=values)
        case "Success" | "No matching subscribers":
            return Finding("broker", FindingLevel.OK, "publishing", values=values)
        case _:
            return Finding("broker", FindingLevel.ERROR, "forbidden", values=values | {"detail": answer})
