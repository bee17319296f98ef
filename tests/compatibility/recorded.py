"""Messages that an agent of an earlier release sent, byte for byte."""

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("recorded_0_1_0")


@dataclass(frozen=True)
class Recorded:
    """One message as the broker delivered it; `name` is its file."""

    name: str
    topic: str
    payload: bytes


def recorded() -> list[Recorded]:
    """Return the messages of 0.1.0 in the order in which they were sent."""
    index = json.loads((FOLDER / "index.json").read_text())
    return [Recorded(one["file"], one["topic"], (FOLDER / one["file"]).read_bytes()) for one in index]
