"""Restart after a failure: an error of ours at one camera reports it as `unknown` and watches it again."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import NoReturn

from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import Clock
from pantau_agent.streams.failure import MachineError
from pantau_contract.messages import Sample
from pantau_contract.states import State
from pantau_contract.words.evidence import detail

_log = logging.getLogger(__name__)

_FIRST_DELAY_S = 1.0
"""Seconds before the first restart."""
_LONGEST_DELAY_S = 60.0
"""Seconds up to which the delay doubles."""
_STEADY_S = 300.0
"""Seconds of watching after which it counts as working, and the next delay is the first again."""


async def watch_with_restarts(
    camera: str,
    watch: Callable[[], AsyncGenerator[Observation, None]],
    report: Callable[[Observation], None],
    clock: Clock,
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> NoReturn:
    """Pass everything that `watch` yields to `report`, and call `watch` again whenever it fails or ends."""
    delay_s = _FIRST_DELAY_S
    while True:
        began = clock.monotonic()
        try:
            async with aclosing(watch()) as observations:
                async for observation in observations:
                    report(observation)
            problem = detail("own_error", what=detail("ended_by_itself"))
            _log.error("watching camera %s ended by itself; it begins again", camera)
        except MachineError as error:
            problem = error.detail
            _log.error("camera %s cannot be watched: %s", camera, error)
        except Exception as error:  # noqa: BLE001 # whatever it is, the other cameras go on
            problem = detail("own_error", what=type(error).__name__)
            _log.exception("watching camera %s failed; it begins again. Please report this", camera)
        now = clock.monotonic()
        now_ms = int(now * 1000)
        report(Observation(Sample(camera, now_ms, State.UNKNOWN, since=now_ms, detail=problem), changed=True))
        if now - began >= _STEADY_S:
            delay_s = _FIRST_DELAY_S
        await sleep(delay_s)
        delay_s = min(delay_s * 2, _LONGEST_DELAY_S)
