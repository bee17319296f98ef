"""Brings a running mosquitto to what its dynamic security file says of users and topics, without a restart.

The plugin reads its file at the start alone. Here the file is compared with what the plugin says that it has,
and the differences are asked of it over MQTT, on its `$CONTROL` topic: whoever is not concerned notices nothing.
MQTT 3.1.1 is written to the socket as bytes (OASIS, 3.1 to 3.14): a host has no MQTT library of its own.
"""  # noqa: INP001 # Ansible finds it by its folder

import json
import socket
import struct
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: pantau_broker_access
short_description: Brings a running mosquitto to what its dynamic security file says
description: Runs on the broker's machine. It needs a login that may use the plugin's C($CONTROL) topic.
options:
  file: {description: The plugin's file., type: path, required: true}
  port: {description: A port of the broker's on loopback., type: int, required: true}
  user: {description: The login's name., type: str, required: true}
  password: {description: Its password., type: str, required: true}
  kick: {description: Users whose sessions are ended., type: list, elements: str, default: []}
author: [Pantau]
"""
_TOPIC = "$CONTROL/dynamic-security/v1"
_TIMEOUT_S = 60.0
_AT_ONCE = 50
"""Commands in one message, and entries in one answer."""

Access = dict[str, dict[str, Any]]
"""What a user or a role may do, by its name."""


class BrokerError(Exception):
    """The broker refuses, or cannot be reached."""


class Plugin:
    """A connection to the plugin, by which it takes commands and answers them."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._received = b""
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
            flags = 0xC2  # user, password, clean session
            body = _text("MQTT") + bytes([4, flags]) + struct.pack(">H", 0)
            self._send(0x10, body + _text(user) + _text(user) + _text(password))
            kind, answer = self._packet()
            if kind != 0x20 or answer[1]:
                raise BrokerError(f"the broker refuses {user}: it was not started with the configuration as it is")
            self._send(0x82, struct.pack(">H", 1) + _text(f"{_TOPIC}/response") + b"\0")
            kind, answer = self._packet()
            if kind != 0x90 or answer[2] & 0x80:
                raise BrokerError(f"the broker lets {user} read no answers of its plugin")
        except OSError as error:
            raise BrokerError(f"the broker does not answer at 127.0.0.1:{port}: {error}") from None

    def ask(self, commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give commands, and return the answer to each.

        Raises:
            BrokerError: the connection ended, or one was refused.
        """
        answers: list[dict[str, Any]] = []
        for start in range(0, len(commands), _AT_ONCE):
            part = commands[start : start + _AT_ONCE]
            self._send(0x30, _text(_TOPIC) + json.dumps({"commands": part}).encode())
            received: list[dict[str, Any]] = []
            while len(received) < len(part):
                received += self._responses()
            answers += received
        for command, answer in zip(commands, answers, strict=True):
            if "error" in answer:
                raise BrokerError(f"{command['command']} {_name_in(command)}: {answer['error']}")
        return answers

    def list_all(self, what: str) -> list[dict[str, Any]]:
        """Return all `clients` or `roles`, in full."""
        found: list[dict[str, Any]] = []
        while True:
            command = {"command": f"list{what.capitalize()}", "verbose": True}
            (answer,) = self.ask([{**command, "count": _AT_ONCE, "offset": len(found)}])
            page = answer["data"][what]
            found += page
            if not page or len(found) >= answer["data"]["totalCount"]:
                return found

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _responses(self) -> list[dict[str, Any]]:
        try:
            kind, body = self._packet()
        except OSError as error:
            raise BrokerError(f"the broker's plugin does not answer: {error}") from None
        if kind & 0xF0 != 0x30:
            return []
        (length,) = struct.unpack_from(">H", body)
        responses: list[dict[str, Any]] = json.loads(body[2 + length :])["responses"]
        return responses

    def _send(self, kind: int, body: bytes) -> None:
        length, head = len(body), bytearray([kind])
        while True:
            length, low = divmod(length, 128)
            head.append(low | 0x80 if length else low)
            if not length:
                break
        self._socket.sendall(bytes(head) + body)

    def _packet(self) -> tuple[int, bytes]:
        kind, length, shift = self._take(1)[0], 0, 0
        while True:
            byte = self._take(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return kind, self._take(length)

    def _take(self, count: int) -> bytes:
        while len(self._received) < count:
            more = self._socket.recv(1 << 16)
            if not more:
                raise ConnectionError("it ended the connection")
            self._received += more
        taken, self._received = self._received[:count], self._received[count:]
        return taken


def differences(wanted: dict[str, Any], clients: list[Any], roles: list[Any]) -> list[dict[str, Any]]:
    """Return the commands that lead from what the plugin has to what its file says, in an order that it takes.

    Whether a user is disabled is left as it is: the collector shuts out who floods it (for ten minutes).
    """
    roles_wanted = {role["rolename"]: _acls(role) for role in wanted["roles"]}
    roles_there = {role["rolename"]: _acls(role) for role in roles}
    users_wanted = {client["username"]: _roles(client) for client in wanted["clients"]}
    users_there = {client["username"]: _roles(client) for client in clients}
    commands: list[dict[str, Any]] = []
    for name, acls in roles_wanted.items():
        if roles_there.get(name) != acls:
            command = "modifyRole" if name in roles_there else "createRole"
            commands.append({"command": command, "rolename": name, "acls": _listed(acls)})
    for name, names in users_wanted.items():
        if users_there.get(name) != names:
            command = "modifyClient" if name in users_there else "createClient"
            has = [{"rolename": role} for role in sorted(names)]
            commands.append({"command": command, "username": name, "roles": has})
    commands += [{"command": "deleteClient", "username": name} for name in users_there if name not in users_wanted]
    commands += [{"command": "deleteRole", "rolename": name} for name in roles_there if name not in roles_wanted]
    return commands


def ending_sessions(names: list[str]) -> list[dict[str, Any]]:
    """Return the commands that end the sessions of users, who may come back if they still have a login."""
    return [{"command": how, "username": name} for name in names for how in ("disableClient", "enableClient")]


def _acls(role: dict[str, Any]) -> frozenset[tuple[str, str, bool]]:
    return frozenset((acl["acltype"], acl["topic"], acl["allow"]) for acl in role.get("acls", []))


def _listed(acls: frozenset[tuple[str, str, bool]]) -> list[dict[str, Any]]:
    return [{"acltype": kind, "topic": topic, "allow": allow} for kind, topic, allow in sorted(acls)]


def _roles(client: dict[str, Any]) -> frozenset[str]:
    return frozenset(role["rolename"] for role in client.get("roles", []))


def _name_in(command: dict[str, Any]) -> str:
    return str(command.get("username") or command.get("rolename") or "")


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def main() -> None:
    """Do what the arguments ask for."""
    module = AnsibleModule(
        argument_spec={
            "file": {"type": "path", "required": True},
            "port": {"type": "int", "required": True},
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "kick": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        wanted = json.loads(Path(given["file"]).read_text())
        plugin = Plugin(given["port"], given["user"], given["password"])
        commands = differences(wanted, plugin.list_all("clients"), plugin.list_all("roles"))
        commands += ending_sessions(given["kick"])
        if commands and not module.check_mode:
            plugin.ask(commands)
        plugin.close()
    except (BrokerError, OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    changes = [f"{command['command']} {_name_in(command)}" for command in commands]
    module.exit_json(changed=bool(commands), changes=changes)


if __name__ == "__main__":
    main()
