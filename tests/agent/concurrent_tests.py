"""Run the tests of a module concurrently: one whose tests mostly wait takes as long as its slowest test.

    pytestmark = pytest.mark.asyncio(loop_scope="module")
    concurrently = ConcurrentTests("decoder")

    @pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
    async def all_at_once(request):
        async with Decoder(...) as decoder, concurrently.running(request, decoder=decoder):
            yield

    @concurrently
    async def test_something(decoder): ...

Each remains a test with its own name, parameters and outcome.
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


class ConcurrentTests:
    """The tests of one module. `shared` names the arguments that `running` passes to all of them."""

    def __init__(self, *shared: str, at_once: int = AT_ONCE) -> None:
        self._shared = shared
        self._at_once = at_once
        self._scenarios: dict[str, Scenario] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def __call__(self, scenario: Scenario) -> Scenario:
        """Turn a coroutine into a test that awaits the task which `running` has started for it."""
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
        """Start every selected test of the module, and cancel those that were not awaited."""
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
