"""The city: how many cameras are in which state, whose they are, and which need someone."""

from grafana_foundation_sdk.builders import bargauge, common, stat, table, timeseries
from grafana_foundation_sdk.models import dashboard as model

from grafana import incidents, variables
from grafana.board import Row, build_board, to_camera, to_site
from grafana.colours import BAD, STATE_COLOURS, TEXT, WELL
from grafana.conditions import LISTED, OVER_TIME, points_of
from grafana.panels import FULL, HIDDEN, bars, coloured_from, number, rows, stack, steps
from grafana.states import camera_columns, column, state_name
from pantau_agent.assessment.diagnosis import LOSS_PCT
from pantau_collector.sinks.schema import STATE_CODES
from pantau_contract.states import State
from pantau_contract.words import Words

NOW = "5m"
"""The time that panels of the present state look back, as Grafana writes durations."""
_LAST = (
    'SELECT last("state_code") AS "code", "state", "cause", "name", "since_ms", "owner", "maintainer", "project"'
    f' FROM "listing" WHERE {LISTED} GROUP BY "site", "camera"'
)
_NEED = f'"code" >= {STATE_CODES[State.DEGRADED]} AND "code" <= {STATE_CODES[State.DOWN]}'
_NEED_SOMEONE = (
    'SELECT "site", "camera", "name", "state", "cause", "since_ms", "owner", "maintainer", "project"'
    f" FROM ({_LAST}) WHERE {_NEED}"
)
_WORST_LOSS = (
    'SELECT top("loss", 20) AS "loss", "site", "camera" FROM'
    f' (SELECT mean("rtp_loss_pct") AS "loss" FROM "listing" WHERE {LISTED} GROUP BY "site", "camera")'
)


def build(say: Words) -> model.Dashboard:
    """Return the dashboard in one language."""
    now = [*(_cameras_in(say, state) for state in State), _sites(say, "heard", 1), _sites(say, "silent", 0)]
    whose = [_of_whom(say, name) for name in ("owner", "maintainer", "project")]
    return build_board(
        say,
        "city",
        variables=[*variables.belonging(say), variables.sites_of_owners(say), variables.points(say)],
        incidents=incidents.marks(incidents.OF_SITES),
        rows=[
            Row("now", [*now, _need_someone(say)]),
            Row("whose", whose),
            Row("history", [_states(say), _worst(say)]),
            Row("incidents", [incidents.steps_table(say, incidents.OF_SITES)]),
        ],
    )


def _cameras_in(say: Words, state: State) -> stat.Panel:
    query = f'SELECT count("code") FROM ({_LAST}) WHERE "code" = {STATE_CODES[state]}'
    return number(state_name(say, state), query, STATE_COLOURS[state]).time_from(NOW)


def _sites(say: Words, name: str, heard: int) -> stat.Panel:
    query = (
        f'SELECT count("heard") FROM (SELECT last("heard") AS "heard" FROM "listing" WHERE {LISTED}'
        f' GROUP BY "site") WHERE "heard" = {heard}'
    )
    return number(say(f"grafana.panel.sites_{name}"), query, TEXT if heard else BAD).time_from(NOW)


def _need_someone(say: Words) -> table.Panel:
    return (
        camera_columns(rows(say("grafana.panel.need_someone"), _NEED_SOMEONE), say)
        .time_from(NOW)
        .override_by_name("Time", HIDDEN)
        .override_by_name("site", [*column(say, "site"), to_site(say)])
        .override_by_name("camera", [*column(say, "camera"), to_camera(say)])
        .span(FULL)
    )


def _of_whom(say: Words, name: str) -> bargauge.Panel:
    query = f'SELECT count("code") FROM ({_LAST}, "{name}") WHERE {_NEED} GROUP BY "{name}"'
    thresholds = steps((None, WELL), (1, BAD))
    return (
        bars(say(f"grafana.panel.by_{name}"), query, alias=f"$tag_{name}", unit="short", thresholds=thresholds)
        .time_from(NOW)
        .span(8)
    )


def _states(say: Words) -> timeseries.Panel:
    last = (
        f'SELECT last("state_code") AS "code" {points_of("listing")} WHERE {LISTED} {OVER_TIME}, "site", "camera"'
    )
    return stack(
        say("grafana.panel.states"),
        [
            (
                state_name(say, state),
                f'SELECT count("code") FROM ({last}) WHERE $timeFilter AND "code" = {code} {OVER_TIME} fill(0)',
                STATE_COLOURS[state],
            )
            for state, code in STATE_CODES.items()
        ],
    )


def _worst(say: Words) -> table.Panel:
    name = say("grafana.column.loss")
    return (
        rows(say("grafana.panel.loss_worst"), _WORST_LOSS)
        .override_by_name("Time", HIDDEN)
        .override_by_name("site", [*column(say, "site"), to_site(say)])
        .override_by_name("camera", [*column(say, "camera"), to_camera(say)])
        .override_by_name(
            "loss", [*column(say, "loss", unit="percent"), *coloured_from((None, WELL), (LOSS_PCT, BAD))]
        )
        .sort_by([common.TableSortByFieldState().display_name(name).desc(True)])
    )
