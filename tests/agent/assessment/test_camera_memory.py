import asyncio
import hashlib
import json
import logging
import random
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from pantau_agent.assessment import camera_memory as camera_memory_module
from pantau_agent.assessment.baseline import Baseline
from pantau_agent.assessment.camera_memory import CameraMemories, Refusal
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_agent.watching.watch import watch
from pantau_contract.states import Cause, State
from pantau_contract.words.evidence import Detail
from tests.agent.eventually import eventually
from tests.agent.rtsp.scripted import Camera, saying, serving

LEARNT = Baseline(assessments=9000, fps=15, bitrate_kbps=400, keyframe_interval_s=2)
REFUSAL = Refusal(Failure(Step.DESCRIBE, Kind.WRONG_PASSWORD, Detail("no"), status=401), until_ms=1 << 60)


def gate(**changes: object) -> Configured:
    given = {"id": "gate", "url": "rtsp://gate/1", "user": "u", "password": SecretStr("secret-one")} | changes
    return Configured(**given)  # type: ignore[arg-type] # a test gives what there is


def kept(file: Path) -> None:
    memories = CameraMemories([gate()], file)
    memory = memories.of("gate")
    memory.baseline, memory.trusted, memory.refusal = LEARNT, True, REFUSAL
    memory.keep_alive.record_kept("OPTIONS")
    memories.save()


def test_what_is_learnt_and_refused_outlives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "cameras.json"
    kept(file)
    memory = CameraMemories([gate()], file).of("gate")
    assert (memory.baseline, memory.trusted, memory.refusal) == (LEARNT, True, REFUSAL)
    assert (memory.keep_alive.method, memory.keep_alive.proven) == ("OPTIONS", True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "secret-one" not in file.read_text()


@pytest.mark.parametrize("changes", [{"password": SecretStr("other")}, {"user": "v"}])
def test_another_password_is_tried_at_once_and_the_stream_stays_known(
    changes: dict[str, object], tmp_path: Path
) -> None:
    kept(tmp_path / "cameras.json")
    memory = CameraMemories([gate(**changes)], tmp_path / "cameras.json").of("gate")
    assert (memory.baseline, memory.trusted, memory.refusal) == (LEARNT, False, None)


def test_a_password_cannot_be_guessed_at_the_speed_of_a_plain_digest(tmp_path: Path) -> None:
    file = tmp_path / "cameras.json"
    kept(file)
    content = json.loads(file.read_text())
    salt, login = content["salt"].encode(), content["cameras"]["gate"]["login"]
    parts = "rtsp://gate/1", "u", "secret-one"
    assert hashlib.blake2b(repr(parts).encode(), key=salt[:64], digest_size=16).hexdigest() not in login
    key = hashlib.scrypt(b"secret-one", salt=salt, n=8192, r=8, p=1, dklen=32)
    assert login == f"scrypt:{hashlib.blake2b(repr(parts).encode(), key=key, digest_size=16).hexdigest()}"


async def test_a_file_of_0_2_0_is_carried_over_and_its_fast_digests_are_gone_at_once(tmp_path: Path) -> None:
    file = tmp_path / "cameras.json"
    kept(file)
    content = json.loads(file.read_text())
    parts = repr(("rtsp://gate/1", "u", "secret-one")).encode()
    fast = hashlib.blake2b(parts, key=content["salt"].encode()[:64], digest_size=16).hexdigest()
    content["cameras"]["gate"]["login"] = fast
    file.write_text(json.dumps(content))
    memories = CameraMemories([gate()], file)
    assert (memories.of("gate").trusted, memories.of("gate").refusal) == (True, REFUSAL)
    keeping = asyncio.create_task(memories.save_periodically())
    assert await eventually(lambda: fast not in file.read_text())
    keeping.cancel()


def test_another_stream_is_learnt_anew(tmp_path: Path) -> None:
    kept(tmp_path / "cameras.json")
    memory = CameraMemories([gate(url="rtsp://gate/2")], tmp_path / "cameras.json").of("gate")
    assert (memory.baseline, memory.trusted, memory.refusal) == (Baseline(), False, None)
    assert memory.keep_alive.method == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"version": 1}',
        b'{"version": 2, "salt": "00", "cameras": {}}',
        b'{"version": 1, "salt": "00", "cameras": {"gate": {"learnt": {"fps": "many"}}}}',
        b'{"version": 1, "salt": "00", "cameras": {"gate": {"learnt": {"fps": -1}}}}',
    ],
)
def test_a_damaged_file_is_said_and_all_is_learnt_anew(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "cameras.json"
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        memories = CameraMemories([gate()], file)
    assert memories.of("gate").baseline == Baseline()
    assert str(file) in caplog.text
    assert "learnt again" in caplog.text
    caplog.clear()
    memories.save()
    CameraMemories([gate()], file)
    assert caplog.text == ""


def test_a_disk_that_cannot_be_written_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    memories = CameraMemories([gate()], tmp_path / "none" / "cameras.json")
    memories.save()
    memories.save()
    assert caplog.text.count("cannot be kept") == 1


async def test_a_refusal_is_on_the_disk_soon_and_what_is_learnt_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_memory_module, "CHECK_INTERVAL_S", 0.01)
    file = tmp_path / "cameras.json"
    memories = CameraMemories([gate()], file)
    keeping = asyncio.create_task(memories.save_periodically())
    memories.of("gate").baseline = LEARNT
    await asyncio.sleep(0.2)
    assert not file.exists()
    memories.of("gate").refusal = REFUSAL
    assert await eventually(file.exists)
    keeping.cancel()
    assert CameraMemories([gate()], file).of("gate").refusal == REFUSAL


@pytest.mark.parametrize("mode", ["watch", "sample"])
async def test_after_a_restart_a_camera_that_refused_the_password_is_not_asked_and_says_why(
    mode: str, tmp_path: Path
) -> None:
    refused = saying("401 Unauthorized", 'WWW-Authenticate: Digest realm="gate", nonce="n"')
    async with serving(Camera({"DESCRIBE": refused})) as camera, Decoder(SystemClock()) as decoder:
        configured = gate(url=camera.url, mode=mode)
        for _ in range(2):
            memories = CameraMemories([configured], tmp_path / "cameras.json")
            memory = memories.of("gate")
            async for one in watch(configured, decoder, SystemClock(), rng=random.Random(1), memory=memory):
                if one.sample.state is not State.UNKNOWN:
                    break
            assert one.sample.cause is Cause.AUTH_FAILED
            memories.save()
        assert sum("Authorization" in asked.headers for asked in camera.asked) == 1
        assert memory.refusal is not None
        assert memory.refusal.remaining_s(SystemClock().time_ms()) <= 30 * 60
