"""The RTSP client against cameras that ask for a login."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pantau_agent.streams.authentication import Authenticator
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Kind, Step
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.rtsp.scripted import (
    Asked,
    Camera,
    Visitor,
    response,
    saying,
    serving,
    usual,
)
from tests.agent.rtsp.sessions import failure_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests()


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with concurrently.running(request):
        yield


WHO = Credentials("operator", "p@ss:w#rd%1")
DIGEST = 'WWW-Authenticate: Digest realm="camera", nonce="{}"{}'


class Guard:
    """Asks for a Digest login; every nonce is valid for `uses` requests."""

    def __init__(self, *, uses: int = 1000, stale: bool = True, password: str = WHO.password) -> None:
        self.uses = uses
        self.stale = stale
        self.password = password
        self.nonce = 0
        self.used = 0
        self.proofs = 0

    def __call__(self, visitor: Visitor, asked: Asked) -> bytes:
        authorization = asked.headers.get("Authorization", "")
        self.proofs += bool(authorization)
        right = bool(authorization) and self._is_right(authorization, asked)
        if right and f'nonce="{self.nonce}"' in authorization and self.used < self.uses:
            self.used += 1
            return usual(visitor, asked)
        self.nonce, self.used = self.nonce + 1, 0
        return response(
            "401 Unauthorized", DIGEST.format(self.nonce, ", stale=true" if right and self.stale else "")
        )

    def _is_right(self, authorization: str, asked: Asked) -> bool:
        nonce, proof = (re.search(rf'{name}="([^"]*)"', authorization) for name in ("nonce", "response"))
        assert nonce is not None
        assert proof is not None
        checker = Authenticator(Credentials(WHO.user, self.password))
        checker.challenged([DIGEST.format(nonce[1], "").partition(": ")[2]], tried=False)
        expected = checker.authorization(asked.method, asked.uri) or ""
        return f'response="{proof[1]}"' in expected


def guarded(guard: Guard) -> Camera:
    return Camera(dict.fromkeys(("DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "TEARDOWN"), guard))


@concurrently
async def test_the_right_password_opens() -> None:
    async with serving(guarded(Guard())) as camera, opened(camera, WHO) as session:
        assert session.accepted
        assert camera.methods() == ["OPTIONS", "DESCRIBE", "DESCRIBE", "SETUP", "PLAY"]


@pytest.mark.parametrize("stale", [True, False])
@concurrently
async def test_a_nonce_for_every_request_is_no_wrong_password(stale: bool) -> None:
    async with serving(guarded(Guard(uses=1, stale=stale))) as camera, opened(camera, WHO):
        assert camera.methods()[-1] == "PLAY"


@concurrently
async def test_a_wrong_password_is_sent_once() -> None:
    guard = Guard(password="another")
    async with serving(guarded(guard)) as camera:
        failure = await failure_of(camera, WHO)
    assert (failure.kind, failure.status, failure.realm) == (Kind.WRONG_PASSWORD, 401, "camera")
    assert guard.proofs == 1


@concurrently
async def test_a_camera_that_always_says_stale_is_not_asked_for_ever() -> None:
    always = saying("401 Unauthorized", DIGEST.format("x", ", stale=true"))
    async with serving(Camera({"DESCRIBE": always})) as camera:
        assert (await failure_of(camera, WHO)).kind is Kind.WRONG_PASSWORD
        assert camera.count("DESCRIBE") <= 3


@concurrently
async def test_without_a_password_none_is_sent() -> None:
    guard = Guard()
    async with serving(guarded(guard)) as camera:
        assert (await failure_of(camera)).kind is Kind.NO_PASSWORD
    assert guard.proofs == 0


@concurrently
async def test_an_unknown_scheme_is_told_apart_from_a_wrong_password() -> None:
    async with serving(Camera({"DESCRIBE": saying("401 Unauthorized", "WWW-Authenticate: NTLM")})) as camera:
        failure = await failure_of(camera, WHO)
    assert failure.kind is Kind.UNKNOWN_SCHEME
    assert "ntlm" in failure.detail


@concurrently
async def test_a_refusal_after_the_password_was_taken_is_told() -> None:
    camera = guarded(Guard())
    camera.handlers["SETUP"] = saying("401 Unauthorized", DIGEST.format("full", ""))
    async with serving(camera):
        failure = await failure_of(camera, WHO)
    assert (failure.kind, failure.step, failure.trusted_now) == (Kind.WRONG_PASSWORD, Step.SETUP, True)


@concurrently
async def test_no_failure_shows_the_password() -> None:
    for status in ("401 Unauthorized", "403 Forbidden", "404 p@ss:w#rd%1"):
        async with serving(Camera({"DESCRIBE": saying(status, DIGEST.format("n", ""))})) as camera:
            failure = await failure_of(camera, WHO)
            assert WHO.password not in failure.detail.replace("404 p@ss:w#rd%1", "")


@concurrently
async def test_a_redirect_to_another_host_is_not_followed() -> None:
    guard = Guard()
    camera = guarded(guard)
    camera.host = "127.0.0.2"
    async with serving(camera) as other:
        moved = saying("301 Moved", f"Location: {other.url}")
        async with serving(Camera({"DESCRIBE": moved})) as first:
            failure = await failure_of(first, WHO)
    assert (failure.kind, failure.status) == (Kind.STATUS, 302)
    assert "only the same host" in failure.detail
    assert camera.asked == []
