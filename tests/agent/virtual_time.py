"""An event loop with virtual time: when all tasks sleep, its clock jumps to when the first one wakes."""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any

UTC_MS = 1_790_000_000_000


class _Leap(selectors.BaseSelector):
    """A selector in which no file is ever ready, and a wait advances the clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._keys: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = self._keys[int(fileobj if isinstance(fileobj, int) else fileobj.fileno())] = selectors.SelectorKey(
            fileobj, 0, events, data
        )
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(int(fileobj if isinstance(fileobj, int) else fileobj.fileno()))

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "all tasks wait, and none will ever wake"
        self.now += timeout
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """The event loop, and a clock for the agent. Its time begins at 1,000 s."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.now

    def monotonic(self) -> float:
        return self._leap.now

    def lost_since(self, _since: float) -> float:
        return 0.0

    def time_ms(self) -> int:
        return UTC_MS + int(self._leap.now * 1000)
