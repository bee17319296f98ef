"""When all is well: what the collector is for works, from the broker to the people who are told."""

from pantau_collector.health import Health, TroubleKind

VITAL = frozenset(TroubleKind) - {TroubleKind.SINK_BEHIND}
"""A series database that is behind loses nothing and hides no outage: it is no reason to wake anyone outside."""


def why_not_well(health: Health) -> list[str]:
    """A line for each trouble that keeps the collector from its work; none is all well."""
    return [
        f"{trouble.kind}: {trouble.detail}" if trouble.detail else str(trouble.kind)
        for trouble in health.troubles
        if trouble.kind in VITAL
    ]
