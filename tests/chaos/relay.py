"""The network between two programs: a relay that can be cut, in both directions or in one.

Cutting closes no connection; bytes just stop. The hard case is a cut in one direction only, because then a message
arrives and its acknowledgement does not.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine


class Network:
    """The event loop of every relay, on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def relay(self, port: int, server_port: int) -> "Relay":
        """Start a relay on loopback from `port` to `server_port`."""
        relay = Relay(self, server_port)
        self.call(relay.listen(port))
        return relay

    def call(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


class Relay:
    """A relay of TCP connections. Upstream is the direction from the client to the server."""

    def __init__(self, network: Network, server_port: int) -> None:
        self._network = network
        self._server_port = server_port
        self._upstream = asyncio.Event()
        self._downstream = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._upstream.set()
        self._downstream.set()

    def cut(self, *, upstream: bool = True, downstream: bool = True) -> None:
        """Stop passing bytes in these directions."""
        self._network.call(self._cut(upstream, downstream))

    def restore(self, *, close: bool) -> None:
        """Pass bytes again; `close` ends the open connections, as a router that has forgotten them would."""
        self._network.call(self._restore(close))

    async def listen(self, port: int) -> None:
        await asyncio.start_server(self._relay, "127.0.0.1", port)

    async def _cut(self, upstream: bool, downstream: bool) -> None:
        if upstream:
            self._upstream.clear()
        if downstream:
            self._downstream.clear()

    async def _restore(self, close: bool) -> None:
        if close:
            for writer in self._open:
                writer.transport.abort()
        self._upstream.set()
        self._downstream.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._upstream.wait()
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, server_writer}
        self._open |= both
        await asyncio.gather(
            self._copy(reader, server_writer, self._upstream),
            self._copy(server_reader, writer, self._downstream),
        )
        self._open -= both

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connected: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await connected.wait()
                writer.write(data)
                await writer.drain()
        await connected.wait()
        writer.close()
