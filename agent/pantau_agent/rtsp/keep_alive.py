"""Keeps a session alive with a request that the camera accepts as a sign of life (RFC 2326, 10.8; appendix A)."""

import asyncio
from collections.abc import Callable, Collection

from pantau_agent.rtsp.dialogue import Dialogue
from pantau_agent.streams.failure import LookError, Step
from pantau_agent.streams.keep_alive import PROVEN_TIMEOUTS, KeepAlive

METHODS = ("GET_PARAMETER", "OPTIONS", "SET_PARAMETER")
"""The requests, in the order in which they are tried: some cameras refuse the very one that they advertise."""
TIMEOUT_SHARE = 0.4
"""Interval of the requests as a share of the session's timeout: under half, so that one may get lost."""
MIN_INTERVAL_S = 0.5
"""Shortest interval of the requests, in seconds."""


class SessionKeeper:
    """Keeps one session alive that plays since now. What it learns about the camera is in `memory`.

    `public` holds the methods that the camera says it supports, empty if it does not say; those are tried first,
    after the one that the memory has.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        uri: str,
        timeout_s: float,
        public: Collection[str],
        memory: KeepAlive,
        monotonic: Callable[[], float],
    ) -> None:
        self._dialogue = dialogue
        self._uri = uri
        self._timeout_s = min(timeout_s, memory.timeout_s or timeout_s)
        self._memory = memory
        self._monotonic = monotonic
        self._started = monotonic()
        self._sent: float | None = None
        self._methods = sorted(
            METHODS, key=lambda method: (method != memory.method, bool(public) and method not in public)
        )

    async def run(self) -> None:
        """Send requests until cancelled; return when the connection has ended."""
        interval = max(MIN_INTERVAL_S, self._timeout_s * TIMEOUT_SHARE)
        while True:
            await asyncio.sleep(interval)
            for _ in METHODS:
                self._sent = self._monotonic()
                if await self._is_accepted(self._methods[0], interval):
                    break
                if self._dialogue.connection.failure is not None:
                    return
                self._methods.append(self._methods.pop(0))
            if self._monotonic() - self._started > PROVEN_TIMEOUTS * self._timeout_s:
                self._memory.record_kept(self._methods[0])

    def record_end(self, ended: float) -> None:
        """Learn from a session that ended by itself at that time (monotonic seconds)."""
        since_sent_s = None if self._sent is None else max(0.0, ended - self._sent)
        age_s = ended - self._started
        if age_s <= PROVEN_TIMEOUTS * self._timeout_s:
            current, following, *_ = self._methods
            self._memory.record_end(age_s, self._timeout_s, current, following, since_sent_s)

    async def _is_accepted(self, method: str, timeout_s: float) -> bool:
        """Return whether the camera accepts the request. Silence counts as yes: the camera may be busy."""
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._dialogue.request(method, self._uri, step=Step.STREAM)
        except TimeoutError:
            return True
        except LookError:
            return False
        return response.status < 300
