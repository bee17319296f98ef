"""A site's uplink: a relay between its agent and the broker that can fail as a leased line fails.

No connection is closed when an uplink is lost, bytes just stop. That is the hard case for both ends.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine


class Uplink:
    """Relays `port` to `broker_port` on loopback, with interruptions between `lose` and `mend`."""

    def __init__(self, port: int, broker_port: int) -> None:
        self._port = port
        self._broker_port = broker_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"uplink-{port}", daemon=True)
        self._up: asyncio.Event
        self._writers: set[asyncio.StreamWriter] = set()

    def start(self) -> None:
        """Start to relay.

        Raises:
            OSError: the port is taken.
        """
        self._thread.start()
        self._call(self._start())

    def lose(self) -> None:
        """Stop to relay bytes, and leave all connections open."""
        self._call(self._set(up=False))

    def mend(self) -> None:
        """Relay again, and close the interrupted connections, as a router would reset them."""
        self._call(self._set(up=True))

    def stop(self) -> None:
        """Stop the relay."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _call(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        self._up = asyncio.Event()
        self._up.set()
        await asyncio.start_server(self._relay, "127.0.0.1", self._port)

    async def _set(self, *, up: bool) -> None:
        if not up:
            self._up.clear()
            return
        for writer in self._writers:
            writer.close()
        self._up.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._up.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._up.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
