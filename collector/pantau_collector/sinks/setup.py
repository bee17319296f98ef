"""What setting up a time-series server comes to, whichever it is."""

from dataclasses import dataclass, field


class SetupError(Exception):
    """The server could not be set up; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be done: in a word, and as the server is told it."""

    what: str
    statement: str


@dataclass(slots=True)
class Setup:
    """What is to be done, what is right already, and what the operator should know."""

    steps: list[Step] = field(default_factory=list)
    right: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
