"""Figures as they are reported: no more digits than they are worth; what holds for a session is told once.

A site may report over a metered uplink, and most of a batch is digits.
"""

from math import floor, log10
from typing import Any

from msgspec.structs import replace

from pantau_contract.messages import Sample

CLOCK_STEP_S = 0.5
"""Within it a camera's clock cannot be told from the delay of its encoder."""
_DIGITS = {"fps": 2, "bitrate_kbps": 2, "keyframe_interval_s": 2, "rtp_loss_pct": 2, "jitter_ms": 2}
_OF_A_SESSION = {"connect_ms": 2, "first_packet_ms": 2, "first_keyframe_ms": 2}
_TOLD_AGAIN_S = 600.0


class Precision:
    """Rounds samples. What is measured once a session is told when it is new, and every ten minutes."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], tuple[float, float]] = {}

    def round(self, sample: Sample, monotonic_s: float) -> Sample:
        """The sample as it is reported at `monotonic_s`."""
        rounded: dict[str, Any] = {"since": sample.since // 1000 * 1000}
        rounded |= {name: _significant(getattr(sample, name), of) for name, of in _DIGITS.items()}
        for name, digits in _OF_A_SESSION.items():
            value = _significant(getattr(sample, name), digits)
            rounded[name] = value if self._is_news(sample.camera, name, value, monotonic_s) else None
        if sample.clock_offset_s is not None:
            rounded["clock_offset_s"] = round(sample.clock_offset_s / CLOCK_STEP_S) * CLOCK_STEP_S
        if sample.evidence is not None:
            rounded["evidence"] = {cause: round(value, 1) for cause, value in sample.evidence.items()}
        return replace(sample, **rounded)

    def _is_news(self, camera: str, name: str, value: float | None, now_s: float) -> bool:
        told, at_s = self._told.get((camera, name), (None, 0.0))
        if value is None or (value == told and now_s - at_s < _TOLD_AGAIN_S):
            return False
        self._told[camera, name] = value, now_s
        return True


def _significant(value: float | None, digits: int) -> float | None:
    return round(value, digits - 1 - floor(log10(abs(value)))) if value else value
