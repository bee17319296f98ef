"""A camera that means ill, in every way that TCP lets it: `python -m benchmarks.hostile_modes CERTIFICATE KEY`.

Each mode has an address of its own. It prints the URLs as one line of JSON, and then reads the names of modes from
its standard input: a mode does its worst from then on, until the next name comes. Before that it accepts
connections and says nothing.
"""

import contextlib
import itertools
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

BLOCK = 4_000
"""Pieces that are sent at once."""
HOSTS = "127.0.66.{}"
"""Loopback addresses of the modes: to the agent each is a host of its own."""
SDP = b"v=0\r\ns=x\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
MULTIPART = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n"


class Visit:
    """One connection. `say` answers the request that was read last."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.client_port = 0
        self._received = b""
        self._cseq = "0"

    def request(self) -> str:
        """Read a request, and return its first line."""
        while b"\r\n\r\n" not in self._received:
            data = self.connection.recv(65536)
            if not data:
                raise ConnectionError
            self._received += data
        head, self._received = self._received.split(b"\r\n\r\n", 1)
        text = head.decode("latin-1")
        self._cseq = found[1] if (found := re.search(r"(?i)cseq:\s*(\d+)", text)) else "0"
        if found := re.search(r"client_port=(\d+)", text):
            self.client_port = int(found[1])
        return text

    def say(self, status: str, *headers: str, body: bytes = b"") -> None:
        """Answer by RTSP."""
        lines = [f"RTSP/1.0 {status}", f"CSeq: {self._cseq}", *headers]
        lines += [f"Content-Length: {len(body)}"] if body else []
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.connection.sendall(data)

    def play(self, *, sdp: bytes = SDP, udp: bool = False) -> None:
        """Answer as a camera does until the stream has to begin."""
        while True:
            request = self.request()
            if request.startswith("DESCRIBE"):
                self.say("200 OK", "Content-Type: application/sdp", body=sdp)
            elif request.startswith("SETUP") and udp and "RTP/AVP/TCP" in request:
                self.say("461 Unsupported Transport")
            elif request.startswith("SETUP"):
                transport = f"RTP/AVP;unicast;client_port={self.client_port}-{self.client_port + 1}"
                tcp = "RTP/AVP/TCP;unicast;interleaved=0-1"
                self.say("200 OK", "Session: 1", f"Transport: {transport if udp else tcp}")
            else:
                self.say("200 OK", "Session: 1", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
            if request.startswith("PLAY"):
                return


def rtp(sequence: int, payload: bytes, *, marker: bool = False) -> bytes:
    """Return one RTP packet, a new picture each time."""
    return (
        struct.pack("!BBHII", 0x80, 96 | marker << 7, sequence & 0xFFFF, sequence * 3600 & 0xFFFFFFFF, 7) + payload
    )


def interleaved(packet: bytes, channel: int = 0) -> bytes:
    """Return a packet as it is sent over RTSP's connection."""
    return struct.pack("!BBH", 0x24, channel, len(packet)) + packet


def after_play(block: bytes) -> Callable[[Visit], None]:
    """Return a mode that floods an RTSP session with a block."""

    def behave(visit: Visit) -> None:
        visit.play()
        while True:
            visit.send(block)

    return behave


def after_get(first: bytes, block: bytes) -> Callable[[Visit], None]:
    """Return a mode that floods the answer to a GET with a block."""

    def behave(visit: Visit) -> None:
        visit.request()
        visit.send(first)
        while True:
            visit.send(block)

    return behave


def answering(answer: bytes) -> Callable[[Visit], None]:
    """Return a mode that gives one answer to each request, whatever it is."""

    def behave(visit: Visit) -> None:
        while True:
            visit.request()
            visit.send(answer)

    return behave


def one_octet_a_record(visit: Visit) -> None:
    """Send each octet of a stream as a TLS record of its own."""
    visit.play()
    for octet in itertools.cycle(interleaved(rtp(1, b"\x41" + bytes(200)))):
        visit.send(bytes([octet]))


def drip(visit: Visit) -> None:
    """Send an answer octet by octet, and never end it."""
    visit.request()
    for octet in itertools.cycle(b"RTSP/1.0 200 OK\r\nX: y\r\n"):
        visit.send(bytes([octet]))
        time.sleep(0.1)


def hang_up(visit: Visit) -> None:
    """Close the connection with a reset, at once."""
    visit.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def describe_at_length(visit: Visit) -> None:
    """Describe a thousand tracks, and hang up."""
    track = b"m=audio 0 RTP/AVP 96\r\na=rtpmap:96 X/8000\r\na=control:t\r\n"
    visit.play(sdp=b"v=0\r\n" + track * 60 + b"a=x:" + b"y" * 200_000 + b"\r\n")


def redirect(visit: Visit) -> None:
    """Send the client in a circle, and to this machine's own services."""
    for number in itertools.count():
        visit.request()
        host = ("127.0.66.99", "127.0.0.1:8086", "169.254.169.254")[number % 3]
        visit.say("302 Found", f"Location: rtsp://{host}/x")


