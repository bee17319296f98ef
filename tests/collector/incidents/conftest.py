from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.collector.incidents.play import Play


@pytest.fixture
def play() -> Iterator[Callable[..., Play]]:
    """Make a play: `play({"kabil": 4}, rules=...)` is a site with cam1 to cam4, all working.

    Its database is in memory if possible: a year of synchronised writes would test the disk, not the rules.
    """
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with ExitStack() as stack:

        def make(sites: dict[str, int], **more: Any) -> Play:
            folder = stack.enter_context(TemporaryDirectory(dir=memory))
            made = Play(Path(folder), sites, **more)
            stack.callback(made.store.close)
            return made

        yield make
