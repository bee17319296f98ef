"""Runs a paho client on a thread of ours, with a `BufferedSocket`.

Many packets are read before anything else is done, which takes half the time of paho's own thread. And whatever
goes wrong on the thread, the connection is known to be over.
"""

import contextlib
import logging
import os
import selectors
import threading
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client

from pantau_collector.intake.buffered_socket import BufferedSocket, Doorkeeper

MAX_PACKETS = 1000
"""Packets that are read at most before what is to be sent is sent."""
_TICK_S = 1.0
"""Seconds from one check of the keep-alive to the next."""
_END_WITHIN_S = 5.0
"""Seconds within which the other side must have taken what was to be sent before the end."""
_log = logging.getLogger(__name__)


class BufferedClient(Client):
    """paho's client with a `BufferedSocket`. It sends nothing by itself; a `NetworkLoop` does."""

    def __init__(self, *args: Any, doorkeeper: Doorkeeper, **options: Any) -> None:
        super().__init__(*args, **options)
        self._doorkeeper = doorkeeper
        self.on_socket_register_write = _do_nothing  # so that paho does not send on the threads of its callers

    def _create_socket(self) -> BufferedSocket:
        return BufferedSocket(super()._create_socket(), self._doorkeeper)  # type: ignore[arg-type] # it is no websocket


class NetworkLoop:
    """Reads and writes for one connected client until its connection is over."""

    def __init__(self, client: BufferedClient, when_over: Callable[[], None]) -> None:
        self._client = client
        self._when_over = when_over
        self._woken, self._waking = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._waking, False)
        self._closing = threading.Lock()
        self._is_closed = False
        self._is_cut = False
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin, once the client has connected."""
        self._thread.start()

    def wake(self) -> None:
        """Let it send what was queued. Any thread may call this."""
        with self._closing:
            if not self._is_closed:
                with contextlib.suppress(BlockingIOError):  # it has been woken often enough
                    os.write(self._waking, b"w")

    def join(self) -> None:
        """Wait until the connection has ended, as `Client.disconnect` asks for; if it does not, cut it."""
        self.wake()
        self._thread.join(_END_WITHIN_S)
        self._is_cut = True
        self.wake()
        self._thread.join()

    def _run(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._woken, selectors.EVENT_READ)
                sock = self._client.socket()
                if not isinstance(sock, BufferedSocket):
                    return  # it has ended already
                selector.register(sock, selectors.EVENT_READ)
                while self._client.socket() is not None and not self._is_cut:
                    self._step(selector, sock)
                sock.close()
        except Exception:  # noqa: BLE001 - whatever it was, the next connection may succeed
            _log.exception("the connection to the broker ended for a reason that was not expected")
        finally:
            self._when_over()
            with self._closing:
                self._is_closed = True
                os.close(self._woken)
                os.close(self._waking)

    def _step(self, selector: selectors.BaseSelector, sock: BufferedSocket) -> None:
        client = self._client
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if sock.has_unsent else 0)
        if selector.get_key(sock).events != wanted:
            selector.modify(sock, wanted)
        is_due = sock.pending() or (client.want_write() and not sock.has_unsent)
        ready = {key.fileobj for key, _ in selector.select(0 if is_due else _TICK_S)}
        if self._woken in ready:
            os.read(self._woken, 4096)
        if sock in ready or sock.pending():
            for _ in range(MAX_PACKETS):
                if client.loop_read() or sock.has_paused or not sock.pending():
                    break
        if client.want_write() and not sock.has_unsent:
            client.loop_write()
        sock.flush()
        client.loop_misc()


def _do_nothing(*_: object) -> None:
    """Ignore that there is something to send: whoever queues it wakes the loop."""
