"""The HTTP client against a scripted camera."""

import re
import time

from pantau_agent.http.client import Client
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import parse
from tests.agent.http.camera import Asked, Camera, Visitor, response, serving

CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'


async def test_a_proof_is_not_repeated_where_a_kept_connection_was_closed() -> None:
    async def closes_at_the_second_picture(visitor: Visitor, asked: Asked) -> None:
        if "authorization" not in asked.headers:
            await visitor.send(response("401 Unauthorized", CHALLENGE, body=b"who is there?"))
        elif len(visitor.camera.asked) == 3:
            visitor.writer.close()
        else:
            await visitor.send(response("200 OK", body=b"picture"))

    async with serving(Camera(closes_at_the_second_picture)) as camera:
        client = Client(parse(camera.url), Credentials("u", "p"), time.monotonic, trusted=False)
        for _ in range(2):
            answer = await client.get()
            assert await answer.read() == b"picture"
        await client.close()
    counts = [re.findall(r"nc=(\d+)", asked.headers.get("authorization", "")) for asked in camera.asked]
    assert counts == [[], ["00000001"], ["00000002"], ["00000003"]]
    assert (camera.connections, client.accepted) == (2, True)
