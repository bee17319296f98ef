"""Logs in at the broker as the agent would, and tries to publish."""

import queue
from dataclasses import dataclass

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from pantau_agent.config import Broker
from pantau_contract.topics import Topic, TopicKind
from pantau_service.client_certificate import client_context

TIMEOUT_S = 10.0
"""Seconds for each of the broker's answers."""
_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
"""Paho's versions of MQTT by the configuration's names."""


@dataclass(frozen=True, slots=True)
class BrokerAnswers:
    """The broker's answers, as MQTT 5 reason names (section 2.4), which paho uses for 3.1.1 too.

    None is no answer. `published` is always None with 3.1.1, whose PUBACK carries no reason.
    """

    connected: str | None = None
    published: str | None = None


def log_in(settings: Broker, protocol: str, site: str, camera: str) -> BrokerAnswers:
    """Connect, publish a message without effect, and disconnect.

    The message is an empty state of a camera, not retained, which a collector ignores; a broker may know which
    cameras there are. The client id differs from the agent's, so that the agent stays connected, unless the broker
    gives every client the id of its user; then the agent connects again a second later.
    """
    connected: queue.Queue[str | None] = queue.Queue()
    published: queue.Queue[str | None] = queue.Queue()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        f"pantau-doctor-{site}",
        protocol=_PROTOCOLS[protocol],
        reconnect_on_failure=False,
    )

    def on_connect(_client: object, _data: object, _flags: object, reason: ReasonCode, _more: object) -> None:
        connected.put(reason.getName())

    def on_disconnect(_client: object, _data: object, _flags: object, _reason: object, _more: object) -> None:
        connected.put(None)
        published.put(None)

    def on_publish(_client: object, _data: object, _mid: object, reason: ReasonCode, _more: object) -> None:
        published.put(reason.getName())

    client.on_connect = on_connect
    client.on_disconnect = on_disconnect
    client.on_publish = on_publish
    if settings.user is not None:
        password = settings.password.get_secret_value() if settings.password is not None else None
        client.username_pw_set(settings.user, password)
    if settings.tls:
        client.tls_set_context(client_context(settings.ca_file, settings.tls_certificate, settings.tls_key))
    client.connect_timeout = TIMEOUT_S
    try:
        client.connect(settings.host, settings.port, keepalive=20)
        client.loop_start()
        reason = connected.get(timeout=TIMEOUT_S)
        if reason != "Success" or protocol != "5":
            return BrokerAnswers(reason)
        client.publish(str(Topic(site, TopicKind.STATE, camera)), b"", qos=1)
        return BrokerAnswers(reason, _next(published))
    except (OSError, ValueError, queue.Empty):
        return BrokerAnswers()
    finally:
        client.disconnect()
        client.loop_stop()


def _next(answers: "queue.Queue[str | None]") -> str | None:
    try:
        return answers.get(timeout=TIMEOUT_S)
    except queue.Empty:
        return None
