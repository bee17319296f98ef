"""What a spool knows of the agent that had it before."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PreviousRun:
    """The run of the agent before this one.

    `machine_boot` is the kernel's id of the boot in which it ran. `version` is empty, and `clean` None, for an
    agent that did not note it; `clean`: it ended in order. `alive_ms` is its last sign of life (UTC ms), or None:
    its clock was not set.
    """

    machine_boot: str
    version: str
    clean: bool | None
    alive_ms: int | None
