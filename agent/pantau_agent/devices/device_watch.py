"""Which devices are asked when, and what they answered last.

A device is asked while something behind it is silent, and now and then otherwise: it has better things to do.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from pantau_agent.clock import Clock
from pantau_agent.config import Device
from pantau_agent.devices.asking import CannotAskError, ask
from pantau_contract.messages import DeviceAnswer

ASK_EVERY_S = 15.0
"""Seconds from one question to the next while something behind a device is silent."""
ASK_CALMLY_EVERY_S = 600.0
"""Seconds from one question to the next while nothing is."""
LOOK_EVERY_S = 2.0
"""Seconds between two looks for what is to be asked."""
ANSWER_WITHIN_S = 2.0
"""Seconds within which a device must answer."""
TRIES = 3
"""Questions without an answer after which a device counts as silent."""
_log = logging.getLogger(__name__)

Ask = Callable[[str, int | None, float], Awaitable[bool]]
"""Asks a device, as `asking.ask` does."""


@dataclass(slots=True)
class _Asked:
    """What is known of a device: whether it answers, since when, and when it was asked (monotonic seconds)."""

    device: Device
    answers: bool | None = None
    since: float = 0.0
    at: float = float("-inf")
    problems: set[str] = field(default_factory=set)


class DeviceWatch:
    """Asks the devices for as long as `run` runs. `answers` may be called at any time."""

    def __init__(
        self, devices: Iterable[Device], is_silent: Callable[[Device], bool], clock: Clock, *, ask: Ask = ask
    ) -> None:
        """Prepare the watch.

        Args:
            devices: what is asked.
            is_silent: returns whether something behind a device is silent now.
            clock: the time.
            ask: asks a device.
        """
        self._asked = [_Asked(device) for device in devices]
        self._is_silent = is_silent
        self._clock = clock
        self._ask = ask

    async def run(self) -> None:
        """Ask each device whenever it is due, all at once, for ever."""
        while True:
            now = self._clock.monotonic()
            await asyncio.gather(*(self._look(each) for each in self._asked if self._is_due(each, now)))
            await asyncio.sleep(LOOK_EVERY_S)

    def answers(self) -> tuple[DeviceAnswer, ...]:
        """Return what is known of each device that could be asked, undated: with monotonic times in ms."""
        return tuple(
            DeviceAnswer(each.device.id, each.answers, int(each.since * 1000), int(each.at * 1000))
            for each in self._asked
            if each.answers is not None
        )

    def _is_due(self, each: _Asked, now: float) -> bool:
        every_s = ASK_EVERY_S if self._is_silent(each.device) else ASK_CALMLY_EVERY_S
        return now - each.at >= every_s

    async def _look(self, each: _Asked) -> None:
        began = self._clock.monotonic()
        device = each.device
        try:
            for _ in range(TRIES):
                answers = await self._ask(device.host, device.port, ANSWER_WITHIN_S)
                if answers:
                    break
        except CannotAskError as error:
            if str(error) not in each.problems:
                each.problems.add(str(error))
                _log.warning("device %s cannot be asked whether it is there: %s", device.id, error)
            each.answers, each.at = None, self._clock.monotonic()
            return
        if answers is not each.answers:
            _log.info("device %s (%s) %s", device.id, device.host, "answers" if answers else "does not answer")
            each.answers, each.since = answers, began
        each.at = self._clock.monotonic()
