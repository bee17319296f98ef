"""Network between two programs: a relay that can be cut, both ways or one.

A cut says nothing: no connection is closed, bytes just stop. What stops in one direction only is the hard case,
for then a message arrives and its acknowledgement does not.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine


class Network:
    """The event loop of every wire, on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def wire(self, port: int, far_port: int) -> "Wire":
        """A relay on loopback from `port` to `far_port`, that works."""
        wire = Wire(self, far_port)
        self.call(wire.listen(port))
        return wire

    def call(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


class Wire:
    """One relay."""

    def __init__(self, network: Network, far_port: int) -> None:
        self._network = network
        self._far_port = far_port
        self._forth = asyncio.Event()
        self._back = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._forth.set()
        self._back.set()

    def cut(self, *, forth: bool = True, back: bool = True) -> None:
        """From now on no byte passes that way."""
        self._network.call(self._cut(forth, back))

    def mend(self, *, close: bool) -> None:
        """Bytes pass again; `close` ends what was connected, as a router that has forgotten it would."""
        self._network.call(self._mend(close))

    async def listen(self, port: int) -> None:
        await asyncio.start_server(self._relay, "127.0.0.1", port)

    async def _cut(self, forth: bool, back: bool) -> None:
        if forth:
            self._forth.clear()
        if back:
            self._back.clear()

    async def _mend(self, close: bool) -> None:
        if close:
            for writer in self._open:
                writer.transport.abort()
        self._forth.set()
        self._back.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._forth.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_port)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._open |= both
        await asyncio.gather(
            self._pump(reader, far_writer, self._forth), self._pump(far_reader, writer, self._back)
        )
        self._open -= both

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await passes.wait()
                writer.write(data)
                await writer.drain()
        await passes.wait()
        writer.close()
