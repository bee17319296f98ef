"""What the collector adds to its own journal, so that it reaches the series as everything else does.

The topics are none of the contract's: nothing that comes from a broker can be taken for one of these.
"""

import msgspec
from msgspec import Struct

from pantau_collector.journal import Record
from pantau_contract.errors import ContractError

PREFIX = "collector/"


class IncidentStep(Struct, frozen=True):
    """One step in an incident's life; `kind` as `incidents.case.Kind` has it.

    `camera` or `device` is None for all else, `site` empty for an uplink's. `cameras` is how many it takes down;
    `since_ms` when it began by what the agent said. Times are UTC ms.
    """

    incident: int
    kind: str
    time_ms: int
    site: str
    camera: str | None
    cause: str
    cameras: int
    since_ms: int
    device: str | None = None
    uplink: str | None = None


class Figures(Struct, frozen=True):
    """How the collector `name` fares at a moment; counters are since its start, sizes in 10^6 bytes."""

    name: str
    messages: int
    samples: int
    duplicates: int
    dead_letters: int
    waiting: int
    journal_mb: float
    sink_behind_mb: float | None
    sink_lines: int | None
    sink_dead_lines: int | None
    sink_retries: int | None
    sites: int
    sites_online: int
    cameras: int
    batches_missing: int
    incidents_open: int
    notices_pending: int
    troubles: int
    memory_mb: float | None
    attentive: int | None = None
    attention_breaks: int | None = None
    clock_steps: int | None = None


OwnRecord = IncidentStep | Figures

_TYPES: dict[str, type[OwnRecord]] = {PREFIX + "incident": IncidentStep, PREFIX + "figures": Figures}
_TOPICS = {kind: topic for topic, kind in _TYPES.items()}


def is_own(record: Record) -> bool:
    """Whether the collector wrote it of itself."""
    return record.topic.startswith(PREFIX)


def make_record(content: OwnRecord, time_ms: int) -> Record:
    """The record of it, as of `time_ms`."""
    return Record(time_ms, _TOPICS[type(content)], msgspec.json.encode(content))


def read_record(record: Record) -> OwnRecord:
    """What one of our own records holds.

    Raises:
        ContractError: it is none that this version knows.
    """
    known = _TYPES.get(record.topic)
    if known is None:
        raise ContractError(f"{record.topic[:80]!r} is no record of this version of the collector")
    try:
        return msgspec.json.decode(record.payload, type=known)
    except msgspec.MsgspecError as error:
        raise ContractError(f"{record.topic}: {error}") from error
