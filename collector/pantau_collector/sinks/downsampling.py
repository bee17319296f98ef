"""What is kept of the series for years: each field's mean or worst value in each window of five minutes.

A field keeps its name. Floats are reduced to their mean, integers to their maximum (the worst state, the longest
queue), and a few integers to their minimum. Text is left out, except for incidents, whose steps are kept as they
are, as the days of cameras are. A camera gains `samples`, the number of samples with a known state, and
`samples_good`: of those measured, not of the time. Time in which nothing was measured is in neither; how available
a camera was is in its days.
"""

from dataclasses import dataclass

from pantau_collector.sinks.line_protocol import FieldType, Measurement
from pantau_collector.sinks.schema import (
    AGENT,
    CAMERA,
    CAMERA_DAY,
    COLLECTOR,
    HOST,
    INCIDENT,
    LISTING,
    STATE_CODES,
)
from pantau_contract.states import State

_MINIMUM_IS_WORST = {"online", "clock_synchronised", "sites_online"}
"""Integer fields whose minimum is kept, because it is their worst value."""
STEP_WINDOW = "1s"
"""The window of incidents: two steps of the same kind and camera within it become one."""
DAY_WINDOW = "15m"
"""The window of days of cameras: in every time zone midnight lies at a multiple of it."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Fields of a measurement that are reduced by the same function, over the usual window if `window` is None.

    `fields` holds each field's name in the raw and in the reduced series. With `where`, only points whose integer
    field `where[0]` is below `where[1]` are included. A `daily` summary is made once a day only.
    """

    measurement: str
    function: str
    fields: tuple[tuple[str, str], ...]
    where: tuple[str, int] | None = None
    window: str | None = None
    daily: bool = False

    @property
    def name(self) -> str:
        """A name that no other summary has."""
        return f"{self.measurement}_{self.fields[0][1] if self.where else self.function}"


def _summaries() -> tuple[Summary, ...]:
    summaries: list[Summary] = []
    for measurement in (CAMERA, HOST, AGENT, COLLECTOR):
        for function in ("mean", "max", "min"):
            fields = tuple((name, name) for name in _fields(measurement, function))
            if fields:
                summaries.append(Summary(measurement.name, function, fields))
    for name, below in (("samples", State.UNKNOWN), ("samples_good", State.IMPAIRED)):
        summaries.append(
            Summary(CAMERA.name, "count", (("state_code", name),), where=("state_code", STATE_CODES[below]))
        )
    steps = tuple((field.name, field.name) for field in INCIDENT.fields)
    days = tuple((field.name, field.name) for field in CAMERA_DAY.fields)
    listed = tuple((field.name, field.name) for field in LISTING.fields)
    return (
        *summaries,
        Summary(INCIDENT.name, "last", steps, window=STEP_WINDOW),
        Summary(LISTING.name, "last", listed),
        Summary(CAMERA_DAY.name, "last", days, window=DAY_WINDOW, daily=True),
    )


def _fields(measurement: Measurement, function: str) -> list[str]:
    def is_reduced(name: str, kind: FieldType) -> bool:
        if kind is FieldType.FLOAT:
            return function == "mean"
        return kind is FieldType.INTEGER and function == ("min" if name in _MINIMUM_IS_WORST else "max")

    return [field.name for field in measurement.fields if is_reduced(field.name, field.kind)]


SUMMARIES = _summaries()
"""Every summary that is kept."""


@dataclass(frozen=True, slots=True)
class DownsamplingRules:
    """How long raw points and summaries are kept, in days (0: for ever), and the summaries' window, `interval_s`.

    Points that arrive late change windows that were summarised already, so once a day the last `late_days` days
    are summarised again.
    """

    raw_days: int = 90
    long_days: int = 0
    interval_s: int = 300
    late_days: int = 8

    @property
    def days_back(self) -> int:
        """Days back to which daily summaries are made: two at least, so that the day that has just ended is in."""
        return max(self.late_days, 2)

    @property
    def recent_s(self) -> int:
        """Seconds back to which windows are summarised again, each `interval_s`."""
        return 3 * self.interval_s
