"""An MQTT broker inside the collector, for the demo alone.

amqtt speaks MQTT 3.1.1 only and keeps nothing for a client that is away: what agents send while the collector is
down is lost. In production the broker is mosquitto.
"""

import asyncio
import logging
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig

log = logging.getLogger(__name__)

_START_WITHIN_S = 20


class _Snapshots(dict[str, Any]):
    """A dictionary that may change while it is gone through.

    amqtt waits in the midst of going through its subscriptions, and another client's changes them meanwhile: the
    session of the first would end half made, and its messages never be acknowledged.
    """

    def __iter__(self) -> Iterator[str]:
        return iter(list(super().__iter__()))

    def items(self) -> Any:
        """The items there are now."""
        return list(super().items())


class EmbeddedBroker:
    """amqtt on a thread of its own, on loopback.

    Raises:
        OSError: at `start`, the port is taken.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="embedded-broker", daemon=True)
        self._broker: Broker | None = None

    def start(self) -> Self:
        """Begins to listen, and says in the log what this broker is not for."""
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.ERROR)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(_START_WITHIN_S)
        except Exception as error:
            self.stop()
            raise OSError(f"the embedded broker cannot listen on 127.0.0.1:{self.port}: {error}") from error
        log.warning(
            "embedded broker on 127.0.0.1:%d: for the demo alone, it keeps nothing for who is away; "
            "in production set broker.host to a mosquitto",
            self.port,
        )
        return self

    def stop(self) -> None:
        """Closes every connection and ends the thread."""
        if self._broker is not None:
            asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(_START_WITHIN_S)
            self._broker = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_WITHIN_S)

    async def _start(self) -> None:
        listener = ListenerConfig(bind=f"127.0.0.1:{self.port}", max_connections=1000)
        broker = Broker(
            BrokerConfig(
                listeners={"default": listener},
                plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            )
        )
        broker._subscriptions = _Snapshots()  # noqa: SLF001 - nothing else mends it from outside
        await broker.start()
        self._broker = broker

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
