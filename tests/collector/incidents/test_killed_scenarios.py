"""kill -9 at every write of a scenario: the same notices follow in the end, and each one once."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import event

from pantau_collector.simulation import load_scenario
from pantau_collector.simulation.run import SimulatedCity

SCENARIO = Path(__file__).with_name("killed.toml")
_WRITE = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
_NOT_OURS = {"cursors", "sites", "requests", "downtimes"}
"""Tables that are also written when nothing has happened, or that the commands write."""


class KilledError(BaseException):
    """Stands for a kill -9: no handler catches it."""


@contextmanager
def killed_at(city: SimulatedCity, write: int) -> Iterator[list[str]]:
    """Die at the nth write, within its transaction; yield the names of the tables that were written."""
    writes: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found = _WRITE.match(statement)
        if found and found[1] not in _NOT_OURS:
            writes.append(found[1])
            if len(writes) == write:
                raise KilledError

    event.listen(city.store._engine, "before_cursor_execute", count)
    yield writes
    event.remove(city.store._engine, "before_cursor_execute", count)


def played(write: int) -> tuple[Counter[tuple[str, str, str]], list[str]]:
    """Return who received what if the process dies at that write, and the names of the written tables."""
    scenario, inventory = load_scenario(SCENARIO)
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with TemporaryDirectory(dir=memory) as folder:
        city = SimulatedCity(scenario, inventory, Path(folder))
        with killed_at(city, write) as writes:
            while city.clock.s < scenario.lasts:
                try:
                    city.run()
                except KilledError:
                    city.start()
        city.store.close()
    received = Counter(
        (letter.to, str(notice.kind), about) for letter in city.sent for notice, about in letter.notices
    )
    return received, writes


def test_killed_at_any_write_the_same_is_told_once() -> None:
    expected, writes = played(-1)
    assert set(expected.values()) == {1}
    assert {kind for _, kind, _ in expected} >= {"opened", "resolved", "acknowledged", "escalated"}
    assert {"incidents", "timeline", "symptoms", "notices", "outbox", "journaled"} <= set(writes)
    for write in range(1, len(writes) + 1):
        received, _ = played(write)
        assert received == expected, f"killed at write {write}, of {writes[write - 1]}"
