from types import SimpleNamespace
from typing import Any

import pytest

from pantau_collector.health import TroubleKind
from pantau_collector.self_monitor import SelfMonitor

NOW_MS = 1_790_000_000_000


def monitor(*, view_age_ms: int = 0, pending: int = 0, sink_trouble: str | None = None) -> SelfMonitor:
    view = SimpleNamespace(time_ms=NOW_MS - view_age_ms, sites=(), incidents=())
    attention = SimpleNamespace(attentive=True)
    parts: dict[str, Any] = {
        "intake": SimpleNamespace(
            broker_trouble=None,
            delivery_trouble=None,
            contest_trouble=None,
            disk_trouble=None,
            overload_trouble=None,
            flood_trouble=None,
        ),
        "pipeline": SimpleNamespace(view=view, trouble=None, downtime_trouble=None, attention=attention),
        "sender": SimpleNamespace(pending=lambda: pending),
        "sink_writer": SimpleNamespace(trouble=sink_trouble),
        "journal": None,
        "store": SimpleNamespace(superseded=False),
        "clock": SimpleNamespace(time_ms=lambda: NOW_MS),
    }
    return SelfMonitor(**parts)


def kinds(monitor: SelfMonitor) -> list[TroubleKind]:
    return [trouble.kind for trouble in monitor.health_with_view().troubles]


@pytest.mark.parametrize(("age_ms", "is_alive"), [(29_999, True), (30_000, False)])
def test_a_pipeline_that_has_not_renewed_its_view_for_30_s_is_not_alive(age_ms: int, is_alive: bool) -> None:
    assert monitor(view_age_ms=age_ms).alive() is is_alive


@pytest.mark.parametrize(("age_ms", "expected"), [(30_000, []), (30_001, [TroubleKind.VIEW_STALE])])
def test_the_heartbeat_sees_a_view_that_is_older_than_30_s(age_ms: int, expected: list[TroubleKind]) -> None:
    assert kinds(monitor(view_age_ms=age_ms)) == expected


@pytest.mark.parametrize(("pending", "expected"), [(20, []), (21, [TroubleKind.NOTICES_WAITING])])
def test_more_than_20_undelivered_messages_are_a_trouble(pending: int, expected: list[TroubleKind]) -> None:
    assert kinds(monitor(pending=pending)) == expected


def test_troubles_are_named_in_the_status_line() -> None:
    assert monitor().status() == "0 sites, 0 cameras; all well"
    assert monitor(sink_trouble="it is away").status() == "0 sites, 0 cameras; sink_behind"
