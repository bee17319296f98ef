"""Renders what `probe --watch` shows: the last minutes of one camera and its present state. No input or output."""

import datetime as dt
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pantau_agent.commands.probe_output import COLOURS, firmware_text, formatted, grid, state_rows, stream_text
from pantau_agent.identity.firmware import Identity
from pantau_contract.messages import Sample
from pantau_contract.states import State
from pantau_contract.words import Words

MAX_POINTS = 300
"""Seconds that are kept."""
_BARS = "▁▂▃▄▅▆▇█"
"""Characters of a sparkline, the lowest first."""
_LABEL_COLUMNS = 36
"""Columns of the terminal's width that the frame, labels and figures take."""
_MIN_COLUMNS = 10
"""Columns of a sparkline at least, however narrow the terminal."""
_MAX_CHANGES = 6
"""Changes of state that are kept."""
_LOSS_SCALE_PCT = 5.0
"""Loss in per cent that the full height stands for at least, so that a hundredth of a per cent looks small."""


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one second; None is unknown, for example while nothing streams."""

    fps: float | None = None
    bitrate_kbps: float | None = None
    loss_pct: float | None = None


class History:
    """The last seconds and the last changes of state. Times are UTC milliseconds."""

    def __init__(self) -> None:
        self.points: deque[Point] = deque(maxlen=MAX_POINTS)
        self.changes: deque[tuple[int, State, str]] = deque(maxlen=_MAX_CHANGES)
        self.latest: Sample | None = None
        self._second = 0

    def record(self, sample: Sample) -> bool:
        """Add a sample, and return whether it starts another second."""
        previous = self.latest
        self.latest = sample
        if previous is None or (previous.state, previous.cause) != (sample.state, sample.cause):
            self.changes.append((sample.time, sample.state, sample.cause or ""))
        point = Point(sample.fps, sample.bitrate_kbps, sample.rtp_loss_pct)
        second = sample.time // 1000
        new_second = second != self._second
        self._second = second
        if new_second or not self.points:
            self.points.append(point)
        else:
            self.points[-1] = point
        return new_second


def sparkline(values: Sequence[float | None], *, minimum: float = 0.0) -> str:
    """Return a bar for each value, scaled from 0 to the highest value or `minimum`; unknown values are spaces."""
    highest = max([minimum, *(value for value in values if value is not None)])
    if highest <= 0:
        return "".join(" " if value is None else _BARS[0] for value in values)
    top = len(_BARS) - 1
    return "".join(" " if value is None else _BARS[round(max(value, 0) / highest * top)] for value in values)


def render(name: str, history: History, identity: Identity | None, say: Words, *, width: int) -> Panel:
    """Render the live view in `width` columns."""
    sample = history.latest
    if sample is None:
        return Panel(Text(say("probe.looking", camera=name)), title=Text(name))
    columns = max(_MIN_COLUMNS, width - _LABEL_COLUMNS)
    points = list(history.points)[-columns:]
    rows = [*state_rows(sample, say), ("stream", stream_text(sample)), ("firmware", firmware_text(identity, say))]
    lines = Table.grid(padding=(0, 2))
    for _ in range(3):
        lines.add_column(no_wrap=True)
    for label, values, minimum, style, figure in (
        ("fps", [point.fps for point in points], 0.0, "green", formatted(sample.fps, "{:.1f}")),
        (
            "bitrate",
            [point.bitrate_kbps for point in points],
            0.0,
            "cyan",
            formatted(sample.bitrate_kbps, "{:.0f} kbit/s"),
        ),
        (
            "loss",
            [point.loss_pct for point in points],
            _LOSS_SCALE_PCT,
            "red",
            formatted(sample.rtp_loss_pct, "{:.2f} %"),
        ),
    ):
        bars = Text(sparkline(values, minimum=minimum).rjust(columns), style=style)
        lines.add_row(Text(say(f"probe.{label}"), style="dim"), bars, Text(figure or say("probe.unknown")))
    changes = Text()
    for time_ms, state, cause in history.changes:
        changes.append(f"{clock(time_ms)}  ", style="dim")
        changes.append(say.state(state), style=COLOURS.get(state, "bold"))
        changes.append(f"  {cause}\n")
    footer = Text(say("probe.watching"), style="dim")
    return Panel(
        Group(grid(rows, say), "", lines, "", changes, footer), title=Text(name), title_align="left", width=width
    )


def render_line(sample: Sample, say: Words) -> str:
    """Render one second as one line, for output that is not a terminal."""
    figures = (
        formatted(sample.fps, "{:.1f} fps"),
        formatted(sample.bitrate_kbps, "{:.0f} kbit/s"),
        formatted(sample.rtp_loss_pct, f"{say('probe.loss').lower()} {{:.2f}} %"),
        sample.cause,
        say.evidence(sample.detail) or None,
    )
    return "  ".join([clock(sample.time), say.state(sample.state), *(part for part in figures if part)])


def clock(time_ms: int) -> str:
    """Return the local time of day."""
    return dt.datetime.fromtimestamp(time_ms / 1000).astimezone().strftime("%H:%M:%S")
