"""One camera: its state and why, its stream, the evidence of its picture, and where its days went."""

from grafana_foundation_sdk.builders import statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model

from grafana import incidents, variables
from grafana.board import Row, build_board, to_site
from grafana.colours import BUCKET_COLOURS
from grafana.conditions import CAMERAS, OVER_TIME, points_of
from grafana.panels import FULL, HIDDEN, rows, series, stack, timeline
from grafana.states import bucket_name, camera_columns, column, state_codes
from pantau_agent.assessment.diagnosis import CLOCK_S, JITTER_MS, LOSS_PCT
from pantau_collector.ledger import Bucket
from pantau_collector.sinks.downsampling import DAY_WINDOW
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.words import Words

DAYS = "30d"
"""The time that panels of days look back, unless fixed dates are chosen."""
_COUNTS = 0.5
"""The evidence from which on a picture's fault counts."""
_PICTURE_CAUSES = [cause for cause in Cause if STATE_OF[cause] is State.IMPAIRED]
_LISTED = (
    'SELECT last("state_code") AS "code", "site", "name", "state", "cause", "since_ms", "owner", "maintainer",'
    f' "project" FROM "listing" WHERE {CAMERAS}'
)
_STREAM = (
    'SELECT last("codec") AS "codec", last("transport") AS "transport", last("width") AS "width",'
    f' last("height") AS "height", last("keyframe_interval_s") AS "keyframe_interval_s"'
    f' FROM "camera" WHERE {CAMERAS}'
)
_STATES = f'SELECT last("state_code") {points_of("camera")} WHERE {CAMERAS} {OVER_TIME} fill(null)'


def build(say: Words) -> model.Dashboard:
    """Return the dashboard in one language."""
    return build_board(
        say,
        "camera",
        variables=[variables.one_site(say), variables.one_camera(say), variables.points(say)],
        incidents=incidents.marks(incidents.OF_CAMERA),
        rows=[
            Row("state", [_now(say), _states(say)]),
            Row(
                "streams",
                [
                    _mean(say, "fps", "fps", "none"),
                    _mean(say, "bitrate", "bitrate_kbps", "Kbits"),
                    _mean(say, "loss", "rtp_loss_pct", "percent", limits=[LOSS_PCT]),
                    _mean(say, "jitter", "jitter_ms", "ms", limits=[JITTER_MS]),
                    _mean(say, "clock", "clock_offset_s", "s", limits=[-CLOCK_S, CLOCK_S]),
                    _mean(say, "keyframes", "keyframe_interval_s", "s"),
                    _start(say),
                    _stream(say),
                ],
            ),
            Row("picture", [_evidence(say)]),
            Row("days", [_minutes(say)]),
            Row("incidents", [incidents.steps_table(say, incidents.OF_CAMERA)]),
        ],
    )


def _now(say: Words) -> table.Panel:
    return (
        camera_columns(rows(say("grafana.panel.now"), _LISTED), say)
        .time_from("5m")
        .override_by_name("Time", HIDDEN)
        .override_by_name("code", HIDDEN)
        .override_by_name("site", [*column(say, "site"), to_site(say)])
        .height(4)
        .span(FULL)
    )


def _states(say: Words) -> statetimeline.Panel:
    panel = timeline(say("grafana.panel.state"), _STATES, alias=say("grafana.camera"), mappings=state_codes(say))
    return panel.interval("1m").height(4).span(FULL)


def _mean(say: Words, name: str, field: str, unit: str, *, limits: list[float] | None = None) -> timeseries.Panel:
    title = say(f"grafana.panel.{name}")
    query = f'SELECT mean("{field}") {points_of("camera")} WHERE {CAMERAS} {OVER_TIME} fill(null)'
    return series(title, query, alias=title, unit=unit, limits=limits or [])


def _start(say: Words) -> timeseries.Panel:
    fields = ("connect_ms", "first_packet_ms", "first_keyframe_ms")
    means = ", ".join(f'mean("{field}") AS "{say(f"grafana.column.{field}")}"' for field in fields)
    query = f"SELECT {means} {points_of('camera')} WHERE {CAMERAS} {OVER_TIME} fill(null)"
    return series(say("grafana.panel.start"), query, alias="$col", unit="ms")


def _stream(say: Words) -> table.Panel:
    return (
        rows(say("grafana.panel.stream"), _STREAM)
        .override_by_name("Time", HIDDEN)
        .override_by_name("codec", column(say, "codec"))
        .override_by_name("transport", column(say, "transport"))
        .override_by_name("width", column(say, "width"))
        .override_by_name("height", column(say, "height"))
        .override_by_name("keyframe_interval_s", column(say, "keyframe_interval_s", unit="s"))
    )


def _evidence(say: Words) -> timeseries.Panel:
    means = ", ".join(f'mean("evidence_{cause}") AS "{say.meaning(cause)}"' for cause in _PICTURE_CAUSES)
    query = f"SELECT {means} {points_of('camera')} WHERE {CAMERAS} {OVER_TIME} fill(null)"
    return (
        series(say("grafana.panel.evidence"), query, alias="$col", unit="none", limits=[_COUNTS])
        .description(say("grafana.why.evidence"))
        .min(0)
        .max(1)
        .span(FULL)
    )


def _minutes(say: Words) -> timeseries.Panel:
    return (
        stack(
            say("grafana.panel.minutes_of_camera"),
            [(bucket_name(say, each), _minutes_by_day(each), BUCKET_COLOURS[each]) for each in Bucket],
        )
        .description(say("grafana.why.minutes"))
        .time_from(DAYS)
        .unit("m")
        .draw_style(options.GraphDrawStyle.BARS)
        .span(FULL)
    )


def _minutes_by_day(bucket: Bucket) -> str:
    days = f"{points_of('camera_day')} WHERE {CAMERAS}"
    return f'SELECT sum("{bucket}_ms") / 60000 {days} GROUP BY time({DAY_WINDOW}) fill(none)'
