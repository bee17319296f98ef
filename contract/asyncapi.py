"""Prints the contract as AsyncAPI 3.0, made from its topics and structs: `python contract/asyncapi.py`."""

import sys
from inspect import cleandoc
from typing import Any

import msgspec
import yaml

from pantau_contract import __version__
from pantau_contract.messages import Birth, CameraState, Command, Death, Receipt, Reply, Telemetry
from pantau_contract.states import WIRE_NAMES
from pantau_contract.topics import PREFIX

_CHANNELS: dict[str, tuple[str, tuple[Any, ...], bool]] = {
    "agent": ("{site}/agent", (Birth, Death), True),
    "telemetry": ("{site}/telemetry", (Telemetry,), False),
    "state": ("{site}/camera/{camera}/state", (CameraState,), True),
    "command": ("{site}/command", (Command,), False),
    "reply": ("{site}/reply", (Reply,), False),
    "ack": ("{site}/ack", (Receipt,), False),
}
_SLUG = {"description": "lower-case letters, digits, '-' and '_', at most 63"}


def document() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    structs = [struct for _, channel_structs, _ in _CHANNELS.values() for struct in channel_structs]
    _, schemas = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])  # newer versions of msgspec do it themselves
    schemas["Cause"]["enum"] = sorted({*schemas["Cause"]["enum"], *WIRE_NAMES.values()})
    messages: dict[str, Any] = {
        struct.__name__: {
            "contentType": "application/json",
            "payload": {"$ref": f"#/components/schemas/{struct.__name__}"},
        }
        for struct in structs
    }
    messages["Snapshot"] = {
        "contentType": "image/jpeg",
        "summary": "A JPEG with the facts in its EXIF",
    }
    channels = {
        name: _channel(address, [struct.__name__ for struct in channel_structs], retained)
        for name, (address, channel_structs, retained) in _CHANNELS.items()
    }
    channels["snapshot"] = _channel("{site}/camera/{camera}/snapshot", ["Snapshot"], retained=False)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Pantau",
            "version": __version__,
            "description": "The messages of agents and collector over MQTT. Times are UTC epoch ms.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            name: {
                "action": "receive" if name in {"command", "ack"} else "send",
                "channel": {"$ref": f"#/channels/{name}"},
                "bindings": {"mqtt": {"qos": 0 if name == "ack" else 1, "retain": name in {"agent", "state"}}},
            }
            for name in channels
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def _channel(address: str, messages: list[str], retained: bool) -> dict[str, Any]:
    parameters = {name: dict(_SLUG) for name in ("site", "camera") if f"{{{name}}}" in address}
    return {
        "address": f"{PREFIX}/{address}",
        "description": "retained" if retained else "not retained",
        "parameters": parameters,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def text() -> str:
    """Return the document as YAML."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=110)


if __name__ == "__main__":
    sys.stdout.write(text())
