"""The batches of a healthy city that the collector's benchmarks send, and the rows of their table."""

from typing import NamedTuple

from pantau_contract.messages import Host, Sample, Telemetry
from pantau_contract.states import State

CAMERAS = 16
"""Cameras of each site."""


class Row(NamedTuple):
    """One row of the table; `ratio` is relative to the previous row, if it is compared to that."""

    what: str
    value: float
    unit: str
    ratio: float | None = None


def telemetry(site: int, seq: int, time_ms: int) -> Telemetry:
    """Return a site's batch as a healthy city sends it, with every measure."""
    samples = tuple(
        Sample(
            camera=f"cam-{i:02}",
            time=time_ms,
            state=State.OK,
            since=time_ms - 3_600_000,
            codec="h264",
            width=640,
            height=360,
            fps=24.9 + i / 100,
            bitrate_kbps=412.5 + seq % 50,
            keyframe_interval_s=2.0,
            rtp_loss_pct=0.0,
            jitter_ms=1.25 + i,
            connect_ms=3.5,
            first_packet_ms=41.0,
            first_keyframe_ms=412.0,
            transport="tcp",
        )
        for i in range(CAMERAS)
    )
    host = Host(cpu_pct=12.0, load_1m=0.5, memory_used_pct=31.0, disk_used_pct=20.0, temperature_c=51.0)
    return Telemetry(f"site-{site}", "b1", seq, time_ms, seq * 30_000, True, 30, samples, host)
