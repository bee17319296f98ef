"""All agents: whether they are heard, what is missing of them, and how their machines are."""

from grafana_foundation_sdk.builders import statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model

from grafana import incidents, machines, variables
from grafana.board import Row, build_board, to_site
from grafana.colours import BAD, WATCH, WELL
from grafana.conditions import OVER_TIME, SITES, points_of
from grafana.panels import HIDDEN, coloured_from, rows, series, shown_as, timeline
from grafana.states import column, yes_or_no
from pantau_agent.doctor.machine import HOT_C, TOO_HOT_C
from pantau_collector.certificate_watch import AT_ONCE_DAYS, SOON_DAYS
from pantau_contract.words import Words

_BATCHES = f'SELECT count("seq") {points_of("agent")} WHERE {SITES} {OVER_TIME}, "site" fill(0)'
_NEWEST = f'SELECT last("seq") AS "seq", "delay_s", "dropped" FROM "agent" WHERE {SITES} GROUP BY "site"'
_VERSIONS = f'SELECT last("version") AS "version" FROM "agent" WHERE {SITES} GROUP BY "site"'
_MISSING = (
    'SELECT sum("step") - count("step") FROM'
    f' (SELECT non_negative_difference("seq") AS "step" FROM "agent" WHERE {SITES} GROUP BY "site")'
    f' WHERE $timeFilter {OVER_TIME}, "site" fill(0)'
)
"""Batches skipped by number. A restarted agent counts from 0 again: that step is negative, and not counted."""
_DROPPED = f'SELECT sum("dropped_batches") FROM "agent" WHERE {SITES} {OVER_TIME}, "site" fill(0)'
_TRAFFIC = (
    'SELECT sum("bitrate") FROM'
    f' (SELECT mean("bitrate_kbps") AS "bitrate" {points_of("camera")} WHERE {SITES}'
    f' {OVER_TIME}, "site", "camera")'
    f' WHERE $timeFilter {OVER_TIME}, "site" fill(null)'
)
_MACHINES = (
    'SELECT max("temperature_c") AS "temperature_c", max("throttled") AS "throttled",'
    ' max("undervoltage") AS "undervoltage", sum("starved_s") AS "starved_s",'
    ' last("disk_free_mb") AS "disk_free_mb", last("spool_batches") AS "spool_batches",'
    ' last("spool_mb") AS "spool_mb", last("uptime_s") AS "uptime_s"'
    f' FROM "host" WHERE {SITES} GROUP BY "site"'
)
_CERTIFICATES = f'SELECT last("certificate_days") AS "certificate_days" FROM "agent" WHERE {SITES} GROUP BY "site"'


def build(say: Words) -> model.Dashboard:
    """Return the dashboard in one language."""
    return build_board(
        say,
        "agents",
        variables=[variables.sites(say), variables.points(say)],
        incidents=incidents.marks(incidents.OF_SITES),
        rows=[
            Row(
                "links",
                [_heard(say), _newest(say), _missing(say), machines.delay(say), _dropped(say), _traffic(say)],
            ),
            Row("agents", [_machines(say), _versions(say), _certificates(say)]),
            Row("machines", machines.panels(say)),
        ],
    )


def _heard(say: Words) -> statetimeline.Panel:
    silent = model.ValueMap({"0": shown_as(say("grafana.value.silent"), BAD)})
    heard = shown_as(say("grafana.value.heard"), WELL)
    some = model.RangeMap(model.DashboardRangeMapOptions(1, 1_000_000, heard))
    return (
        timeline(say("grafana.panel.heard"), _BATCHES, alias="$tag_site", mappings=[silent, some])
        .description(say("grafana.why.heard"))
        .interval("2m")
    )


def _newest(say: Words) -> table.Panel:
    return (
        rows(say("grafana.panel.freshness"), _NEWEST)
        .override_by_name("Time", column(say, "time", unit="dateTimeFromNow"))
        .override_by_name("site", [*column(say, "site"), to_site(say)])
        .override_by_name("seq", HIDDEN)
        .override_by_name("delay_s", column(say, "delay_s", unit="s"))
        .override_by_name("dropped", column(say, "dropped"))
    )


def _missing(say: Words) -> timeseries.Panel:
    return (
        series(say("grafana.panel.missing"), _MISSING, alias="$tag_site", unit="short")
        .description(say("grafana.why.missing"))
        .interval("1m")
        .draw_style(options.GraphDrawStyle.BARS)
        .fill_opacity(60)
    )


def _dropped(say: Words) -> timeseries.Panel:
    return (
        series(say("grafana.panel.dropped"), _DROPPED, alias="$tag_site", unit="short")
        .description(say("grafana.why.dropped"))
        .interval("1m")
        .draw_style(options.GraphDrawStyle.BARS)
        .fill_opacity(60)
    )


def _traffic(say: Words) -> timeseries.Panel:
    panel = series(say("grafana.panel.traffic"), _TRAFFIC, alias="$tag_site", unit="Kbits")
    return panel.interval("1m").description(say("grafana.why.traffic"))


def _machines(say: Words) -> table.Panel:
    hot = coloured_from((None, WELL), (HOT_C, WATCH), (TOO_HOT_C, BAD))
    return (
        rows(say("grafana.panel.power"), _MACHINES)
        .override_by_name("Time", HIDDEN)
        .override_by_name("site", [*column(say, "site"), to_site(say)])
        .override_by_name("temperature_c", [*column(say, "temperature_c", unit="celsius"), *hot])
        .override_by_name("throttled", [*column(say, "throttled"), *yes_or_no(say)])
        .override_by_name("undervoltage", [*column(say, "undervoltage"), *yes_or_no(say)])
        .override_by_name("starved_s", column(say, "starved_s", unit="s"))
        .override_by_name("disk_free_mb", column(say, "disk_free_mb", unit="decmbytes"))
        .override_by_name("spool_batches", column(say, "spool_batches"))
        .override_by_name("spool_mb", column(say, "spool_mb", unit="decmbytes"))
        .override_by_name("uptime_s", column(say, "uptime_s", unit="dtdurations"))
        .span(24)
    )


def _versions(say: Words) -> table.Panel:
    return (
        rows(say("grafana.panel.versions"), _VERSIONS)
        .description(say("grafana.why.versions"))
        .time_from("30d")
        .override_by_name("Time", column(say, "started", unit="dateTimeFromNow"))
        .override_by_name("site", [*column(say, "site"), to_site(say)])
        .override_by_name("version", column(say, "version"))
    )


def _certificates(say: Words) -> table.Panel:
    soon = coloured_from((None, BAD), (AT_ONCE_DAYS, WATCH), (SOON_DAYS, WELL))
    return (
        rows(say("grafana.panel.certificates_of_sites"), _CERTIFICATES)
        .description(say("grafana.why.certificates"))
        .override_by_name("Time", HIDDEN)
        .override_by_name("site", [*column(say, "site"), to_site(say)])
        .override_by_name("certificate_days", [*column(say, "certificate_days", unit="d"), *soon])
    )
