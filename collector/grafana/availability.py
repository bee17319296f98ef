"""Availability by day, as docs/availability.md defines it without a contract: of sites and of cameras."""

from grafana_foundation_sdk.builders import common, table, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model

from grafana import incidents, variables
from grafana.board import Row, build_board, to_camera, to_site
from grafana.colours import BAD, BUCKET_COLOURS, WATCH, WELL
from grafana.conditions import CAMERAS, belongs, points_of
from grafana.panels import FULL, HIDDEN, Properties, coloured_from, rows, series, stack
from grafana.states import bucket_name, column
from pantau_collector.ledger import Bucket
from pantau_collector.sinks.downsampling import DAY_WINDOW
from pantau_contract.words import Words

_BY_DAY = f'GROUP BY time({DAY_WINDOW}), "site" fill(none)'
"""Each day by itself, at its beginning, whatever the zone in which that is midnight."""
_OF_DAYS = f"{points_of('camera_day')} WHERE {CAMERAS} AND {belongs()}"
_SUMS = (
    'SELECT sum("online_ms") AS "online", sum("intact_ms") AS "intact", sum("judged_ms") AS "judged",'
    f' sum("measured_ms") AS "measured", sum("service_ms") AS "service" {_OF_DAYS}'
)
_RATES = (
    'SELECT 100 * "online" / "judged" AS "online", 100 * "intact" / "judged" AS "intact",'
    ' 100 * "measured" / "service" AS "measured"'
)
_RATES_OF_SITES = f'{_RATES} FROM ({_SUMS} GROUP BY "site") WHERE "judged" > 0 GROUP BY "site"'
"""Percent. InfluxDB 1 says 0 where nothing was judged."""
_RATES_OF_CAMERAS = (
    f'{_RATES} FROM ({_SUMS} GROUP BY "site", "camera") WHERE "judged" > 0 GROUP BY "site", "camera"'
)
_ONLINE = f'SELECT 100 * sum("online_ms") / sum("judged_ms") {_OF_DAYS} AND "judged_ms" > 0 {_BY_DAY}'
_MEASURED = f'SELECT 100 * sum("measured_ms") / sum("service_ms") {_OF_DAYS} AND "service_ms" > 0 {_BY_DAY}'
_MINUTES = (
    "SELECT "
    + ", ".join(f'sum("{bucket}_ms") / 60000 AS "{bucket}"' for bucket in Bucket)
    + f' {_OF_DAYS} GROUP BY "site"'
)
_LOST = [bucket for bucket in Bucket if bucket not in (Bucket.WORKING, Bucket.OUT_OF_SERVICE)]


def build(say: Words) -> model.Dashboard:
    """Return the dashboard in one language."""
    return build_board(
        say,
        "availability",
        variables=[
            *variables.belonging(say),
            variables.sites_of_owners(say),
            variables.cameras_of_sites(say),
            variables.points(say),
        ],
        incidents=incidents.marks(incidents.OF_SITES),
        rows=[
            Row("days", [_by_day(say, "online", _ONLINE), _by_day(say, "measured", _MEASURED)]),
            Row("rates", [_rates(say), _rates_of_cameras(say)]),
            Row("lost", [_lost(say), _minutes(say)]),
        ],
        begin="now-30d",
    )


def _by_day(say: Words, name: str, query: str) -> timeseries.Panel:
    return (
        series(say(f"grafana.panel.{name}"), query, alias="$tag_site", unit="percent")
        .description(say(f"grafana.why.{name}"))
        .show_points(options.VisibilityMode.ALWAYS)
        .max(100)
        .axis_soft_min(90)
    )


def _rates(say: Words) -> table.Panel:
    return _with_rates(say, rows(say("grafana.panel.rates"), _RATES_OF_SITES)).description(
        say("grafana.why.online")
    )


def _rates_of_cameras(say: Words) -> table.Panel:
    lowest = common.TableSortByFieldState().display_name(say("grafana.column.online"))
    panel = rows(say("grafana.panel.rates_of_cameras"), _RATES_OF_CAMERAS)
    return (
        _with_rates(say, panel)
        .override_by_name("camera", [*column(say, "camera"), to_camera(say)])
        .sort_by([lowest.desc(False)])
    )


def _with_rates(say: Words, panel: table.Panel) -> table.Panel:
    """Add how the columns of sites and rates look."""
    panel = panel.override_by_name("Time", HIDDEN).override_by_name("site", [*column(say, "site"), to_site(say)])
    for name in ("online", "intact", "measured"):
        panel = panel.override_by_name(name, _percent(say, name))
    return panel


def _percent(say: Words, name: str) -> Properties:
    two = model.DynamicConfigValue("decimals", 2)
    return [
        *column(say, name, unit="percent"),
        *coloured_from((None, BAD), (95, WATCH), (99, WELL)),
        two,
    ]


def _lost(say: Words) -> timeseries.Panel:
    return (
        stack(
            say("grafana.panel.lost_minutes"),
            [(bucket_name(say, each), _minutes_by_day(each), BUCKET_COLOURS[each]) for each in _LOST],
        )
        .description(say("grafana.why.minutes"))
        .unit("m")
        .draw_style(options.GraphDrawStyle.BARS)
        .span(FULL)
    )


def _minutes(say: Words) -> table.Panel:
    panel = (
        rows(say("grafana.panel.minutes"), _MINUTES)
        .description(say("grafana.why.minutes"))
        .override_by_name("Time", HIDDEN)
        .override_by_name("site", [*column(say, "site"), to_site(say)])
    )
    for bucket in Bucket:
        heading = model.DynamicConfigValue("displayName", bucket_name(say, bucket))
        shown = [heading, model.DynamicConfigValue("unit", "m"), model.DynamicConfigValue("decimals", 0)]
        panel = panel.override_by_name(bucket, shown)
    return panel.span(FULL)


def _minutes_by_day(bucket: Bucket) -> str:
    """Return the query for the minutes of all cameras that each day has in a bucket."""
    return f'SELECT sum("{bucket}_ms") / 60000 {_OF_DAYS} GROUP BY time({DAY_WINDOW}) fill(none)'
