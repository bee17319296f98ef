"""The control interface: a small subset of HTTP/1.1 (RFC 9112) for scripts, tests and training.

    GET    /cameras              every camera: id, url, codec, fault, sessions, late_s
    GET    /cameras/{id}         one camera
    PUT    /cameras/{id}/fault   {"fault": "loss", "percent": 10}
    DELETE /cameras/{id}/fault

Responses are JSON; an error is `{"error": "what is wrong and what was expected"}`.
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
"""Bytes of the longest request head."""
MAX_BODY = 64 << 10
"""Bytes of the longest request body."""
REQUEST_TIMEOUT_S = 10.0
"""Seconds in which a request must be received and answered."""


class Cameras(Protocol):
    """The cameras under control."""

    @property
    def cameras(self) -> Iterable[str]:
        """The ids of all cameras."""

    def status(self, camera: str) -> dict[str, object]:
        """Return the state of one camera, ready for JSON."""

    def set_fault(self, camera: str, fault: str, /, **parameters: float) -> None:
        """Make a camera fail."""

    def clear(self, camera: str) -> None:
        """End a camera's fault."""


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
        """Start to listen; `port` is the actual port afterwards."""
        self._server = await asyncio.start_server(self._begin, self._host, self.port, limit=MAX_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop to listen and abort open connections."""
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
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                status, content = await self._respond(reader)
                body = json.dumps(content, ensure_ascii=False).encode() + b"\n"
                head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
                head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (OSError, EOFError, TimeoutError):
            pass  # the client has gone, or sent no request
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _respond(self, reader: asyncio.StreamReader) -> tuple[HTTPStatus, object]:
        try:
            method, path, body = await _request(reader)
            return HTTPStatus.OK, self._dispatch(method, path, body)
        except _HttpError as error:
            return error.status, {"error": str(error)}

    def _dispatch(self, method: str, path: str, body: bytes) -> object:
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
            request = json.loads(body)
        except (ValueError, RecursionError):
            raise _HttpError(HTTPStatus.BAD_REQUEST, f"the body must be JSON, {example}") from None
        if not isinstance(request, dict) or not isinstance(fault := request.pop("fault", None), str):
            raise _HttpError(HTTPStatus.BAD_REQUEST, f"the body must be an object with a fault, {example}")
        try:
            self._cameras.set_fault(camera, fault, **request)
        except FaultError as error:
            raise _HttpError(HTTPStatus.BAD_REQUEST, str(error)) from None


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise _HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"header over {MAX_HEAD} bytes") from None
    first, *lines = head.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise _HttpError(HTTPStatus.BAD_REQUEST, "not an HTTP/1.1 request")
    length = "0"
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-length":
            length = value.strip()
    if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
        raise _HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Content-Length must be a number up to {MAX_BODY}")
    return parts[0], parts[1], await reader.readexactly(int(length))


def _allow(method: str, *methods: str) -> None:
    if method not in methods:
        raise _HttpError(
            HTTPStatus.METHOD_NOT_ALLOWED, f"{method} is not for this path; use {' or '.join(methods)}"
        )
