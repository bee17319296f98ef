"""Tests that wait more than they work, run all at once: a module of them takes as long as its slowest.

    pytestmark = pytest.mark.asyncio(loop_scope="module")
    together = Together("decoder")

    @pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
    async def all_at_once(request):
        async with Decoder(...) as decoder, together.running(request, decoder=decoder):
            yield

    @together
    async def test_something(decoder): ...

Each is still a test of its own, with its own parameters, outcome and name.
"""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

AT_ONCE = 12

Scenario = Callable[..., Awaitable[None]]


class Together:
    """The tests of one module; `shared` names the arguments that they all get."""

    def __init__(self, *shared: str, at_once: int = AT_ONCE) -> None:
        self._shared = shared
        self._at_once = at_once
        self._scenarios: dict[str, Scenario] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def __call__(self, scenario: Scenario) -> Scenario:
        """Makes a test of it, which waits for the run that has long begun."""
        name = scenario.__name__
        self._scenarios[name] = scenario

        @functools.wraps(scenario)
        async def test(**parameters: Any) -> None:
            await self._running[_key(name, parameters)]

        signature = inspect.signature(scenario)
        own = [one for one in signature.parameters.values() if one.name not in self._shared]
        test.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined] # pytest reads it
        return test

    @asynccontextmanager
    async def running(self, request: pytest.FixtureRequest, **shared: object) -> AsyncIterator[None]:
        """Begins all that were selected; ends those that nobody waited for."""
        room = asyncio.Semaphore(self._at_once)

        async def run(scenario: Scenario, arguments: dict[str, object]) -> None:
            async with room:
                await scenario(**arguments)

        for item in request.session.items:
            if not isinstance(item, pytest.Function) or item.path != request.path:
                continue
            scenario = self._scenarios.get(item.originalname)
            if scenario is not None:
                parameters = item.callspec.params if hasattr(item, "callspec") else {}
                given = {name: shared[name] for name in inspect.signature(scenario).parameters if name in shared}
                task = asyncio.create_task(run(scenario, parameters | given))
                self._running[_key(item.originalname, parameters)] = task
        try:
            yield
        finally:
            for task in self._running.values():
                task.cancel()
            if self._running:
                await asyncio.wait(self._running.values())


def _key(name: str, parameters: dict[str, object]) -> str:
    return f"{name} {sorted((key, id(value)) for key, value in parameters.items())}"
