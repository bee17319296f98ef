"""The agents' machines and their links: the panels that a site's dashboard and that of all agents share."""

from grafana_foundation_sdk.builders import bargauge, dashboard, statetimeline, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from grafana.colours import BAD, WATCH, WELL
from grafana.conditions import OVER_TIME, SITES, points_of
from grafana.panels import bars, series, shown_as, steps, timeline
from pantau_agent.doctor.machine import HOT_C, MEMORY_PCT, TOO_HOT_C
from pantau_collector.certificate_watch import AT_ONCE_DAYS, SOON_DAYS
from pantau_contract.words import Words

_FULL_PCT = 90.0
"""Per cent of the processor, and of the disk, from which on a machine has little left."""


def panels(say: Words) -> list[Builder[model.Panel]]:
    """Return the panels of the machines."""
    return [
        _maximum(say, "temperature", "temperature_c", "celsius", limits=[HOT_C, TOO_HOT_C]),
        _flag(say, "undervoltage"),
        _flag(say, "throttled"),
        _maximum(say, "starved", "starved_s", "s"),
        _maximum(say, "cpu", "cpu_pct", "percent", limits=[_FULL_PCT]),
        _maximum(say, "memory", "memory_used_pct", "percent", limits=[MEMORY_PCT]),
        _maximum(say, "disk", "disk_used_pct", "percent", limits=[_FULL_PCT]),
        _maximum(say, "disk_free", "disk_free_mb", "decmbytes"),
        _maximum(say, "backlog", "spool_batches", "short"),
        _maximum(say, "spool", "spool_mb", "decmbytes"),
        _maximum(say, "agent_memory", "agent_memory_mb", "decmbytes"),
        certificates(say),
    ]


def delay(say: Words) -> timeseries.Panel:
    """Return the panel of the delay from measuring to arrival."""
    query = f'SELECT max("delay_s") {points_of("agent")} WHERE {SITES} {OVER_TIME}, "site" fill(null)'
    panel = series(say("grafana.panel.delay"), query, alias="$tag_site", unit="s")
    return panel.description(say("grafana.why.delay"))


def certificates(say: Words) -> bargauge.Panel:
    """Return the panel of the days until the first certificate of each site's link ends."""
    query = f'SELECT last("certificate_days") FROM "agent" WHERE {SITES} GROUP BY "site"'
    return bars(
        say("grafana.panel.certificates", soon=SOON_DAYS, now=AT_ONCE_DAYS),
        query,
        alias="$tag_site",
        unit="d",
        thresholds=certificate_steps(),
    ).description(say("grafana.why.certificates"))


def certificate_steps() -> dashboard.ThresholdsConfig:
    """Return the thresholds of days until a certificate ends."""
    return steps((None, BAD), (AT_ONCE_DAYS, WATCH), (SOON_DAYS, WELL))


def _maximum(
    say: Words, name: str, field: str, unit: str, *, limits: list[float] | None = None
) -> timeseries.Panel:
    query = f'SELECT max("{field}") {points_of("host")} WHERE {SITES} {OVER_TIME}, "site" fill(null)'
    return series(say(f"grafana.panel.{name}"), query, alias="$tag_site", unit=unit, limits=limits or [])


def _flag(say: Words, field: str) -> statetimeline.Panel:
    """Return the panel of a field that is 1 while something is wrong."""
    mapping = model.ValueMap(
        {"0": shown_as(say("grafana.value.no"), WELL), "1": shown_as(say("grafana.value.yes"), BAD)}
    )
    query = f'SELECT max("{field}") {points_of("host")} WHERE {SITES} {OVER_TIME}, "site" fill(null)'
    panel = timeline(say(f"grafana.panel.{field}"), query, alias="$tag_site", mappings=[mapping])
    return panel.interval("2m")
