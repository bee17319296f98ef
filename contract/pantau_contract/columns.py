"""Telemetry by columns: each field's name once, with a list of all samples' values, or one value if all are equal.

It holds the same as `Telemetry`, and this form is compressed: in a batch of JSON rows the names take most of the
space, even compressed. `time` is in milliseconds before the batch's time, `since` in seconds before its whole
second.
"""

from collections.abc import Iterable, Sequence
from itertools import islice, repeat
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import fields

from pantau_contract.errors import ContractError
from pantau_contract.messages import (
    MAX_CERTIFICATES,
    MAX_DEVICES,
    MAX_EVIDENCE,
    MAX_SAMPLES,
    CertificateEnd,
    Count,
    DeviceAnswer,
    Drop,
    EvidenceKey,
    Host,
    Sample,
    ShortText,
    Slug,
    Start,
    Telemetry,
    Time,
)
from pantau_contract.states import CAUSES, Cause, State

_Milliseconds = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
_Seconds = Annotated[float, Meta(ge=-(1 << 43), le=1 << 43)]
_Numbers = list[float | None] | float | None
_Counts = list[Count | None] | Count | None
_Texts = list[ShortText | None] | ShortText | None
_Evidence = Annotated[dict[EvidenceKey, list[float | None] | float], Meta(max_length=MAX_EVIDENCE)]


class Columns(Struct, frozen=True, omit_defaults=True):
    """The fields of `Sample`, in the same order. `evidence` maps each cause to the samples' values."""

    camera: list[Slug]
    time: list[_Milliseconds]
    state: list[State] | State
    since: list[_Seconds] | _Seconds
    cause: list[Cause | None] | Cause | None = None
    detail: list[ShortText] | ShortText = ""
    codec: _Texts = None
    width: _Counts = None
    height: _Counts = None
    fps: _Numbers = None
    bitrate_kbps: _Numbers = None
    keyframe_interval_s: _Numbers = None
    rtp_loss_pct: _Numbers = None
    jitter_ms: _Numbers = None
    connect_ms: _Numbers = None
    first_packet_ms: _Numbers = None
    first_keyframe_ms: _Numbers = None
    clock_offset_s: _Numbers = None
    transport: _Texts = None
    evidence: _Evidence | None = None
    picture_unseen: _Texts = None
    exact_cause: _Texts = None


class TelemetryColumns(Struct, frozen=True, omit_defaults=True):
    """The fields of `Telemetry`, with `columns` in place of `samples`."""

    site: Slug
    boot: ShortText
    seq: Count
    time: Time
    monotonic_ms: Count
    clock_synchronised: bool | None
    interval_s: float
    columns: Columns
    host: Host | None = None
    dropped: Count = 0
    drop: Drop | None = None
    start: Start | None = None
    devices: Annotated[tuple[DeviceAnswer, ...], Meta(max_length=MAX_DEVICES)] = ()
    certificates: Annotated[tuple[CertificateEnd, ...], Meta(max_length=MAX_CERTIFICATES)] = ()


_NAMES = tuple(field.name for field in fields(Columns))


def to_columns(batch: Telemetry) -> TelemetryColumns:
    """Convert a batch from rows to columns."""
    samples = batch.samples
    values: dict[str, Any] = {name: [getattr(sample, name) for sample in samples] for name in _NAMES}
    values["time"] = [batch.time - time for time in values["time"]]
    values["since"] = [(_whole_second(batch) - since) / 1000 for since in values["since"]]
    equal = {
        name: _collapsed(column) for name, column in values.items() if name not in {"camera", "time", "evidence"}
    }
    columns = Columns(
        camera=values["camera"],
        time=values["time"],
        evidence=_evidence_by_cause([sample.evidence for sample in samples]),
        **equal,
    )
    return TelemetryColumns(
        batch.site,
        batch.boot,
        batch.seq,
        batch.time,
        batch.monotonic_ms,
        batch.clock_synchronised,
        _short(batch.interval_s),
        columns,
        batch.host,
        batch.dropped,
        batch.drop,
        batch.start,
        batch.devices,
        batch.certificates,
    )


def from_columns(batch: TelemetryColumns) -> Telemetry:
    """Convert a batch from columns back to rows; a column of evidence for an unknown cause is left out.

    Everything is checked before the first row is made, so the work is bounded by `MAX_SAMPLES` and `MAX_EVIDENCE`.

    Raises:
        ContractError: columns differ in length, there are too many samples, or a time is out of range.
    """
    columns = batch.columns
    count = len(columns.camera)
    if count > MAX_SAMPLES:
        raise ContractError(f"a batch of {count} samples is over the limit of {MAX_SAMPLES}")
    if not 0 < batch.interval_s <= 3600:
        raise ContractError(f"interval_s is {batch.interval_s}, expected more than 0 and at most 3600")
    rows: list[Iterable[Any]] = []
    for name in _NAMES:
        if name == "evidence":
            rows.append(_evidence_by_sample(columns.evidence, count))
        elif name == "time":
            rows.append(_times(name, [batch.time - before_ms for before_ms in _all(name, columns.time, count)]))
        elif name == "since":
            since = _all(name, columns.since, count)
            rows.append(_times(name, [_whole_second(batch) - round(before_s * 1000) for before_s in since]))
        else:
            rows.append(_all(name, getattr(columns, name), count))
    return Telemetry(
        batch.site,
        batch.boot,
        batch.seq,
        batch.time,
        batch.monotonic_ms,
        batch.clock_synchronised,
        batch.interval_s,
        tuple(map(Sample, *rows)),
        batch.host,
        batch.dropped,
        batch.drop,
        batch.start,
        batch.devices,
        batch.certificates,
    )


def _collapsed(values: list[Any]) -> Any:
    """Return the one value if all are equal, else the list; whole numbers become integers."""
    values = [_short(value) for value in values]
    return values[0] if values and all(value == values[0] for value in values) else values


def _short(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _all(name: str, column: Any, count: int) -> Iterable[Any]:
    """Return a column's value for each sample."""
    if not isinstance(column, list):
        return repeat(column, count)
    if len(column) != count:
        raise ContractError(f"`columns.{name}` has {len(column)} values, and there are {count} cameras")
    return column


def _whole_second(batch: Telemetry | TelemetryColumns) -> int:
    return batch.time // 1000 * 1000


def _times(name: str, times: list[int]) -> list[int]:
    if times and not 0 <= min(times) <= max(times) < 1 << 53:
        raise ContractError(f"`columns.{name}` leads to a time that is none")
    return times


def _evidence_by_cause(evidence: Sequence[dict[str, float] | None]) -> dict[str, Any] | None:
    causes = dict.fromkeys(cause for values in evidence for cause in values or ())
    if not any(values is not None for values in evidence):
        return None
    return {cause: _collapsed([(values or {}).get(cause) for values in evidence]) for cause in causes}


def _evidence_by_sample(
    evidence: dict[str, list[float | None] | float] | None, count: int
) -> Iterable[dict[str, float] | None]:
    if evidence is None:
        return repeat(None, count)
    evidence = {cause: column for cause, column in evidence.items() if cause in CAUSES}
    columns = [_all(f"evidence.{cause}", column, count) for cause, column in evidence.items()]
    rows = [dict(zip(evidence, row, strict=True)) for row in islice(zip(*columns, strict=False), count)]
    if any(None in column for column in evidence.values() if isinstance(column, list)):
        rows = [{cause: value for cause, value in row.items() if value is not None} for row in rows]
    return [row or None for row in rows] if rows else repeat(None, count)
