"""How long undated batches wait for the clock, and what an acknowledgement without a subscriber means."""

from pathlib import Path
from typing import cast

import pytest

from pantau_agent.clock import UtcEpoch
from pantau_agent.config import AgentConfig, Broker, Report, Site
from pantau_agent.link.connection import Acknowledged, MqttConnection
from pantau_agent.link.traffic import LinkTraffic
from pantau_agent.spool import Batch, Spool
from pantau_agent.spool.dating import encode_batch
from pantau_contract.messages import Telemetry
from tests.agent.fake_clock import FakeClock
from tests.agent.spool.spools import opened


class Published:
    """A connection that records what is published."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    def publish(self, topic: str, _payload: bytes, *, retain: bool) -> int:  # noqa: ARG002 # as MqttConnection has it
        self.topics.append(topic)
        return len(self.topics)


def traffic_of(spool: Spool, clock: FakeClock, *, interval_s: float = 30) -> LinkTraffic:
    config = AgentConfig(
        site=Site(id="north"),
        broker=Broker(host="127.0.0.1"),
        report=Report(interval_s=interval_s, compress=False),
    )
    return LinkTraffic(config, spool, clock)


async def append(spool: Spool, clock: FakeClock, *, synchronised: bool) -> Batch:
    now_ms = int(clock.monotonic() * 1000)
    batch = Telemetry("north", spool.boot, spool.next_seq, now_ms, now_ms, synchronised, 30, ())
    payload = encode_batch(batch, UtcEpoch(clock).now_ms(), compress=False)
    return await spool.append(payload, clock_synchronised=synchronised)


@pytest.mark.parametrize(("interval_s", "wait_s"), [(30, 60), (300, 60), (10, 20)])
async def test_an_undated_batch_waits_for_the_clock_for_a_minute_or_two_short_intervals(
    tmp_path: Path, interval_s: float, wait_s: float
) -> None:
    clock, published = FakeClock(), Published()
    connection = cast("MqttConnection", published)
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        traffic = traffic_of(spool, clock, interval_s=interval_s)
        await traffic.begin(connection)
        traffic.offer_batch(await append(spool, clock, synchronised=False))
        clock.pass_s(wait_s - 0.1)
        await traffic.send_due(connection)
        assert published.topics == []
        clock.pass_s(0.1)
        await traffic.send_due(connection)
        assert published.topics == ["pantau/v1/north/telemetry"]


async def test_the_clock_is_waited_for_on_the_first_connection_only(tmp_path: Path) -> None:
    clock, published = FakeClock(), Published()
    connection = cast("MqttConnection", published)
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        traffic = traffic_of(spool, clock)
        await traffic.begin(connection)
        clock.pass_s(60)
        traffic.end()
        await traffic.begin(connection)
        traffic.offer_batch(await append(spool, clock, synchronised=False))
        await traffic.send_due(connection)
        assert len(published.topics) == 1


async def test_a_batch_without_a_subscriber_stays_in_the_spool_and_is_sent_again_once_there_is_one(
    tmp_path: Path,
) -> None:
    clock, published = FakeClock(), Published()
    connection = cast("MqttConnection", published)
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        traffic = traffic_of(spool, clock)
        await traffic.begin(connection)
        for has_subscriber in (False, True):
            traffic.offer_batch(await append(spool, clock, synchronised=True))
            await traffic.send_due(connection)
            traffic.handle(Acknowledged(len(published.topics), has_subscriber))
        assert len(await spool.after(0, 10)) == 1
        clock.pass_s(1)
        await traffic.send_due(connection)
        assert len(published.topics) == 3
