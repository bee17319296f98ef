"""FFmpeg, as PyAV contains it, reading a scripted camera over loopback as fast as the bytes come."""

import contextlib
import socket
import threading
import time
from pathlib import Path

import av

from fuzzing.odd_camera import PICTURES, OddCamera
from fuzzing.odd_dialogue import PASSWORD, USER, OddDialogue
from fuzzing.odd_multipart import OddMultipart
from fuzzing.odd_packets import Packet, goodbye, pictures

TIMEOUT_S = 60
"""Seconds after which a connection counts as hung, on however busy a machine."""
WAITING_BYTES = 64 << 10
"""Most bytes that wait in FFmpeg's socket before more are sent: the kernel drops what has no room there."""
PAUSE_S = 0.001
"""Seconds to wait for FFmpeg to read them."""
_UDP_SOCKETS = Path("/proc/net/udp")
_GOODBYES = 3
"""How often the end of a stream in datagrams is told: datagrams may get lost."""


def pictures_shown(camera: OddCamera) -> int:
    """Return how many pictures FFmpeg decodes of the camera's stream, in the way that shows the most."""
    if camera.carriage != "multipart":
        options = {"rtsp_transport": camera.carriage, "reorder_queue_size": "16", "max_delay": "100000"}
        return _pictures_shown(camera, "rtsp", None, options)
    # FFmpeg's reader of multipart wants each part's header right; that of JPEGs takes whatever stands between.
    return max(_pictures_shown(camera, "http", how, {}) for how in (None, "mjpeg"))


def _pictures_shown(camera: OddCamera, scheme: str, how: str | None, options: dict[str, str]) -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(TIMEOUT_S)
        serving = threading.Thread(target=_serve, args=(server, camera), daemon=True)
        serving.start()
        login = f"{USER}:{PASSWORD}@" if camera.how("login") else ""
        try:
            return _decode(f"{scheme}://{login}127.0.0.1:{server.getsockname()[1]}/camera", how, options)
        finally:
            server.shutdown(socket.SHUT_RDWR)  # ends `accept`, where nobody connects any more
            serving.join(TIMEOUT_S)


def _decode(url: str, how: str | None, options: dict[str, str]) -> int:
    shown = 0
    with (
        contextlib.suppress(av.error.FFmpegError, IndexError),
        av.open(url, format=how, options=options, timeout=TIMEOUT_S) as container,
    ):
        for packet in container.demux(video=0):
            with contextlib.suppress(av.error.FFmpegError):
                shown += len(packet.decode())
    return shown


def _serve(server: socket.socket, camera: OddCamera) -> None:
    """Answer one client on each of its connections, and send the whole stream once it plays."""
    sent = [] if camera.carriage == "multipart" else pictures(camera)
    with contextlib.suppress(OSError):
        playing = False
        while not playing:
            connection, _ = server.accept()
            connection.settimeout(TIMEOUT_S)
            with connection:
                playing = _answer(connection, camera, sent)


def _answer(connection: socket.socket, camera: OddCamera, sent: list[list[Packet]]) -> bool:
    """Answer the requests on a connection until the stream has been sent, and return whether it has."""
    dialogue = OddMultipart(camera) if camera.carriage == "multipart" else OddDialogue(camera, sent)
    with connection.makefile("rb") as lines:
        while not dialogue.playing:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                line = lines.readline()
                if not line:
                    return False
                request += line
            connection.sendall(dialogue.respond(request))
        if isinstance(dialogue, OddMultipart):
            connection.sendall(b"".join(dialogue.frames(number) for number in range(PICTURES)))
        elif dialogue.client_port:
            _send_datagrams(sent, dialogue.client_port)
        else:
            connection.sendall(b"".join(dialogue.frames(number) for number in range(dialogue.first, PICTURES)))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):  # its receiver reports and TEARDOWN
            pass
    return True


def _send_datagrams(sent: list[list[Packet]], port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for packets in sent:
            for kind, packet in packets:
                datagrams.sendto(packet, ("127.0.0.1", port + kind))
            while _waiting(port) > WAITING_BYTES:
                time.sleep(PAUSE_S)
        for _ in range(_GOODBYES):
            datagrams.sendto(goodbye(), ("127.0.0.1", port + 1))


def _waiting(port: int) -> int:
    """Return how many bytes wait in the UDP socket of that port, as the kernel counts them (proc(5))."""
    for line in _UDP_SOCKETS.read_text().splitlines():
        _, local, _, _, queues, *_ = line.split()
        if local.endswith(f":{port:04X}"):
            return int(queues.partition(":")[2], 16)
    return 0
