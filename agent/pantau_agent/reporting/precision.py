"""The precision of reported figures: significant digits only, and session figures only when they are new.

A site may report over a metered uplink, and most of a batch is digits.
"""

from math import floor, log10
from typing import Any

from msgspec.structs import replace

from pantau_contract.messages import Sample

CLOCK_STEP_S = 0.5
"""Seconds to which clock offsets are rounded: less cannot be distinguished from an encoder's delay."""
_DIGITS = {"fps": 2, "bitrate_kbps": 2, "keyframe_interval_s": 2, "rtp_loss_pct": 2, "jitter_ms": 2}
"""Significant digits of the figures measured all the time."""
_SESSION_DIGITS = {"connect_ms": 2, "first_packet_ms": 2, "first_keyframe_ms": 2}
"""Significant digits of the figures measured once a session."""
_REPEAT_AFTER_S = 600.0
"""Seconds after which an unchanged session figure is reported again."""


class Precision:
    """Rounds samples. Figures measured once a session are reported when they are new, and every ten minutes."""

    def __init__(self) -> None:
        self._reported: dict[tuple[str, str], tuple[float, float]] = {}

    def round(self, sample: Sample, now: float) -> Sample:
        """Return the sample as it is reported at `now` (monotonic seconds)."""
        rounded: dict[str, Any] = {
            name: _significant(getattr(sample, name), digits) for name, digits in _DIGITS.items()
        }
        for name, digits in _SESSION_DIGITS.items():
            value = _significant(getattr(sample, name), digits)
            rounded[name] = value if self._is_due(sample.camera, name, value, now) else None
        if sample.clock_offset_s is not None:
            rounded["clock_offset_s"] = round(sample.clock_offset_s / CLOCK_STEP_S) * CLOCK_STEP_S
        if sample.evidence is not None:
            rounded["evidence"] = {cause: round(value, 1) for cause, value in sample.evidence.items()}
        return replace(sample, **rounded)

    def _is_due(self, camera: str, name: str, value: float | None, now: float) -> bool:
        reported, reported_at = self._reported.get((camera, name), (None, 0.0))
        if value is None or (value == reported and now - reported_at < _REPEAT_AFTER_S):
            return False
        self._reported[camera, name] = value, now
        return True


def _significant(value: float | None, digits: int) -> float | None:
    return round(value, digits - 1 - floor(log10(abs(value)))) if value else value
