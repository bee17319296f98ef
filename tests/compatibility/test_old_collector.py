"""Test that a collector of 0.1.0 accepts everything that the present agent sends, by the schemas of 0.1.0."""

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import tomli_w
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from pantau_contract.messages import CameraState, Drop, Host, Sample, Telemetry
from pantau_contract.preset_dictionary import PRESET_DICTIONARY
from pantau_contract.states import Cause, State
from pantau_contract.topics import SUBSCRIPTIONS, Topic, TopicKind, parse_topic
from pantau_contract.wire import encode
from tests.compatibility.recorded import FOLDER
from tests.compatibility.schema import Schemas
from tests.servers.http import Quiet, serve
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port, until

SCHEMAS = Schemas(FOLDER / "schemas.json")
NAMES = {TopicKind.TELEMETRY: "Telemetry", TopicKind.STATE: "CameraState", TopicKind.REPLY: "Reply"}
TIME = 1_795_985_900_000


def faults(topic: str, payload: bytes) -> list[str]:
    """Return the reasons for which 0.1.0 refuses a JSON message."""
    kind, message = parse_topic(topic).kind, json.loads(payload)
    name = NAMES.get(kind) or ("Birth" if message["status"] == "online" else "Death")
    return SCHEMAS.faults(name, message)


def test_the_schemas_refuse_what_0_1_0_refuses() -> None:
    state = {"site": "a", "camera": "b", "boot": "c", "seq": 1, "time": TIME, "state": "down", "since": TIME}
    assert SCHEMAS.faults("CameraState", state | {"cause": "refused", "new field": 1}) == []
    assert SCHEMAS.faults("CameraState", state | {"cause": "unheard_of"}) != []
    assert SCHEMAS.faults("CameraState", state | {"camera": "No Slug"}) != []
    assert SCHEMAS.faults("CameraState", {key: state[key] for key in state if key != "boot"}) != []
    assert SCHEMAS.faults("CameraState", state | {"seq": -1}) != []
    assert SCHEMAS.faults("CameraState", state | {"detail": "x" * 401}) != []


def test_the_dictionary_of_compressed_telemetry_is_that_of_0_1_0() -> None:
    assert (
        hashlib.sha256(PRESET_DICTIONARY).hexdigest()
        == "cd8f8be9925390ccdfc5eaf9b7155d8d407b8c5b9e7e9486056ba53b3c3d72d9"
    )


@pytest.mark.parametrize("cause", [None, *Cause])
def test_every_cause_is_sent_in_a_word_that_0_1_0_knows(cause: Cause | None) -> None:
    sample = Sample(
        "gate", TIME, State.DOWN, TIME, cause, "why", codec="h264", width=1, height=1, evidence={"black": 0.5}
    )
    batch = Telemetry("kabil", "b", 0, TIME, 5, None, 30, (sample,), Host(cpu_pct=1.5), 3, Drop(3, TIME, TIME))
    state = CameraState("kabil", "gate", "b", 0, TIME, State.DOWN, TIME, cause, "why")
    assert faults("pantau/v1/kabil/telemetry", encode(batch)) == []
    assert faults("pantau/v1/kabil/camera/gate/state", encode(state)) == []


class NoRtsp(Quiet, BaseHTTPRequestHandler):
    """A web server, which answers RTSP requests with HTTP."""


@pytest.fixture
def web() -> Iterator[int]:
    with serve(ThreadingHTTPServer(("127.0.0.1", 0), NoRtsp)) as server:
        yield server.server_port


def test_what_a_running_agent_sends_keeps_to_the_contract_of_0_1_0(
    mosquitto: Mosquitto, web: int, tmp_path: Path
) -> None:
    received: list[tuple[str, bytes]] = []
    subscribed = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2)

    def subscribe(*_: object) -> None:
        client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])

    client.on_connect = subscribe
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _, __, message: received.append((message.topic, bytes(message.payload)))
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    assert subscribed.wait(60)
    config = tmp_path / "agent.toml"
    config.write_text(
        tomli_w.dumps(
            {
                "site": {"id": "kabil", "name": "Simpang Kabil"},
                "broker": {"host": "127.0.0.1", "port": mosquitto.port},
                "report": {"interval_s": 1, "compress": False},
                "spool": {"path": str(tmp_path / "spool.sqlite")},
                "camera": [
                    {"id": "yard", "url": f"rtsp://127.0.0.1:{free_port()}/x"},
                    {"id": "web", "url": f"rtsp://127.0.0.1:{web}/x"},
                ],
            }
        )
    )
    command = [sys.executable, "-m", "pantau_agent", "run", "--config", str(config)]

    def has(kind: TopicKind, *texts: bytes) -> bool:
        return any(
            parse_topic(topic).kind is kind and all(text in payload for text in texts)
            for topic, payload in received
        )

    with Server(command, ready=lambda: has(TopicKind.AGENT), log=tmp_path / "agent.log"):
        assert until(lambda: has(TopicKind.TELEMETRY, b'"web"', b'"yard"', b'"down"'))
        assert until(
            lambda: has(TopicKind.STATE, b'"web"', b'"down"') and has(TopicKind.STATE, b'"yard"', b'"down"')
        )
        asked = b'{"id": "1", "action": "probe", "camera": "web"}'

        def answered() -> bool:
            client.publish(str(Topic("kabil", TopicKind.COMMAND)), asked, qos=1)
            return has(TopicKind.REPLY)

        assert until(answered, every_s=0.5)
    assert until(lambda: has(TopicKind.AGENT, b"offline"))
    client.disconnect()
    client.loop_stop()
    found = {topic: faults(topic, payload) for topic, payload in received}
    assert not any(found.values()), found
