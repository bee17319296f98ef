"""A camera that lowers its guard after a restart of the agent: the same one, or whoever answers in its place."""

import base64
import random
import ssl
from contextlib import aclosing
from pathlib import Path

import pytest
from pydantic import SecretStr

from pantau_agent.assessment import camera_memory
from pantau_agent.assessment.acceptances import FOLDER, Acceptance, Acceptances
from pantau_agent.assessment.camera_memory import CameraMemories
from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.watch import watch
from pantau_contract.states import Cause, State
from tests.agent.certificate import make_certificate
from tests.agent.rtsp.scripted import Asked, Camera, Visitor, response, serving, usual

BASIC = 'WWW-Authenticate: Basic realm="gate"'
DIGEST = 'WWW-Authenticate: Digest realm="gate", nonce="n"'
IN_CLEAR = base64.b64encode(b"u:secret-one").decode()


def asking_for(*challenges: str) -> Camera:
    """Return a camera that lets in whoever answers its challenge, and then has no such stream."""

    def guard(visitor: Visitor, asked: Asked) -> bytes:
        if "Authorization" not in asked.headers:
            return response("401 Unauthorized", *challenges)
        return response("404 Not Found") if asked.method == "DESCRIBE" else usual(visitor, asked)

    return Camera({"DESCRIBE": guard})


async def looked(camera: Camera, folder: Path, decoder: Decoder, **more: object) -> Observation:
    """Start an agent's watching with what its last start remembered, and return what it says first."""
    url = str(more.pop("url", camera.url))
    configured = Configured.model_validate(
        {"id": "gate", "url": url, "user": "u", "password": SecretStr("secret-one"), "timeout_s": 5} | more
    )
    memories = CameraMemories([configured], folder / camera_memory.FILE)
    memories._take_over_acceptances()
    watching = watch(
        configured, decoder, SystemClock(), rng=random.Random(1), memory=memories.of("gate"), learns=True
    )
    async with aclosing(watching):
        async for one in watching:
            if one.sample.state is not State.UNKNOWN:
                break
    memories.save()
    return one


def has_password_in_clear(camera: Camera) -> bool:
    return any(IN_CLEAR in asked.headers.get("Authorization", "") for asked in camera.asked)


@pytest.mark.parametrize("mode", ["watch", "sample"])
async def test_after_digest_basic_is_not_answered_until_a_person_accepts_it(mode: str, tmp_path: Path) -> None:
    decoder = Decoder(SystemClock())
    more = {"mode": mode, "allow_basic": True}
    async with serving(asking_for(DIGEST)) as camera:
        assert (await looked(camera, tmp_path, decoder, **more)).sample.cause is Cause.NOT_FOUND
    other = asking_for(BASIC)
    other.port = camera.port
    async with serving(other):
        sample = (await looked(other, tmp_path, decoder, **more)).sample
        assert sample.cause is Cause.AUTH_FAILED
        assert "let us in by Digest (MD5)" in sample.detail
        assert "accept-login" in sample.detail
        assert not has_password_in_clear(other)
        Acceptances(tmp_path / FOLDER).submit("gate", Acceptance(weaker_login=True))
        assert (await looked(other, tmp_path, decoder, **more)).sample.cause is Cause.NOT_FOUND
        assert has_password_in_clear(other)


async def test_basic_in_clear_is_not_answered_without_permission_and_the_key_is_named(tmp_path: Path) -> None:
    decoder = Decoder(SystemClock())
    async with serving(asking_for(BASIC)) as camera:
        sample = (await looked(camera, tmp_path, decoder)).sample
        assert (sample.cause, "allow_basic = true" in sample.detail) == (Cause.AUTH_FAILED, True)
        assert not any("Authorization" in asked.headers for asked in camera.asked)
        sample = (await looked(camera, tmp_path, decoder, allow_basic=True)).sample
        assert (sample.cause, has_password_in_clear(camera)) == (Cause.NOT_FOUND, True)


async def test_another_certificate_gets_not_one_request_until_a_person_accepts_it(tmp_path: Path) -> None:
    decoder = Decoder(SystemClock())
    port = 0
    for turn, cause in enumerate((Cause.NOT_FOUND, Cause.AUTH_FAILED)):
        folder = tmp_path / str(turn)
        folder.mkdir()
        made = make_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.certificate, made.key)
        camera = asking_for(BASIC)
        camera.port = port
        async with serving(camera, tls=context):
            port = camera.port
            url = camera.url.replace("rtsp://", "rtsps://")
            sample = (await looked(camera, tmp_path, decoder, url=url)).sample
            assert sample.cause is cause, sample
            assert has_password_in_clear(camera) is (turn == 0), (
                "over TLS to a known certificate it is not in clear"
            )
            if turn == 1:
                assert camera.asked == []
                assert "accept-certificate" in sample.detail
                now = sample.detail.partition(" to ")[2][:64]
                Acceptances(tmp_path / FOLDER).submit("gate", Acceptance({f"127.0.0.1:{port}": now}))
                assert (await looked(camera, tmp_path, decoder, url=url)).sample.cause is Cause.NOT_FOUND


async def test_out_of_tls_no_redirect_is_followed(tmp_path: Path) -> None:
    decoder = Decoder(SystemClock())
    made = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    async with serving(asking_for(DIGEST)) as clear:
        moved = Camera({"DESCRIBE": lambda *_: response("302 Found", f"Location: {clear.url}")})
        async with serving(moved, tls=context) as camera:
            url = camera.url.replace("rtsp://", "rtsps://")
            sample = (await looked(camera, tmp_path, decoder, url=url)).sample
    assert (sample.cause, "never out of TLS" in sample.detail) == (Cause.UNSUPPORTED, True)
    assert clear.asked == []
