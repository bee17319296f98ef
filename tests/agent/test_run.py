import asyncio
import sqlite3
import sys
import time
from pathlib import Path

from pantau_contract.messages import Birth, Death, Telemetry
from pantau_contract.snapshot import read_stamp
from pantau_contract.states import State
from pantau_simcam import Simcam
from tests.agent.eventually import eventually
from tests.agent.http.camera import Camera, pictures, serving, stills, streaming
from tests.agent.listener import Listener, listening
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port, until
from tests.simcam.small import spec


def written(folder: Path, port: int, cameras: dict[str, str], *, interval_s: float = 0.2) -> Path:
    """Write a configuration file for cameras with these URLs, and return its path."""
    entries = "".join(f'[[camera]]\nid = "{name}"\nurl = "{url}"\n' for name, url in cameras.items())
    path = folder / "agent.toml"
    path.write_text(
        f'[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\nport = {port}\n'
        f'[report]\ninterval_s = {interval_s}\n[spool]\npath = "spool.sqlite"\nbacklog_per_s = 100\n{entries}'
    )
    return path


def agent_process(config: Path) -> Server:
    """Return the agent as a process of its own; it is ready once its spool exists."""
    return Server(
        [sys.executable, "-m", "pantau_agent", "run", "--config", str(config)],
        ready=(config.parent / "spool.sqlite").exists,
        log=config.parent / "agent.log",
    )


def spooled(folder: Path) -> int:
    """Return how many batches wait in the spool of an agent that is not running."""
    with sqlite3.connect(folder / "spool.sqlite") as connection:
        (count,) = connection.execute("SELECT count(*) FROM batch WHERE payload IS NOT NULL").fetchone()
    connection.close()
    return int(count)


def test_killed_at_any_instant_the_agent_loses_no_batch_and_uses_no_seq_twice(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    config = written(tmp_path, mosquitto.port, {"gate": f"rtsp://127.0.0.1:{free_port()}/"}, interval_s=0.05)
    with listening(mosquitto.port) as listener:
        for away in (False, True, False):
            with agent_process(config) as agent:
                seen = len(listener.telemetry())
                assert until(lambda: len(listener.telemetry()) > seen + 5)  # noqa: B023 # called at once
                if away:
                    mosquitto.kill()
                    time.sleep(3)  # the spool is locked, so its content cannot be awaited
                agent.kill()
            if away:
                assert spooled(tmp_path) > 0
                mosquitto.start()
        with agent_process(config):
            seen = len(listener.telemetry())
            assert until(lambda: len(listener.telemetry()) > seen + 5)
        assert until(lambda: clean_death(listener))
    batches: dict[int, Telemetry] = {}
    for batch in listener.telemetry():
        assert batches.setdefault(batch.seq, batch) == batch, "two batches with one seq"
    assert sorted(batches) == list(range(len(batches)))
    assert len({batch.boot for batch in batches.values()}) == 1
    starts = [batch.start for _, batch in sorted(batches.items()) if batch.start is not None]
    assert [(start.reason, start.clean) for start in starts] == [
        ("", None),
        *[("service", False)] * (len(starts) - 1),
    ]
    times = [batches[seq].time for seq in sorted(batches)]
    assert times == sorted(times)


def clean_death(listener: Listener) -> bool:
    last = listener.agents()[-1]
    return isinstance(last, Death) and last.clean


def test_when_the_agent_is_killed_the_broker_publishes_its_will_of_the_same_session(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    config = written(tmp_path, mosquitto.port, {})
    with listening(mosquitto.port) as listener:
        with agent_process(config) as agent:
            assert until(listener.agents)
            agent.kill()
        assert until(lambda: len(listener.agents()) == 2)
        birth, death = listener.agents()
        assert isinstance(birth, Birth)
        assert death == Death("north", birth.boot, birth.session, clean=False)


async def test_real_cameras_are_told_and_left_with_a_teardown_at_sigterm(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with Simcam([spec("gate"), spec("yard")]) as simcam:
        await simcam.filmed()
        config = written(tmp_path, mosquitto.port, {name: simcam.url(name) for name in ("gate", "yard")})
        with listening(mosquitto.port) as listener:
            agent = await asyncio.to_thread(agent_process(config).start)
            try:
                assert await eventually(
                    lambda: {about(jpeg) for jpeg in listener.snapshots()} >= {"gate ok", "yard ok"}
                )
                assert await eventually(lambda: any(batch.samples[0].fps for batch in listener.telemetry()))
            finally:
                await asyncio.to_thread(agent.stop)
            assert await eventually(lambda: clean_death(listener))
        for name in ("gate", "yard"):
            counts = simcam.counts(name)
            assert counts.teardowns == counts.total >= 1
            assert counts.open == 0


async def test_an_agent_that_was_held_up_says_so_and_calls_no_camera_down(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with serving(Camera(streaming(*pictures()))) as camera, serving(Camera(stills())) as still:
        config = written(tmp_path, mosquitto.port, {"gate": camera.url, "yard": still.url})
        with listening(mosquitto.port) as listener:
            agent = await asyncio.to_thread(agent_process(config).start)
            try:
                assert await eventually(
                    lambda: (
                        {state.camera for state in listener.states() if state.state is State.OK}
                        == {"gate", "yard"}
                    )
                )
                agent.pause()
                await asyncio.sleep(5)
                agent.resume()
                assert await eventually(lambda: starved_s(listener) > 4)
                seen = len(listener.telemetry())
                assert await eventually(lambda: len(listener.telemetry()) > seen + 5)
            finally:
                await asyncio.to_thread(agent.stop)
            assert not [state for state in listener.states() if state.state is State.DOWN]
    assert "this machine is too slow" in (tmp_path / "agent.log").read_text()


def starved_s(listener: Listener) -> float:
    return max((batch.host.starved_s or 0 for batch in listener.telemetry() if batch.host), default=0)


def about(jpeg: bytes) -> str:
    stamp = read_stamp(jpeg)
    return f"{stamp.camera} {stamp.state}"
