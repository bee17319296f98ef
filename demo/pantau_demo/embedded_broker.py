"""An MQTT broker for machines without mosquitto: `python -m pantau_demo.embedded_broker PORT`, on loopback.

It is for the demo alone: amqtt speaks MQTT 3.1.1 only and keeps nothing for an absent client, so what agents send
while the collector is down is lost. In production the broker is mosquitto.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterator
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig

log = logging.getLogger(__name__)

_MAX_CONNECTIONS = 1000


class _Snapshots(dict[str, Any]):
    """A dictionary that may change while it is iterated over.

    amqtt awaits while it iterates over its subscriptions, and another client changes them meanwhile. The first
    client's session would end half made, and its messages would never be acknowledged.
    """

    def __iter__(self) -> Iterator[str]:
        return iter(list(super().__iter__()))

    def items(self) -> Any:
        """Return a copy of the items."""
        return list(super().items())


async def start_broker(port: int) -> Broker:
    """Return a broker that listens on loopback and admits everyone.

    Raises:
        OSError: the port is taken.
    """
    listener = ListenerConfig(bind=f"127.0.0.1:{port}", max_connections=_MAX_CONNECTIONS)
    broker = Broker(
        BrokerConfig(
            listeners={"default": listener},
            plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        )
    )
    broker._subscriptions = _Snapshots()  # noqa: SLF001 # amqtt has no other place for the correction
    try:
        await broker.start()
    except Exception as error:
        raise OSError(f"the embedded broker cannot listen on 127.0.0.1:{port}: {error}") from error
    return broker


async def serve(port: int) -> None:
    """Run the broker until SIGTERM or SIGINT; raises as `start_broker` does."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    broker = await start_broker(port)
    log.warning("embedded broker on 127.0.0.1:%d: for the demo alone, it keeps nothing for absent clients", port)
    await stopping.wait()
    await broker.shutdown()


def main() -> None:
    """Serve on the port in the first argument."""
    logging.basicConfig(format="%(message)s")
    for library in ("amqtt", "transitions"):  # they log each connection as a warning
        logging.getLogger(library).setLevel(logging.ERROR)
    try:
        asyncio.run(serve(int(sys.argv[1])))
    except OSError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
