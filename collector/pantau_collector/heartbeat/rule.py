"""Which troubles withhold the heartbeat: those that keep outages from being found or reported."""

from pantau_collector.health import Health, TroubleKind

VITAL = frozenset(TroubleKind) - {TroubleKind.SINK_BEHIND}
"""Kinds of trouble that withhold it. A series database that is behind loses nothing and hides no outage."""


def vital_troubles(health: Health) -> list[str]:
    """Return a line for each trouble that withholds the heartbeat."""
    return [
        f"{trouble.kind}: {trouble.detail}" if trouble.detail else str(trouble.kind)
        for trouble in health.troubles
        if trouble.kind in VITAL
    ]
