"""What is kept of the series for years: for each window of five minutes the mean, or the worst, of each field.

A figure keeps its name. Floats become their mean, integers the greatest (the worst state, the longest queue), and
a few the least. Text is left out, but for incidents, whose steps are kept as they are. Beside a camera's figures
stand `samples`, those of which something could be told, and `samples_good`: their quotient is the availability.
"""

from dataclasses import dataclass

from pantau_collector.sinks.line_protocol import FieldType, Measurement
from pantau_collector.sinks.schema import AGENT, CAMERA, COLLECTOR, HOST, INCIDENT, STATE_CODES
from pantau_contract.states import State

_LEAST = {"online", "clock_synchronised", "sites_online"}
"""Integers of which the least is the worst."""
STEP_WINDOW = "1s"
"""Of incidents: two steps of one kind and camera within it become one."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Fields of one measurement taken together by one function; `window` None is the usual one.

    `fields` are the names before and after. Only points whose integer field `where[0]` is below `where[1]` count.
    """

    measurement: str
    function: str
    fields: tuple[tuple[str, str], ...]
    where: tuple[str, int] | None = None
    window: str | None = None

    @property
    def name(self) -> str:
        """Unlike that of any other summary."""
        return f"{self.measurement}_{self.fields[0][1] if self.where else self.function}"


def _summaries() -> tuple[Summary, ...]:
    found: list[Summary] = []
    for measurement in (CAMERA, HOST, AGENT, COLLECTOR):
        for function in ("mean", "max", "min"):
            fields = tuple((name, name) for name in _fields(measurement, function))
            if fields:
                found.append(Summary(measurement.name, function, fields))
    for name, below in (("samples", State.UNKNOWN), ("samples_good", State.IMPAIRED)):
        found.append(
            Summary(CAMERA.name, "count", (("state_code", name),), where=("state_code", STATE_CODES[below]))
        )
    steps = tuple((field.name, field.name) for field in INCIDENT.fields)
    return (*found, Summary(INCIDENT.name, "last", steps, window=STEP_WINDOW))


def _fields(measurement: Measurement, function: str) -> list[str]:
    def chosen(name: str, kind: FieldType) -> bool:
        if kind is FieldType.FLOAT:
            return function == "mean"
        return kind is FieldType.INTEGER and function == ("min" if name in _LEAST else "max")

    return [field.name for field in measurement.fields if chosen(field.name, field.kind)]


SUMMARIES = _summaries()


@dataclass(frozen=True, slots=True)
class DownsamplingRules:
    """How long what is kept. Days of 0 are for ever; `interval_s` is the window.

    What arrives late changes windows that were taken already: once a day the last `late_days` are taken anew.
    """

    raw_days: int = 90
    long_days: int = 0
    interval_s: int = 300
    late_days: int = 8

    @property
    def recent_s(self) -> int:
        """How far back the present windows are taken anew, each `interval_s`."""
        return 3 * self.interval_s
