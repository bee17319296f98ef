"""The control interface: a few requests of HTTP/1.1 (RFC 9112) for scripts, tests and trainers.

    GET    /cameras              every camera: id, url, codec, fault, sessions
    GET    /cameras/{id}         one camera
    PUT    /cameras/{id}/fault   {"fault": "loss", "percent": 10}
    DELETE /cameras/{id}/fault

Answers are JSON; an error is `{"error": "what is wrong and what was expected"}`.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote

from pantau_simcam.faults import FaultError

MAX_HEAD = 16 << 10
MAX_BODY = 64 << 10
PATIENCE_S = 10.0


class Cameras(Protocol):
    """What is controlled."""

    @property
    def cameras(self) -> Iterable[str]:
        """The ids."""

    def status(self, camera: str) -> dict[str, object]:
        """One camera, ready for JSON."""

    def set_fault(self, camera: str, fault: str, /, **parameters: float) -> None:
        """Puts a camera into a fault."""

    def clear(self, camera: str) -> None:
        """Ends its fault."""


class _HttpError(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Serves the interface on one address."""

    def __init__(self, cameras: Cameras, host: str, port: int) -> None:
        self._cameras = cameras
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listens from now on; `port` is then the real one."""
        self._server = await asyncio.start_server(self._begin, self._host, self.port, limit=MAX_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listens no more, and lets go of who is connected."""
        if self._server is not None:
            self._server.close()
        for writer in self._clients.values():
            writer.transport.abort()
        if self._clients:
            await asyncio.wait(list(self._clients))

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._clients[task] = writer
        task.add_done_callback(self._clients.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                status, answer = await self._answered(reader)
                body = json.dumps(answer, ensure_ascii=False).encode() + b"\n"
                head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
                head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (OSError, EOFError, TimeoutError):
            pass  # the client is gone, or never asked
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answered(self, reader: asyncio.StreamReader) -> tuple[HTTPStatus, object]:
        try:
            method, path, body = await _request(reader)
            return HTTPStatus.OK, self._do(method, path, body)
        except _HttpError as error:
            return error.status, {"error": str(error)}

    def _do(self, method: str, path: str, body: bytes) -> object:
        match [unquote(part) for part in path.partition("?")[0].strip("/").split("/")]:
            case ["cameras"]:
                _allow(method, "GET")
                return [self._cameras.status(camera) for camera in self._cameras.cameras]
            case ["cameras", camera]:
                self._must_exist(camera)
                _allow(method, "GET")
            case ["cameras", camera, "fault"]:
                self._must_exist(camera)
                _allow(method, "PUT", "DELETE")
                if method == "DELETE":
                    self._cameras.clear(camera)
                else:
                    self._set_fault(camera, body)
            case _:
                raise _HttpError(HTTPStatus.NOT_FOUND, f"no such path: {path}; try /cameras or /cameras/ID/fault")
        return self._cameras.status(camera)

    def _must_exist(self, camera: str) -> None:
        if camera not in self._cameras.cameras:
            known = ", ".join(self._cameras.cameras)
            raise _HttpError(HTTPStatus.NOT_FOUND, f"no camera {camera!r}; there are {known}")

    def _set_fault(self, camera: str, body: bytes) -> None:
        example = 'such as {"fault": "freeze"}'
        try:
            wish = json.loads(body)
        except (ValueError, RecursionError):
            raise _HttpError(HTTPStatus.BAD_REQUEST, f"the body must be JSON, {example}") from None
        if not isinstance(wish, dict) or not isinstance(fault := wish.pop("fault", None), str):
            raise _HttpError(HTTPStatus.BAD_REQUEST, f"the body must be an object with a fault, {example}")
        try:
            self._cameras.set_fault(camera, fault, **wish)
        except FaultError as error:
            raise _HttpError(HTTPStatus.BAD_REQUEST, str(error)) from None


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise _HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"header over {MAX_HEAD} bytes") from None
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise _HttpError(HTTPStatus.BAD_REQUEST, "not an HTTP/1.1 request")
    length = "0"
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-length":
            length = value.strip()
    if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
        raise _HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Content-Length must be a number up to {MAX_BODY}")
    return words[0], words[1], await reader.readexactly(int(length))


def _allow(method: str, *methods: str) -> None:
    if method not in methods:
        raise _HttpError(
            HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is not for this path; use {' or '.join(methods)}"
        )
