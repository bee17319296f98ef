"""Fetches the files of one stream over HTTP for the process that reads it: from the camera only."""

import asyncio
import contextlib
from collections.abc import Callable
from urllib.parse import urljoin

from pantau_agent.http.client import Client
from pantau_agent.sources.target import Target
from pantau_agent.streams import url as stream_url
from pantau_agent.streams.budget import Budget
from pantau_agent.streams.failure import Failure, Kind, LookError
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

MAX_OPEN = 8
"""Most files that are fetched at the same time; FFmpeg opens two or three."""
_ENDS_SESSION = {
    Kind.NO_PASSWORD,
    Kind.WRONG_PASSWORD,
    Kind.UNKNOWN_SCHEME,
    Kind.IN_CLEAR,
    Kind.UNPROVEN,
    Kind.WEAKER_LOGIN,
    Kind.CERTIFICATE,
    Kind.FLOODING,
}
"""Failures that another file would meet too. A password that was refused once is not sent for the next one."""

Deliver = Callable[[int, bytes, Detail], None]
"""Passes on a piece of a file; no bytes are its end, with why it ended early if it did."""


class Fetcher:
    """Fetches files by their numbers. `fail` is called with a failure that ends the session."""

    def __init__(
        self,
        target: Target,
        monotonic: Callable[[], float],
        cookies: str,
        deliver: Deliver,
        fail: Callable[[Failure], None],
    ) -> None:
        self.accepted = False
        self._target = target
        self._monotonic = monotonic
        self._cookies = cookies
        self._deliver = deliver
        self._fail = fail
        self._budget = Budget()
        self._idle: list[Client] = []
        self._wanted: dict[int, asyncio.Semaphore] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def open(self, file: int, address: str) -> None:
        """Begin to fetch a file."""
        url = self._allowed(address)
        if url is None or len(self._tasks) >= MAX_OPEN or file in self._tasks:
            self._deliver(file, b"", detail("playlist_elsewhere"))
            return
        self._wanted[file] = asyncio.Semaphore(0)
        self._tasks[file] = asyncio.create_task(self._fetch(file, url))

    def more(self, file: int) -> None:
        """Deliver the next piece of a file."""
        if (wanted := self._wanted.get(file)) is not None:
            wanted.release()

    def done(self, file: int) -> None:
        """Fetch no more of a file."""
        if (task := self._tasks.get(file)) is not None:
            task.cancel()

    async def close(self) -> None:
        """Close all connections."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for client in self._idle:
            await client.close()

    def _allowed(self, address: str) -> StreamUrl | None:
        """Return the URL if it is the camera's: on its host, over HTTP, and not out of TLS."""
        base = self._target.url
        try:
            url = stream_url.parse(urljoin(base.without_credentials, address))
        except ValueError:
            return None
        return url if url.host == base.host and url.scheme in {"https", base.scheme} else None

    async def _fetch(self, file: int, url: StreamUrl) -> None:
        client = self._idle.pop() if self._idle else self._new_client()
        problem = NO_DETAIL
        try:
            await client.turn_to(url)
            response = await client.get()
            self.accepted = self.accepted or client.accepted
            while True:
                await self._wanted[file].acquire()
                piece = await response.read()
                if not piece:
                    break
                self._deliver(file, piece, NO_DETAIL)
        except LookError as error:
            problem = error.failure.detail
            if error.failure.kind in _ENDS_SESSION:
                self._fail(error.failure)
        except BaseException:
            await asyncio.shield(asyncio.create_task(client.close()))  # it is in the middle of a response
            raise
        else:
            self._idle.append(client)
        finally:
            del self._wanted[file], self._tasks[file]
        if problem:
            with contextlib.suppress(OSError):
                await client.close()
        self._deliver(file, b"", problem)

    def _new_client(self) -> Client:
        return Client(
            self._target.url,
            self._target.credentials,
            self._monotonic,
            trusted=self._target.trusted,
            safeguards=self._target.safeguards,
            cookies=self._cookies,
            budget=self._budget,
        )
