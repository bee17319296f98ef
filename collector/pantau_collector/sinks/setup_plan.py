"""The plan of setting up a time-series server, whichever its kind."""

from dataclasses import dataclass, field


class SetupError(Exception):
    """The server could not be set up; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One change to make: its description, and the statement that the server is sent."""

    text: str
    statement: str


@dataclass(slots=True)
class SetupPlan:
    """The changes to make, what is up to date already, and warnings to the operator."""

    steps: list[SetupStep] = field(default_factory=list)
    up_to_date: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
