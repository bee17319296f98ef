"""Play a camera's recorded answers to a client, on a real socket."""

import asyncio
import contextlib
import itertools
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.agent.http import camera as http
from tests.agent.rtsp import scripted as rtsp
from tests.agent.rtsp.footage import FPS
from tests.cameras.corpus import RealCamera
from tests.cameras.login import is_right, scheme_of
from tests.cameras.packets import numbered

_UNGUARDED = {"OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN"}


@dataclass
class Played:
    """A camera that is being played. `url` is where it is reached; `requests` are methods and URLs as received."""

    camera: RealCamera
    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    authentication: str = "none"

    def first(self, method: str) -> str | None:
        """Return the URL of the first such request, with the camera's address as in the corpus."""
        urls = (url for asked, url in self.requests if asked == method)
        return next(urls, "").replace(urlsplit(self.url).netloc, urlsplit(self.camera.url).netloc, 1) or None


class Script:
    """Choose the answer to each request. A challenge is repeated until a request holds the right login."""

    def __init__(self, camera: RealCamera, played: Played) -> None:
        self._camera = camera
        self._played = played
        self._next: dict[str, int] = {}
        self._challenge = ""

    def answer(self, method: str, uri: str, authorization: str) -> str | None:
        """Return the text of the answer, or None if the camera stays silent."""
        self._played.requests.append((method, uri))
        texts = self._camera.answers.get(method)
        if texts is None:
            return _USUAL.get(method)
        at = self._next.get(method, 0)
        right = bool(self._challenge) and is_right(authorization, method, uri, self._challenge)
        if right:
            self._played.authentication = scheme_of(authorization)
            while _is_challenge(texts[at]) and at + 1 < len(texts):
                at += 1
        elif self._challenge and method not in _UNGUARDED and not _is_challenge(texts[at]):
            return self._challenge
        text = texts[at]
        if _is_challenge(text):
            self._challenge = text
        elif at + 1 < len(texts):
            at += 1
        self._next[method] = at
        return text or None


_USUAL = {
    "OPTIONS": "RTSP/1.0 200 OK\nCSeq: 1\nPublic: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER\n\n",
    "PLAY": "RTSP/1.0 200 OK\nCSeq: 1\n\n",
    "TEARDOWN": "RTSP/1.0 200 OK\nCSeq: 1\n\n",
    "GET_PARAMETER": "RTSP/1.0 200 OK\nCSeq: 1\n\n",
}
"""Answers to methods for which a report shows none."""


def _is_challenge(text: str) -> bool:
    return " 401 " in text.partition("\n")[0] and "www-authenticate" in text.lower()


def wire(camera: RealCamera, text: str, cseq: str = "") -> bytes:
    """Return an answer as bytes, with its line ends, the request's CSeq and the length of its body filled in."""
    head, blank, body = text.partition("\n\n")
    end = "\r\n" if camera.line_end == "crlf" else "\n"
    sent = body.replace("\n", end).encode()
    if cseq and camera.cseq == "the request's":
        head = re.sub(r"(?im)^(cseq[ \t]*:[ \t]*).*$", rf"\g<1>{cseq}", head)
    if camera.content_length == "counted":
        head = re.sub(r"(?im)^(content-length[ \t]*:[ \t]*).*$", rf"\g<1>{len(sent)}", head)
    return f"{head}{blank}".replace("\n", end).encode() + sent


@asynccontextmanager
async def playing(camera: RealCamera) -> AsyncIterator[Played]:
    """Serve the camera's answers on loopback until the end of the block."""
    play = _playing_rtsp if camera.url.startswith("rtsp") else _playing_http
    async with play(camera) as played:
        yield played


@asynccontextmanager
async def _playing_rtsp(camera: RealCamera) -> AsyncIterator[Played]:
    played = Played(camera)
    script = Script(camera, played)
    client_port = 0

    def handle(_visitor: rtsp.Visitor, asked: rtsp.Asked) -> bytes | None:
        nonlocal client_port
        if found := re.search(r"client_port=(\d+)", asked.headers.get("Transport", "")):
            client_port = int(found[1])
        text = script.answer(asked.method, asked.uri, asked.headers.get("Authorization", ""))
        if text is None:
            return None
        netloc, here = urlsplit(camera.url).netloc, urlsplit(played.url).netloc
        text = text.replace(f"Location: rtsp://{netloc}", f"Location: rtsp://{here}")
        return wire(camera, text, asked.headers["CSeq"])

    async def send(visitor: rtsp.Visitor) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            for picture in numbered(camera.media):
                for packet in picture:
                    if client_port:
                        datagrams.sendto(packet, ("127.0.0.1", client_port))
                    else:
                        visitor.writer.write(rtsp.interleaved(packet, camera.media.channel))
                with contextlib.suppress(ConnectionError):
                    await visitor.writer.drain()
                await asyncio.sleep(1 / FPS)

    methods = {*camera.answers, *_USUAL, "SET_PARAMETER", "DESCRIBE", "SETUP"}
    async with rtsp.serving(rtsp.Camera(dict.fromkeys(methods, handle), media=send)) as server:
        played.url = _at(camera.url, server.port)
        yield played


@asynccontextmanager
async def _playing_http(camera: RealCamera) -> AsyncIterator[Played]:
    played = Played(camera)
    script = Script(camera, played)
    number = itertools.count()

    def filled(data: bytes) -> bytes:
        jpeg = http.pictures()[next(number) % len(http.pictures())]
        return data.replace(b"{length}", str(len(jpeg)).encode()).replace(b"{jpeg}", jpeg)

    async def answer(visitor: http.Visitor, asked: http.Asked) -> None:
        text = script.answer("GET", asked.path, asked.headers.get("authorization", ""))
        assert text is not None, "the corpus must hold an answer to GET"
        await visitor.send(filled(wire(camera, text)))
        while camera.repeat and " 200 " in text.partition("\n")[0] + text.partition("\n\n")[2]:
            await visitor.send(filled(camera.repeat.replace("\n", "\r\n").encode()))
            await asyncio.sleep(0.1)
        if "connection: close" in text.lower():
            visitor.close()

    async with http.serving(http.Camera(answer)) as server:
        played.url = _at(camera.url, server.port)
        yield played


def _at(url: str, port: int) -> str:
    return url.replace(urlsplit(url).netloc, f"127.0.0.1:{port}", 1)
