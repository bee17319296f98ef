import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pantau_agent.clock import SystemClock, UtcEpoch
from pantau_agent.config import AgentConfig, Broker, Camera, Site, SpoolConfig
from pantau_agent.link import Link, link, traffic
from pantau_agent.spool import Spool, acknowledgements
from pantau_contract.messages import BatchRange, Birth, CameraState, Command, Death, Receipt, Reply, Telemetry
from pantau_contract.states import Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from pantau_service.certificate_end import end_of_own_ms
from tests.agent.certificate import make_certificate
from tests.agent.eventually import eventually
from tests.agent.listener import listening
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import free_port

SITE = "north"


def config_for(port: int, folder: Path, **broker: object) -> AgentConfig:
    return AgentConfig(
        site=Site(id=SITE, name="North gate"),
        broker=Broker.model_validate({"host": "127.0.0.1", "port": port, **broker}),
        spool=SpoolConfig(path=folder / "spool.sqlite", backlog_per_s=50),
        camera=[Camera(id="gate", name="Gate", url="rtsp://127.0.0.1/gate")],
    )


class Agent:
    """A link and its spool, as `run` holds them."""

    def __init__(self, link: Link, spool: Spool) -> None:
        self.link = link
        self.spool = spool

    async def batch(self, time_ms: int, *, synchronised: bool = True) -> None:
        telemetry = Telemetry(
            site=SITE,
            boot=self.spool.boot,
            seq=self.spool.next_seq,
            time=time_ms,
            monotonic_ms=int(SystemClock.monotonic() * 1000),
            clock_synchronised=synchronised,
            interval_s=30,
            samples=(),
        )
        payload = encode(telemetry, compress=True)
        self.link.offer_batch(await self.spool.append(payload, clock_synchronised=synchronised))

    def state(self, state: State, cause: Cause | None = None) -> None:
        seq = self.spool.next_seq
        message = CameraState(SITE, "gate", self.spool.boot, seq, time=1, state=state, since=1, cause=cause)
        self.link.offer_state(message, at_once=True)


@asynccontextmanager
async def running(config: AgentConfig) -> AsyncIterator[Agent]:
    clock = SystemClock()
    spool = await Spool.open(config.spool.path, max_bytes=1e9, max_age_s=1e6, machine_boot="b", clock=clock)
    link = Link(config, spool, clock)
    life = asyncio.create_task(link.run())
    try:
        yield Agent(link, spool)
    finally:
        link.close(within_s=2)
        await asyncio.wait_for(life, 120)
        await spool.close()