def datagrams(visit: Visit) -> None:
    """Flood the port for RTP."""
    visit.play(udp=True)
    packets = [rtp(number, b"\x41") for number in range(1000)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((visit.connection.getsockname()[0], 0))
        to = visit.connection.getpeername()[0], visit.client_port
        while visit.connection.fileno() >= 0:
            for packet in packets:
                out.sendto(packet, to)


def still_of_parts(visit: Visit) -> None:
    """Give a still picture that is eight megabytes of tiny parts."""
    body = b"--b\r\n\r\n\r\n" * 800_000
    while True:
        visit.request()
        visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def bombs(visit: Visit) -> None:
    """Send pictures that take long to decode, and one that claims to be of four gigapixels."""
    flat = cv2.imencode(".jpg", np.full((7000, 7000, 3), 90, np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 30])[
        1
    ].tobytes()
    claim = bytearray(cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    at = claim.find(b"\xff\xc0")
    claim[at + 5 : at + 9] = b"\xff\xdc\xff\xdc"
    visit.request()
    visit.send(MULTIPART + b"\r\n")
    for picture in itertools.cycle((flat, bytes(claim), flat + bytes(20_000))):
        visit.send(b"--b\r\nContent-Length: %d\r\n\r\n" % len(picture) + picture + b"\r\n")
        time.sleep(0.2)


def playlist(visit: Visit) -> None:
    """Give a playlist as long as one may be, which grows, and segments without end."""
    for number in itertools.count():
        request = visit.request()
        if ".m3u8" in request:
            lines = "#EXTINF:1,\na.ts\n" * 9_000
            body = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{number}\n{lines}".encode()
            visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        else:
            visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                visit.send((b"G\x40\x11\x10" + os.urandom(184)) * 100)


def flv(visit: Visit) -> None:
    """Send video over HTTP as the smallest tags that there are."""
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\nFLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00")
    for number in itertools.count():
        tags = b"".join(
            b"\x09\x00\x00\x0a"
            + (40 * (number * 500 + i)).to_bytes(4, "big")[1:]
            + bytes(4)
            + b"\x27\x01\0\0\0\0\0\0\x01\x41"
            + b"\0\0\0\x15"
            for i in range(500)
        )
        visit.send(tags)


@dataclass(frozen=True)
class Mode:
    """One way to do harm: the scheme and path of its URL, and what it does with a connection."""

    behave: Callable[[Visit], None]
    scheme: str = "rtsp"
    path: str = "/x"


_TINY = b"".join(interleaved(rtp(number, b"\x41")) for number in range(BLOCK))
_KEYS = b"".join(interleaved(rtp(n, b"\x65\x88" + bytes(n % 700), marker=True)) for n in range(1000))
_LARGE = b"".join(interleaved(rtp(number, bytes(60_000))) for number in range(20))
MODES = {
    "tiny packets": Mode(after_play(_TINY)),
    "empty frames": Mode(after_play(b"$\x09\x00\x00" * BLOCK)),
    "keyframes": Mode(after_play(_KEYS)),
    "octets": Mode(after_play(_LARGE)),
    "stray octets": Mode(after_play(interleaved(rtp(1, b"\x41")) + b"$\x07" * 2000)),
    "requests": Mode(after_play(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" * BLOCK)),
    "responses": Mode(after_play(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n" * BLOCK)),
    "TLS records": Mode(one_octet_a_record, "rtsps"),
    "datagrams": Mode(datagrams),
    "drip": Mode(drip),
    "hang up": Mode(hang_up),
    "long answer": Mode(answering(b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 200_000)),
    "long description": Mode(describe_at_length),
    "redirects": Mode(redirect),
    "tiny parts": Mode(after_get(MULTIPART + b"\r\n", b"--b\r\n\r\nx\r\n" * BLOCK), "http"),
    "two-octet pictures": Mode(after_get(MULTIPART + b"\r\n--b\r\n\r\n", b"\xff\xd8" * BLOCK), "http"),
    "tiny chunks": Mode(
        after_get(MULTIPART + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * BLOCK), "http"
    ),
    "interim answers": Mode(after_get(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * BLOCK), "http"),
    "still of parts": Mode(still_of_parts, "http"),
    "picture bombs": Mode(bombs, "http"),
    "playlist": Mode(playlist, "http", "/x.m3u8"),
    "FLV tags": Mode(flv, "http", "/x.flv"),
    "RTMP": Mode(after_get(b"\x03" + bytes(3072), b"\x02" * 4096), "rtmp", "/live/x"),
}


class Server:
    """Serves one mode. `active` is set while it does harm."""

    def __init__(self, mode: Mode, number: int, tls: ssl.SSLContext) -> None:
        self.active = threading.Event()
        self._mode = mode
        self._tls = tls if mode.scheme in {"rtsps", "https"} else None
        self._listener = socket.create_server((HOSTS.format(number), 0))
        host, port = self._listener.getsockname()
        self.url = f"{mode.scheme}://{host}:{port}{mode.path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection = self._listener.accept()[0]
            threading.Thread(target=self._visit, args=(connection,), daemon=True).start()

    def _visit(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            while not self.active.wait(0.2):
                if _is_closed(connection):
                    return
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._mode.behave(Visit(connection))


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


def main() -> int:
    """Serve all modes until the standard input ends."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[1], sys.argv[2])
    servers = {name: Server(mode, number, tls) for number, (name, mode) in enumerate(MODES.items(), 1)}
    print(json.dumps({name: server.url for name, server in servers.items()}), flush=True)
    for line in sys.stdin:
        for name, server in servers.items():
            server.active.set() if name == line.strip() else server.active.clear()
    return 0


if __name__ == "__main__":
    sys.exit(main())
