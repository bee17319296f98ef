"""Whether the broker can be reached, is the right one, and takes this agent's user and password."""

import asyncio
import queue
import socket
import ssl

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from pantau_agent.config import Broker
from pantau_agent.doctor.finding import Finding, Level

EXPIRES_SOON_DAYS = 21
_WITHIN_S = 10.0
_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
_VERIFY_KEYS = {9: "not_yet_valid", 10: "expired", 62: "wrong_name", 64: "wrong_name"}
"""X509_V_ERR_*, openssl/x509_vfy.h."""
_REFUSED = {"Bad user name or password", "Not authorized"}
_MISUNDERSTOOD = "Unsupported protocol version"
# Both are CONNACK's reasons by MQTT 5's names (section 3.2.2.2), which paho gives 3.1.1's too.


async def broker(settings: Broker, site: str, now_s: float) -> list[Finding]:
    """`now_s` is UTC, in seconds: how long the certificate lasts is told by it."""
    values: dict[str, object] = {"address": f"{settings.host}:{settings.port}"}
    try:
        async with asyncio.timeout(_WITHIN_S):
            certificate = await _certificate(settings)
    except (OSError, UnicodeError) as error:
        key, detail = _key_of(error)
        return [Finding("broker", Level.ERROR, key, values=values | {"detail": detail})]
    findings = [] if certificate is None else [_validity(certificate, now_s, values)]
    return [*findings, await _login(settings, site, values)]


async def _certificate(settings: Broker) -> dict[str, object] | None:
    """Connects; the certificate as `ssl` has it, or None without TLS. Raises `OSError`."""
    context = ssl.create_default_context(cafile=settings.ca_file) if settings.tls else None
    _, writer = await asyncio.open_connection(settings.host, settings.port, ssl=context)
    certificate: dict[str, object] | None = writer.get_extra_info("peercert")
    writer.transport.abort()
    return certificate


def _key_of(error: Exception) -> tuple[str, str]:
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


def _validity(certificate: dict[str, object], now_s: float, values: dict[str, object]) -> Finding:
    days = int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - now_s) // 86400)
    values = values | {"days": days}
    if days < EXPIRES_SOON_DAYS:
        return Finding("broker", Level.WARNING, "expires", values=values)
    return Finding("broker", Level.OK, "certificate", values=values)


async def _login(settings: Broker, site: str, values: dict[str, object]) -> Finding:
    """By the protocols that the agent would try."""
    tried = ("5", "3.1.1") if settings.protocol == "auto" else (settings.protocol,)
    name: str | None = None
    for protocol in tried:
        name = await asyncio.to_thread(_connack, settings, protocol, f"pantau-doctor-{site}")
        if name not in {None, _MISUNDERSTOOD}:
            break
    if name == "Success":
        return Finding("broker", Level.OK, "ready", values=values)
    if name is None:
        key = "not_mqtt"
    elif name == _MISUNDERSTOOD:
        key = "protocol"
    else:
        key = "password" if name in _REFUSED else "declined"
    return Finding("broker", Level.ERROR, key, values=values | {"detail": name or "", "protocol": tried[-1]})


def _connack(settings: Broker, protocol: str, client_id: str) -> str | None:
    """The reason in CONNACK; None where none comes. The client id is not the agent's, which goes on."""
    reasons: queue.Queue[str | None] = queue.Queue()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id, protocol=_PROTOCOLS[protocol], reconnect_on_failure=False
    )

    def answered(_client: object, _data: object, _flags: object, reason: ReasonCode, _properties: object) -> None:
        reasons.put(reason.getName())

    def ended(_client: object, _data: object, _flags: object, _reason: ReasonCode, _properties: object) -> None:
        reasons.put(None)

    client.on_connect = answered
    client.on_disconnect = ended
    if settings.user is not None:
        password = settings.password.get_secret_value() if settings.password is not None else None
        client.username_pw_set(settings.user, password)
    if settings.tls:
        client.tls_set_context(ssl.create_default_context(cafile=settings.ca_file))
    client.connect_timeout = _WITHIN_S
    try:
        client.connect(settings.host, settings.port, keepalive=20)
        client.loop_start()
        return reasons.get(timeout=_WITHIN_S)
    except (OSError, ValueError, queue.Empty):
        return None
    finally:
        client.disconnect()
        client.loop_stop()
