"""Records that the collector writes to its own journal, so that they reach the series like everything else.

Their topics are outside the contract, so nothing that a broker delivers can be mistaken for one of them.
"""

import msgspec
from msgspec import Struct

from pantau_collector.journal import Record
from pantau_contract.errors import ContractError

PREFIX = "collector/"
"""The beginning of their topics."""


class IncidentStep(Struct, frozen=True):
    """A step in an incident's life; `kind` is a value of `incidents.case.Kind`.

    `camera`, `device` and `uplink` are None unless the incident is about one; an uplink's `site` is empty.
    `cameras` is the number of affected cameras, and `since_ms` when the outage began according to the agent. Times
    are UTC ms.
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
    """Figures about the collector `name` at a moment. Counters count since its start; sizes are in 10^6 bytes.

    `attentive_since_ms` is since when it has been listening without a break, UTC ms; None if it does not.
    """

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
    attentive_since_ms: int | None = None
    certificate_days: float | None = None


OwnRecord = IncidentStep | Figures

_TYPES: dict[str, type[OwnRecord]] = {PREFIX + "incident": IncidentStep, PREFIX + "figures": Figures}
_TOPICS = {kind: topic for topic, kind in _TYPES.items()}


def is_own(record: Record) -> bool:
    """Return True for a record that the collector wrote about itself."""
    return record.topic.startswith(PREFIX)


def make_record(content: OwnRecord, time_ms: int) -> Record:
    """Return the record of a step or of figures, dated `time_ms`."""
    return Record(time_ms, _TOPICS[type(content)], msgspec.json.encode(content))


def read_record(record: Record) -> OwnRecord:
    """Decode one of our own records.

    Raises:
        ContractError: this version does not know the record.
    """
    record_type = _TYPES.get(record.topic)
    if record_type is None:
        raise ContractError(f"{record.topic[:80]!r} is no record of this version of the collector")
    try:
        return msgspec.json.decode(record.payload, type=record_type)
    except msgspec.MsgspecError as error:
        raise ContractError(f"{record.topic}: {error}") from error