async def test_a_connection_brings_birth_and_states_retained_then_batches_which_leave_the_spool(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with running(config_for(mosquitto.port, tmp_path)) as agent:
        agent.state(State.OK)
        with listening(mosquitto.port) as listener:
            await agent.batch(1000)
            assert await eventually(lambda: listener.telemetry() and listener.states() and listener.agents())
            assert await eventually(lambda: agent.spool.batches == 0)
        with listening(mosquitto.port) as latecomer:
            assert await eventually(lambda: latecomer.agents() and latecomer.states())
            assert all(received.retained for received in latecomer.all)
            birth = latecomer.agents()[0]
            assert isinstance(birth, Birth)
            assert (birth.boot, birth.name, birth.cameras[0].id) == (agent.spool.boot, "North gate", "gate")


async def test_what_was_measured_while_the_broker_was_away_comes_later_with_its_own_times_each_once(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with listening(mosquitto.port) as listener:
        async with running(config_for(mosquitto.port, tmp_path)) as agent:
            assert await eventually(lambda: agent.link.status.startswith("connected"))
            mosquitto.kill()
            assert await eventually(lambda: not agent.link.status.startswith("connected"))
            for number in range(150):
                await agent.batch(1000 * number)
            assert agent.spool.batches == 150
            await asyncio.to_thread(mosquitto.start)
            assert await eventually(lambda: agent.link.status.startswith("connected"))
            agent.state(State.DOWN, Cause.STALLED)
            await agent.batch(1_000_000)
            assert await eventually(lambda: agent.spool.batches == 0)
            assert await eventually(lambda: len(listener.telemetry()) == 151)
    batches = listener.telemetry()
    assert {batch.seq: batch.time for batch in batches} == {**{n: 1000 * n for n in range(150)}, 150: 1_000_000}
    assert [batch.seq for batch in batches].index(150) < 140, "the live batch waited for the backlog"


async def test_sessions_rise_and_a_clean_end_says_so(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with listening(mosquitto.port) as listener:
        async with running(config_for(mosquitto.port, tmp_path)) as agent:
            assert await eventually(lambda: len(listener.agents()) == 1)
            mosquitto.kill()
            await asyncio.to_thread(mosquitto.start)
            assert await eventually(lambda: len({message.session for message in listener.agents()}) == 2)
            boot = agent.spool.boot
        assert await eventually(lambda: isinstance(listener.agents()[-1], Death))
    messages = listener.agents()
    assert messages[-1] == Death(SITE, boot, messages[-2].session, clean=True)
    assert [one.session for one in messages] == sorted(one.session for one in messages)


async def test_a_batch_that_was_live_at_the_end_is_sent_before_the_clean_death(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with listening(mosquitto.port) as listener:
        async with running(config_for(mosquitto.port, tmp_path)) as agent:
            assert await eventually(lambda: agent.link.status.startswith("connected"))
            await agent.batch(5)
        assert await eventually(lambda: any(isinstance(message, Death) for message in listener.agents()))
        assert [batch.time for batch in listener.telemetry()] == [5]


async def test_commands_come_in_and_replies_go_out_and_an_old_or_broken_command_does_nothing(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    topic = Topic(SITE, TopicKind.COMMAND)
    with listening(mosquitto.port) as listener:
        listener.publish(topic, encode(Command("old", "probe", "gate")), retain=True)
        async with running(config_for(mosquitto.port, tmp_path)) as agent:
            assert await eventually(lambda: agent.link.status.startswith("connected"))
            commands = agent.link.commands
            while commands.empty():  # nothing reports when the subscription is there; it follows the birth
                listener.publish(topic, b'{"id": "x", "action": 7, "camera": "gate"}')
                listener.publish(topic, encode(Command("now", "probe", "gate")))
                await asyncio.sleep(0.2)
            command = commands.get_nowait()
            assert command == Command("now", "probe", "gate")
            assert {commands.get_nowait() for _ in range(commands.qsize())} <= {command}
            agent.link.offer_reply(Reply(SITE, command.id, "gate", time=1))
            assert await eventually(listener.replies)


async def test_of_the_snapshots_made_without_a_broker_only_the_newest_goes(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "mosquitto")
    async with running(config_for(broker.port, tmp_path)) as agent:
        for number in range(3):
            agent.link.offer_snapshot("gate", b"picture %d" % number)
        with broker, listening(broker.port) as listener:
            assert await eventually(listener.snapshots)
            await agent.batch(1)
            assert await eventually(listener.telemetry)
            assert listener.snapshots() == [b"picture 2"]
            agent.link.close(within_s=5)


async def test_a_batch_stays_until_the_broker_takes_it_and_a_broker_that_hangs_does_not_hold_up_the_end(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    config = config_for(mosquitto.port, tmp_path)
    with listening(mosquitto.port):
        pass  # from now on the broker queues for it
    async with running(config) as agent:
        assert await eventually(lambda: agent.link.status.startswith("connected"))
        mosquitto.pause()
        await agent.batch(1)
        await asyncio.sleep(1)
        assert agent.spool.batches == 1
    mosquitto.resume()
    async with running(config) as agent:
        assert agent.spool.batches == 1
        assert await eventually(lambda: agent.spool.batches == 0)


async def test_batches_from_before_the_clock_was_set_wait_for_it_and_arrive_with_their_true_times(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with listening(mosquitto.port) as listener:
        async with running(config_for(mosquitto.port, tmp_path)) as agent:
            assert await eventually(lambda: agent.link.status.startswith("connected"))
            for number in range(3):
                await agent.batch(1_200_000_000_000 + number, synchronised=False)
            agent.state(State.OK)
            assert await eventually(listener.states)
            await asyncio.sleep(0.3)
            assert listener.telemetry() == []
            now_ms = SystemClock.time_ms()
            await agent.batch(now_ms)
            assert await eventually(lambda: len(listener.telemetry()) == 4)
    batches = listener.telemetry()
    assert {batch.seq for batch in batches} == {0, 1, 2, 3}
    epoch_ms = UtcEpoch(SystemClock()).now_ms()
    early = [batch for batch in batches if batch.time != now_ms]
    assert [abs(batch.time - batch.monotonic_ms - epoch_ms) < 1000 for batch in early] == [True] * 3
    assert all(batch.clock_synchronised for batch in batches)


async def test_batches_from_before_the_clock_was_set_do_not_wait_for_ever(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "CLOCK_SET_WITHIN_S", 0)
    with listening(mosquitto.port) as listener:
        async with running(config_for(mosquitto.port, tmp_path)) as agent:
            assert await eventually(lambda: agent.link.status.startswith("connected"))
            await agent.batch(5, synchronised=False)
            assert await eventually(listener.telemetry)
            waiting = await agent.spool.after(0, 10)
            assert [batch.clock_synchronised for batch in waiting] in ([], [None])
    (batch,) = listener.telemetry()
    assert batch.clock_synchronised is False
    epoch_ms = UtcEpoch(SystemClock()).now_ms()
    assert abs(batch.time - batch.monotonic_ms - epoch_ms) < 1000, "dated by the machine's clock, right or not"


@pytest.fixture
def guarded(tmp_path: Path) -> Mosquitto:
    """A broker that requires user and password."""
    passwords = tmp_path / "passwords"
    passwords.write_text(
        "agent:$7$101$Kj4DmLBUmgEAXCZB$"
        "vFGGNAStHXBhTMSWrvxDHFFuqcxKWjJnB3zGWzbZcBqbhWb6tgZDKhWrEFgjQ4EU+4Esx0QtCxNXKDGEVGvIaA==\n"
    )
    return Mosquitto(tmp_path / "guarded", settings=f"allow_anonymous false\npassword_file {passwords}\n")


async def test_a_wrong_password_is_told_apart_from_a_broker_that_is_gone_and_neither_shows_it(
    guarded: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with guarded:
        async with running(config_for(guarded.port, tmp_path, user="agent", password="hunter2-wrong")) as agent:
            assert await eventually(lambda: "refuses user 'agent'" in agent.link.status)
    async with running(config_for(free_port(), tmp_path, user="agent", password="hunter2-wrong")) as agent:
        assert await eventually(lambda: "nothing listens on that port" in agent.link.status)
    assert "set `broker.user`" in caplog.text
    assert "hunter2" not in caplog.text


async def test_over_tls_the_broker_must_prove_who_it_is(tmp_path: Path) -> None:
    ca = make_certificate(tmp_path)
    settings = f"allow_anonymous true\ncertfile {ca.certificate}\nkeyfile {ca.key}\n"
    with Mosquitto(tmp_path / "mosquitto", settings=settings) as broker:
        async with running(config_for(broker.port, tmp_path, tls=True, ca_file=ca.certificate)) as agent:
            assert await eventually(lambda: agent.link.status.startswith("connected"))
            assert await eventually(lambda: agent.spool.batches == 0)
            assert agent.link.broker_certificate_ends_ms == end_of_own_ms(ca.certificate)
        async with running(config_for(broker.port, tmp_path, tls=True)) as agent:
            assert await eventually(lambda: "certificate is not trusted" in agent.link.status)
        async with running(config_for(broker.port, tmp_path)) as agent:
            assert await eventually(lambda: "`broker.tls`" in agent.link.status)


@pytest.mark.parametrize("protocol", ["auto", "5", "3.1.1"])
async def test_it_speaks_both_versions_of_mqtt(mosquitto: Mosquitto, tmp_path: Path, protocol: str) -> None:
    with listening(mosquitto.port) as listener:
        async with running(config_for(mosquitto.port, tmp_path, protocol=protocol)) as agent:
            agent.state(State.OK)
            await agent.batch(1)
            assert await eventually(
                lambda: agent.spool.batches == 0 and listener.telemetry() and listener.states()
            )
            mosquitto.kill()
            await asyncio.to_thread(mosquitto.start)
            await agent.batch(2)
            assert await eventually(lambda: {batch.seq for batch in listener.telemetry()} == {0, 1})
        assert await eventually(lambda: isinstance(listener.agents()[-1], Death))


@pytest.mark.parametrize("answer", [b"", b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00"])
async def test_to_a_broker_that_does_not_know_mqtt_5_it_speaks_3_1_1_at_once(
    mosquitto: Mosquitto, tmp_path: Path, answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def only_3_1_1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connect = await reader.read(65536)
        if connect[connect.index(b"MQTT") + 4] == 5:
            writer.write(answer)
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", mosquitto.port)
        far_writer.write(connect)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    old = await asyncio.start_server(only_3_1_1, "127.0.0.1", 0)
    with listening(mosquitto.port) as listener:
        async with old, running(config_for(old.sockets[0].getsockname()[1], tmp_path)) as agent:
            await agent.batch(1)
            assert await eventually(listener.telemetry)
    assert "no connection to the broker" not in caplog.text, "it was taken for a failure, which is retried later"


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def test_a_broker_that_wants_another_version_than_the_configured_one_is_told_apart(tmp_path: Path) -> None:
    async def only_3_1_1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"\x20\x03\x00\x84\x00")
        await writer.drain()

    old = await asyncio.start_server(only_3_1_1, "127.0.0.1", 0)
    async with old, running(config_for(old.sockets[0].getsockname()[1], tmp_path, protocol="5")) as agent:
        assert await eventually(lambda: "set `broker.protocol`" in agent.link.status)


async def test_what_has_no_receipt_is_sent_again_once_a_later_batch_has_arrived(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Receipts that are retained, broken, or for another site or batch do nothing."""
    monkeypatch.setattr(acknowledgements, "RECEIPT_WITHIN_S", 0.2)
    monkeypatch.setattr(link, "_CHECK_EVERY_S", 0.1)
    monkeypatch.setattr(traffic, "_LOOK_FOR_OVERDUE_EVERY_S", 0.1)
    topic = Topic(SITE, TopicKind.ACK)
    with listening(mosquitto.port) as listener:

        def seqs() -> list[int]:
            return [batch.seq for batch in listener.telemetry()]

        def give_receipt(first: int, last: int, *, site: str = SITE, retain: bool = False) -> None:
            boot = listener.telemetry()[0].boot
            receipt = encode(Receipt(site, (BatchRange(boot, first, last),)))
            listener.publish(topic, receipt, retain=retain)

        async with running(config_for(mosquitto.port, tmp_path)) as agent:
            for seq in range(4):
                await agent.batch(seq)
                assert await eventually(lambda seq=seq: len(seqs()) == seq + 1)  # type: ignore[misc]
            give_receipt(0, 9)
            give_receipt(0, 3, site="south")
            for rubbish in (b"", b"rubbish", b'{"site":"north","batches":[{}]}'):
                listener.publish(topic, rubbish)
            give_receipt(1, 2)
            assert await eventually(lambda: seqs() == [0, 1, 2, 3, 0])
            give_receipt(0, 0)
            give_receipt(3, 3)
            assert await eventually(lambda: len(agent.spool._queue._acknowledgements.deletable()) == 4)
            await agent.batch(4)
            assert await eventually(lambda: agent.spool.batches == 0)
        assert caplog.text.count("that breaks the contract is ignored") == 1
        give_receipt(4, 4, retain=True)
        async with running(config_for(mosquitto.port, tmp_path)) as agent:
            await agent.batch(5)
            assert await eventually(lambda: sorted(seqs()[5:]) == [4, 4, 5])
            assert await eventually(lambda: agent.spool.batches == 0)
            assert agent.spool._queue._acknowledgements.deletable() == []


async def test_what_no_collector_has_subscribed_to_waits_in_the_spool_until_one_has(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(config_for(mosquitto.port, tmp_path)) as agent:
        for number in range(3):
            await agent.batch(number)
        assert await eventually(lambda: "no collector has subscribed" in caplog.text)
        assert agent.spool.batches == 3
        with listening(mosquitto.port) as listener:
            await agent.batch(3)
            assert await eventually(lambda: agent.spool.batches == 0)
            assert await eventually(lambda: {batch.seq for batch in listener.telemetry()} == {0, 1, 2, 3})
    assert caplog.text.count("no collector has subscribed") == 1


async def test_what_the_broker_does_not_let_through_waits_in_the_spool_and_it_is_told(tmp_path: Path) -> None:
    access = tmp_path / "access"
    access.write_text("topic read #\ntopic write pantau/v1/+/agent\n")
    settings = f"allow_anonymous true\nacl_file {access}\n"
    with Mosquitto(tmp_path / "mosquitto", settings=settings) as broker:
        async with running(config_for(broker.port, tmp_path)) as agent:
            await agent.batch(1)
            assert await eventually(lambda: "let its access list allow" in agent.link.status)
            assert agent.spool.batches == 1


async def test_a_camera_that_the_broker_does_not_know_keeps_nothing_else_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    access = tmp_path / "access"
    topics = ("pantau/v1/+/agent", "pantau/v1/+/telemetry", "pantau/v1/+/camera/other/state")
    access.write_text("topic read #\n" + "".join(f"topic write {topic}\n" for topic in topics))
    settings = f"allow_anonymous true\nacl_file {access}\n"
    with Mosquitto(tmp_path / "mosquitto", settings=settings) as broker, listening(broker.port) as listener:
        async with running(config_for(broker.port, tmp_path)) as agent:
            agent.spool.save_retained_cameras(frozenset({"gate", "removed"}))
            agent.link.reconnect()
            for number in range(2):
                agent.state(State.DOWN, Cause.REFUSED)
                agent.link.offer_snapshot("gate", b"\xff\xd8")
                await agent.batch(number)
                assert await eventually(lambda: agent.spool.batches == 0)
            assert await eventually(lambda: len(listener.telemetry()) == 2)
            assert await eventually(lambda: "takes neither states nor snapshots" in caplog.text)
            assert agent.link.status == "connected to the broker"
        assert not listener.states()
    assert caplog.text.count("takes neither states nor snapshots") == 1


async def test_the_state_of_a_camera_that_was_removed_is_taken_back_from_the_broker(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    config = config_for(mosquitto.port, tmp_path)
    with listening(mosquitto.port) as listener:
        async with running(config) as agent:
            agent.state(State.OK)
            assert await eventually(listener.states)
    async with running(config.model_copy(update={"camera": []})) as agent:
        assert await eventually(lambda: agent.link.status.startswith("connected"))
    with listening(mosquitto.port) as latecomer:
        assert await eventually(latecomer.agents)
        await asyncio.sleep(0.2)
        assert latecomer.states() == []
    async with running(config.model_copy(update={"camera": []})) as agent:
        assert await agent.spool.retained_cameras() == frozenset()


async def test_where_something_else_answers_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "ANSWER_WITHIN_S", 0.5)
    silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with silent, running(config_for(silent.sockets[0].getsockname()[1], tmp_path)) as agent:
        assert await eventually(lambda: "not answer like an MQTT broker" in agent.link.status)


async def test_an_agent_that_waits_for_an_answer_can_be_ended_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "ANSWER_WITHIN_S", 86_400)
    taken = asyncio.Event()
    silent = await asyncio.start_server(lambda *_: taken.set(), "127.0.0.1", 0)
    async with silent, running(config_for(silent.sockets[0].getsockname()[1], tmp_path)):
        await asyncio.wait_for(taken.wait(), 120)


async def test_repeated_failures_warn_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with running(config_for(free_port(), tmp_path)):
        assert await eventually(lambda: caplog.text.count("no connection to the broker") >= 3)
    levels = [record.levelno for record in caplog.records if "no connection" in record.message]
    assert levels.count(logging.WARNING) == 1
