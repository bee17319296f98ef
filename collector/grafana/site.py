"""One site: its cameras, what they send, its agent's link and machine."""

from grafana_foundation_sdk.builders import statetimeline, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from grafana import incidents, machines, variables
from grafana.board import Row, build_board, to_camera
from grafana.conditions import OVER_TIME, SITES, points_of
from grafana.panels import FULL, HIDDEN, rows, series, timeline
from grafana.states import camera_columns, column, state_codes
from pantau_agent.assessment.diagnosis import CLOCK_S, JITTER_MS, LOSS_PCT
from pantau_contract.words import Words

_CAMERAS = (
    'SELECT last("state_code") AS "code", "camera", "name", "state", "cause", "since_ms", "owner", "maintainer",'
    f' "project" FROM "listing" WHERE {SITES} GROUP BY "site", "camera"'
)
_LISTED = (
    'SELECT "site", "camera", "name", "state", "cause", "since_ms", "owner", "maintainer", "project"'
    f" FROM ({_CAMERAS})"
)
_STATES = f'SELECT last("state_code") {points_of("camera")} WHERE {SITES} {OVER_TIME}, "camera" fill(null)'


def build(say: Words) -> model.Dashboard:
    """Return the dashboard in one language."""
    measures = [
        _mean(say, "fps", "fps", "none"),
        _mean(say, "bitrate", "bitrate_kbps", "Kbits"),
        _mean(say, "loss", "rtp_loss_pct", "percent", limits=[LOSS_PCT]),
        _mean(say, "jitter", "jitter_ms", "ms", limits=[JITTER_MS]),
        _mean(say, "clock", "clock_offset_s", "s", limits=[-CLOCK_S, CLOCK_S]),
        machines.delay(say),
    ]
    return build_board(
        say,
        "site",
        variables=[variables.one_site(say), variables.points(say)],
        incidents=incidents.marks(incidents.OF_SITES),
        rows=[
            Row("cameras", [_cameras(say), _states(say)]),
            Row("streams", measures),
            Row("machines", machines.panels(say)),
            Row("incidents", [incidents.steps_table(say, incidents.OF_SITES)]),
        ],
    )


def _cameras(say: Words) -> table.Panel:
    return (
        camera_columns(rows(say("grafana.panel.cameras"), _LISTED), say)
        .time_from("5m")
        .override_by_name("Time", HIDDEN)
        .override_by_name("site", HIDDEN)
        .override_by_name("camera", [*column(say, "camera"), to_camera(say)])
        .span(FULL)
    )


def _states(say: Words) -> statetimeline.Panel:
    panel = timeline(say("grafana.panel.state"), _STATES, alias="$tag_camera", mappings=state_codes(say))
    return panel.interval("1m").span(FULL)


def _mean(say: Words, name: str, field: str, unit: str, *, limits: list[float] | None = None) -> timeseries.Panel:
    query = f'SELECT mean("{field}") {points_of("camera")} WHERE {SITES} {OVER_TIME}, "camera" fill(null)'
    return series(say(f"grafana.panel.{name}"), query, alias="$tag_camera", unit=unit, limits=limits or [])
