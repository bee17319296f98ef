"""Summarises many trials of faults as a table."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.fault_endings import ENDINGS
from pantau_simcam import Fault

HEADINGS = (
    *("fault", "must end as", "trials", "state p50", "p99", "cause p50", "p99", "clear p50", "p99"),
    *("missed", "stuck", "disturbed", "said before", "what decides"),
)
DISTURBED_S = 0.5
"""Seconds of waiting for the busy machine above which a trial is only counted, not timed."""
PICTURE_DISTURBED_S = 2.0
"""The same for faults of the picture, whose samples are seconds apart: the time until the next keyframe."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault of one camera.

    `told_s` and `named_s` are the seconds from the fault to the report of its state and of its cause, `cleared_s`
    those from its end until the camera was well; None means never. `said` lists all reports meanwhile. `late_s` is
    the longest time that the busy machine made this process or the cameras wait.
    """

    fault: Fault
    told_s: float | None = None
    named_s: float | None = None
    cleared_s: float | None = None
    said: tuple[str, ...] = ()
    late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """All trials of one fault: p50 and p99 of each time, in seconds.

    `missed` counts the faults that were not reported, `stuck` the reports that did not end.
    """

    fault: str
    ends_as: str
    trials: int
    told_s: tuple[float, float] | None
    named_s: tuple[float, float] | None
    cleared_s: tuple[float, float] | None
    missed: int
    stuck: int
    disturbed: int
    before: str
    decides: str

    @property
    def times(self) -> tuple[tuple[float, float] | None, ...]:
        """The times to the state, to the cause, and from the fault's end until the camera is well."""
        return self.told_s, self.named_s, self.cleared_s

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of `HEADINGS`."""
        times = [f"{value:.1f}" if pair else "" for pair in self.times for value in pair or (0, 0)]
        ends = (str(self.missed or ""), str(self.stuck or ""), str(self.disturbed or ""))
        return self.fault, self.ends_as, str(self.trials), *times, *ends, self.before, self.decides


def rows_of(trials: list[Trial]) -> list[Row]:
    """Return one row per fault, in the order of `ENDINGS`."""
    rows = []
    for fault, ending in ENDINGS.items():
        tried = [trial for trial in trials if trial.fault is fault]
        if not tried:
            continue
        causes = " or ".join(sorted(ending.causes)) or "no outage"
        others = Counter(report for trial in tried for report in set(trial.said) - ending.causes)
        timed = bool(ending.causes)
        quiet = [
            trial for trial in tried if trial.late_s <= (PICTURE_DISTURBED_S if ending.picture else DISTURBED_S)
        ]
        rows.append(
            Row(
                fault.value,
                f"{'/'.join(sorted(ending.states))}, {causes}" if timed else causes,
                len(tried),
                _percentiles([trial.told_s for trial in quiet]),
                _percentiles([trial.named_s for trial in quiet]) if timed else None,
                _percentiles([trial.cleared_s for trial in quiet]) if timed else None,
                sum(trial.named_s is None for trial in tried),
                sum(trial.named_s is not None and trial.cleared_s is None for trial in tried),
                len(tried) - len(quiet),
                ", ".join(f"{report} {count}" for report, count in others.most_common()),
                ending.decides,
            )
        )
    return rows


def show(rows: list[Row], note: str, console: Console) -> None:
    """Print the table; faults of the picture have a star."""
    table = Table(
        *("fault", "must end as"),
        title="Seconds from a fault to its state, to its cause, and from its end to ok: p50 / p99",
        caption=f"* a picture must be decoded: the picture interval decides. {note}",
    )
    for heading in ("state", "cause", "ok", "trials", "missed", "stuck"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("said before it")
    table.add_column("what decides")
    for row in rows:
        star = "*" if ENDINGS[Fault(row.fault)].picture else ""
        times = [f"{pair[0]:.1f} / {pair[1]:.1f}" if pair else "" for pair in row.times]
        table.add_row(
            *(row.fault + star, row.ends_as, *times, str(row.trials), str(row.missed or ""), str(row.stuck or "")),
            *(row.before, row.decides),
        )
    console.print(table)


def as_markdown(rows: list[Row], note: str) -> str:
    """Return the table as Markdown."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{note}\n"


def _percentiles(times: list[float | None]) -> tuple[float, float] | None:
    known = [time for time in times if time is not None]
    return (float(np.percentile(known, 50)), float(np.percentile(known, 99))) if known else None
