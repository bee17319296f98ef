"""FFmpeg, as PyAV contains it, reading a scripted camera over loopback as fast as the bytes come."""

import contextlib
import socket
import threading

import av

from fuzzing.odd_camera import OddCamera, respond

TIMEOUT_S = 60
"""Seconds after which a connection counts as hung, on however busy a machine."""


def pictures_shown(camera: OddCamera) -> int:
    """Return how many pictures FFmpeg decodes of the camera's stream."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(TIMEOUT_S)
        serving = threading.Thread(target=_serve, args=(server, camera), daemon=True)
        serving.start()
        try:
            return _decode(f"rtsp://127.0.0.1:{server.getsockname()[1]}/camera")
        finally:
            server.close()
            serving.join(TIMEOUT_S)


def _decode(url: str) -> int:
    shown = 0
    options = {"rtsp_transport": "tcp"}
    with contextlib.suppress(av.error.FFmpegError), av.open(url, options=options, timeout=TIMEOUT_S) as container:
        for packet in container.demux(video=0):
            with contextlib.suppress(av.error.FFmpegError):
                shown += len(packet.decode())
    return shown


def _serve(server: socket.socket, camera: OddCamera) -> None:
    """Answer one client, and send the whole stream after PLAY, then close."""
    with contextlib.suppress(OSError):
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as lines:
            connection.settimeout(TIMEOUT_S)
            while True:
                request = b""
                while not request.endswith(b"\r\n\r\n"):
                    line = lines.readline()
                    if not line:
                        return
                    request += line
                connection.sendall(respond(camera, request))
                if request.startswith(b"PLAY"):
                    connection.sendall(b"".join(camera.pictures()))
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):  # its receiver reports and TEARDOWN
                        pass
                    return
