"""A mail server that answers each step as a script says, whatever that is, and knows which mails it has taken."""

import socketserver
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from typing import NamedTuple

from tests.servers.http import serve

STEPS = ("greeting", "EHLO", "HELO", "MAIL", "RCPT", "DATA", "final", "QUIT")
GOOD = {"greeting": b"220", "DATA": b"354", "QUIT": b"221"}
LOGIN = (b"530", b"534", b"535", b"538")


class Reply(NamedTuple):
    text: bytes
    closes: bool = False

    @property
    def refuses_for_good(self) -> bool:
        return self.text[:1] == b"5" and self.text[:3].isdigit() and self.text[:3] not in LOGIN


Script = Mapping[str, Reply]


class ScriptedServer(socketserver.ThreadingTCPServer):
    """Each connection uses up one script. Steps that it does not name are answered well, as is all after the last.

    `taken` are the addresses of the mails whose final dot was answered by 2yz; `refusals` counts the transactions
    that were refused for good.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, scripts: list[Script], gone: frozenset[str] = frozenset()) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripts = list(scripts)
        self.gone = gone
        self.asked: list[str] = []
        self.taken: list[str] = []
        self.refusals = 0

    @property
    def server_port(self) -> int:
        return int(self.server_address[1])


class _Handler(socketserver.StreamRequestHandler):
    server: ScriptedServer

    def handle(self) -> None:
        with suppress(OSError):
            self._converse(self.server.scripts.pop(0) if self.server.scripts else {})

    def _converse(self, script: Script) -> None:
        address = ""
        if not self._answer("greeting", script):
            return
        while line := self.rfile.readline():
            step = line[:4].decode().upper()
            if step == "RCPT":
                address = line.decode().partition("<")[2].partition(">")[0]
                self.server.asked.append(address)
                if address in self.server.gone:
                    script = {**script, "RCPT": Reply(b"550 gone\r\n")}
            goes_on = self._answer(step, script)
            if goes_on and step == "DATA" and script.get("DATA", Reply(b"354")).text[:1] == b"3":
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    pass
                if not part:
                    return
                reply = script.get("final", Reply(b"250 taken\r\n"))
                if reply.text[:1] == b"2" and reply.text[:3].isdigit() and len(reply.text) >= 3:
                    self.server.taken.append(address)
                goes_on = self._answer("final", script)
            if not goes_on:
                return

    def _answer(self, step: str, script: Script) -> bool:
        reply = script.get(step, Reply(GOOD.get(step, b"250") + b" as usual\r\n"))
        if reply.refuses_for_good and (
            step in ("MAIL", "DATA", "final") or (step == "RCPT" and reply.text[:3] != b"552")
        ):
            self.server.refusals += 1
        self.wfile.write(reply.text)
        return not reply.closes


def scripted(scripts: list[Script], gone: frozenset[str] = frozenset()) -> AbstractContextManager[ScriptedServer]:
    return serve(ScriptedServer(scripts, gone))  # type: ignore[type-var] # any server that serves for ever
