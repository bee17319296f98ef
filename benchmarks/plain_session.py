"""Plays one simulated camera's video over TCP, with the least RTSP that it takes."""

import re
import socket
from urllib.parse import urlsplit

TIMEOUT_S = 60
"""Seconds that a camera may take to answer."""


def play(url: str) -> socket.socket:
    """Return a connection on which the video of `url` is being sent.

    Raises:
        OSError: the camera is not reached, or does not answer within `TIMEOUT_S`.
        ValueError: it opens no session.
    """
    at = urlsplit(url)
    connection = socket.create_connection((at.hostname, at.port), timeout=TIMEOUT_S)
    _request(connection, f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n")
    transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
    answer = _request(connection, f"SETUP {url}/trackID=1 RTSP/1.0\r\nCSeq: 2\r\nTransport: {transport}\r\n\r\n")
    session = re.search(r"Session: (\w+)", answer)
    if session is None:
        raise ValueError(f"no session: {answer!r}")
    connection.sendall(f"PLAY {url} RTSP/1.0\r\nCSeq: 3\r\nSession: {session[1]}\r\n\r\n".encode())
    return connection


def _request(connection: socket.socket, request: str) -> str:
    connection.sendall(request.encode())
    return connection.recv(65536).decode()
