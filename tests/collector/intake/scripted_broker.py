"""A broker that treats each connection as scripted, for what no real broker does on demand."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

CONNACK, SUBACK, DISCONNECT = b"\x20", b"\x90", b"\xe0"


class Peer:
    """One client's connection, as the broker sees it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.version = 0

    def read(self) -> bytes:
        """Read one packet, and return it without its header; probes and pings are passed over."""
        while True:
            header = self._read(1)
            body = self._read(self._length())
            if header[0] >> 4 not in (3, 12):
                return header + body

    def read_connect(self) -> None:
        self.version = self.read()[7]

    def accept(self, *, subscribes: bool = True) -> None:
        """Answer CONNECT and SUBSCRIBE as a broker does that has no session."""
        self.read_connect()
        self.send(CONNACK, b"\x00\x00" + self._no_properties)
        if subscribes:
            packet = self.read()
            self.send(SUBACK, packet[1:3] + self._no_properties + b"\x01" * 5)

    def send(self, kind: bytes, body: bytes) -> None:
        self._connection.sendall(kind + bytes([len(body)]) + body)

    @property
    def _no_properties(self) -> bytes:
        return b"\x00" if self.version == 5 else b""

    def _length(self) -> int:
        length = shift = 0
        while True:
            byte = self._read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return length

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._connection.recv(size - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data


@contextmanager
def scripted_broker(*script: Callable[[Peer], object]) -> Iterator[tuple[int, list[int]]]:
    """Treat the connections in turn as scripted, the last entry for all that follow; each is closed at its end.

    Yield the port, and the protocol levels of the connections that were read.
    """
    versions: list[int] = []
    stopping = threading.Event()

    def run(listener: socket.socket) -> None:
        steps = list(script)
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(20)
                peer = Peer(connection)
                step = steps.pop(0) if len(steps) > 1 else steps[0]
                with suppress(OSError):
                    step(peer)
                versions.append(peer.version)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=run, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1], versions
        finally:
            stopping.set()
            thread.join()
