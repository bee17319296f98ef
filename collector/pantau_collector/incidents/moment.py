"""The present moment, as every rule sees it."""

from typing import NamedTuple


class Moment(NamedTuple):
    """A moment on both clocks.

    `time_ms` is UTC milliseconds, for people. `s` is seconds of the collector's attention, for every rule.
    `attentive`: outages may be opened.
    """

    time_ms: int
    s: float
    attentive: bool = True
