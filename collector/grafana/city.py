"""Prints the city's Grafana dashboard: which panels it has, and where.

python collector/grafana/city.py > collector/grafana/city.json
python collector/grafana/city.py en > collector/grafana/city.en.json
"""
# ruff: noqa: INP001 # a program beside what it makes, no package

import sys
from collections.abc import Sequence

import queries
from grafana_foundation_sdk.builders import common, dashboard, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from panels import (
    COLOURED,
    HIDDEN,
    SOURCE,
    TRANSPARENT,
    coloured_from,
    fold,
    mapped,
    number,
    number_all,
    rows,
    series,
    shown_as,
    stack,
    steps,
    timeline,
    titled,
)

from pantau_collector.ledger import Bucket
from pantau_collector.sinks.schema import STATE_CODES
from pantau_contract.states import WIRE_NAMES, Cause, State
from pantau_contract.words import LANGUAGES, Words, words

COLOURS = {
    State.OK: "#5cc9ae",
    State.DEGRADED: "#e9cc6a",
    State.IMPAIRED: "#f5a04c",
    State.DOWN: "#ff6359",
    State.UNKNOWN: "#93a3b8",
    State.DISABLED: "#5d6d82",
}
"""The colours of the states, as on the wall page."""
GREEN, AMBER, RED = COLOURS[State.OK], COLOURS[State.DEGRADED], COLOURS[State.DOWN]
BUCKET_COLOURS = {
    Bucket.WORKING: COLOURS[State.OK],
    Bucket.BELOW_STANDARD: COLOURS[State.DEGRADED],
    Bucket.PICTURE: COLOURS[State.IMPAIRED],
    Bucket.CAMERA: COLOURS[State.DOWN],
    Bucket.DEVICE: "#c8434f",
    Bucket.LINK: "#b07cf0",
    Bucket.POWER: "#7a4fb5",
    Bucket.WATCHER: "#4f8fe0",
    Bucket.MAINTENANCE: "#3fb6c9",
    Bucket.THIRD_PARTY: "#9c7a5b",
    Bucket.FORCE_MAJEURE: "#6b5642",
    Bucket.OUT_OF_SERVICE: COLOURS[State.DISABLED],
    Bucket.NOT_KNOWN: COLOURS[State.UNKNOWN],
}
"""The colours of the ledger's buckets."""
NOW = "5m"
"""The time that panels of the present state look back, as Grafana writes durations."""
DAYS = "30d"
"""The time that panels of days look back, unless fixed dates are chosen."""

_NAMES_OF_CAMERA = "$tag_site · $tag_camera"


class City:
    """Builds the dashboard in one language."""

    def __init__(self, phrases: Words) -> None:
        self._words = phrases

    def build(self) -> model.Dashboard:
        """Return the dashboard."""
        builder = (
            dashboard.Dashboard(self._words("grafana.title"))
            .uid("pantau-city")
            .description(self._words("grafana.description"))
            .tags(["pantau"])
            .time("now-6h", "now")
            .timezone("browser")
            .refresh("30s")
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .with_variable(
                dashboard.DatasourceVariable("source").label(self._words("grafana.source")).type("influxdb")
            )
            .with_variable(self._variable("site", 'SHOW TAG VALUES FROM "agent" WITH KEY = "site"'))
            .with_variable(
                self._variable(
                    "camera", 'SHOW TAG VALUES FROM "camera" WITH KEY = "camera" WHERE "site" =~ /^$site$/'
                )
            )
        )
        for name, panels, folded in self._rows():
            builder = builder.with_row(fold(self._words(f"grafana.row.{name}"), panels, folded=folded))
            for panel in () if folded else panels:
                builder = builder.with_panel(panel)
        built = builder.build()
        number_all(built)
        return built

    def _rows(self) -> Sequence[tuple[str, list[Builder[model.Panel]], bool]]:
        """Return each row's name, its panels, and whether it is folded."""
        return (
            ("now", [*map(self._cameras_in, State), self._sites_heard(), self._need_someone()], False),
            ("city", [self._states(), self._worst()], False),
            (
                "days",
                [self._online(), self._measured(), self._rates(), self._lost_minutes(), self._minutes()],
                False,
            ),
            ("agents", [self._heard(), self._freshness(), self._missing(), self._delay()], False),
            (
                "machines",
                [
                    self._machine("temperature", "temperature_c", "celsius", limit=80),
                    self._machine("cpu", "cpu_pct", "percent", limit=90),
                    self._machine("memory", "memory_used_pct", "percent", limit=90),
                    self._machine("disk", "disk_used_pct", "percent", limit=90),
                    self._machine("backlog", "spool_batches", "short"),
                    self._power(),
                ],
                False,
            ),
            (
                "cameras",
                [
                    self._state(),
                    self._camera("fps", "fps", "none"),
                    self._camera("bitrate", "bitrate_kbps", "Kbits"),
                    self._camera("loss", "rtp_loss_pct", "percent"),
                    self._camera("jitter", "jitter_ms", "ms"),
                    self._camera("clock", "clock_offset_s", "s"),
                ],
                True,
            ),
        )

    def _variable(self, name: str, query: str) -> dashboard.QueryVariable:
        """Return a variable with several choices; "all" is one regular expression, to keep queries short."""
        return (
            dashboard.QueryVariable(name)
            .label(self._words(f"grafana.{name}"))
            .datasource(SOURCE)
            .query({"query": query, "refId": "InfluxVariableQueryEditor-VariableQuery"})
            .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
            .sort(model.VariableSort.ALPHABETICAL_ASC)
            .multi(True)
            .include_all(True)
            .all_value(".*")
            .current(model.VariableOption(selected=True, text="All", value="$__all"))
        )

    def _title(self, name: str) -> str:
        return self._words(f"grafana.panel.{name}")

    def _column(self, name: str) -> str:
        return self._words(f"grafana.column.{name}")

    def _cameras_in(self, state: State) -> Builder[model.Panel]:
        title = self._words.state(state).capitalize()
        return number(title, queries.cameras_in(state), COLOURS[state]).time_from(NOW)

    def _sites_heard(self) -> Builder[model.Panel]:
        return number(self._title("sites_heard"), queries.SITES_HEARD, "text").time_from(NOW).span(6)

    def _need_someone(self) -> table.Panel:
        states = {state.value: shown_as(self._words.state(state), COLOURS[state]) for state in State}
        causes = {cause.value: shown_as(self._words.meaning(cause)) for cause in Cause}
        causes |= {former: causes[cause.value] for cause, former in WIRE_NAMES.items()}  # in older points
        return (
            rows(self._title("need_someone"), queries.NEED_SOMEONE)
            .time_from(NOW)
            .override_by_name("Time", titled(self._column("time"), unit="dateTimeFromNow"))
            .override_by_name("site", titled(self._column("site")))
            .override_by_name("camera", titled(self._column("camera")))
            .override_by_name("state", [*titled(self._column("state")), *mapped(states), *COLOURED])
            .override_by_name("cause", [*titled(self._column("cause")), *mapped(causes)])
            .span(24)
        )

    def _states(self) -> timeseries.Panel:
        return stack(
            self._title("states"),
            [
                (self._words.state(state), queries.cameras_in_over_time(state), COLOURS[state])
                for state in STATE_CODES
            ],
        )

    def _online(self) -> timeseries.Panel:
        return self._share_by_day("online", queries.ONLINE_BY_DAY)

    def _measured(self) -> timeseries.Panel:
        return self._share_by_day("measured", queries.MEASURED_BY_DAY)

    def _share_by_day(self, name: str, query: str) -> timeseries.Panel:
        return (
            series(self._title(name), query, alias="$tag_site", unit="percent")
            .description(self._words(f"grafana.why.{name}"))
            .time_from(DAYS)
            .show_points(options.VisibilityMode.ALWAYS)
            .max(100)
            .axis_soft_min(90)
        )

    def _rates(self) -> table.Panel:
        colours = coloured_from((None, RED), (95, AMBER), (99, GREEN))
        panel = (
            rows(self._title("rates"), queries.RATES)
            .description(self._words("grafana.why.online"))
            .time_from(DAYS)
            .override_by_name("Time", HIDDEN)
            .override_by_name("site", titled(self._column("site")))
        )
        for name in ("online", "intact", "measured"):
            percent = [*titled(self._column(name), unit="percent"), *colours]
            panel = panel.override_by_name(name, [*percent, model.DynamicConfigValue("decimals", 2)])
        return panel

    def _lost_minutes(self) -> timeseries.Panel:
        lost = [bucket for bucket in Bucket if bucket not in (Bucket.WORKING, Bucket.OUT_OF_SERVICE)]
        return (
            stack(
                self._title("lost_minutes"),
                [(self._bucket(each), queries.minutes_by_day(each), BUCKET_COLOURS[each]) for each in lost],
            )
            .description(self._words("grafana.why.minutes"))
            .time_from(DAYS)
            .unit("m")
            .draw_style(options.GraphDrawStyle.BARS)
        )

    def _minutes(self) -> table.Panel:
        panel = (
            rows(self._title("minutes"), queries.MINUTES)
            .description(self._words("grafana.why.minutes"))
            .time_from(DAYS)
            .override_by_name("Time", HIDDEN)
            .override_by_name("site", titled(self._column("site")))
        )
        for bucket in Bucket:
            whole = model.DynamicConfigValue("decimals", 0)
            panel = panel.override_by_name(bucket, [*titled(self._bucket(bucket), unit="m"), whole])
        return panel.span(24)

    def _bucket(self, bucket: Bucket) -> str:
        return self._words(f"ledger.bucket.{bucket}")

    def _worst(self) -> table.Panel:
        loss = self._column("loss")
        return (
            rows(self._title("loss_worst"), queries.WORST_LOSS)
            .override_by_name("Time", HIDDEN)
            .override_by_name("site", titled(self._column("site")))
            .override_by_name("camera", titled(self._column("camera")))
            .override_by_name("loss", [*titled(loss, unit="percent"), *coloured_from((None, GREEN), (2, RED))])
            .sort_by([common.TableSortByFieldState().display_name(loss).desc(True)])
        )

    def _heard(self) -> statetimeline.Panel:
        silent = model.ValueMap({"0": shown_as(self._words("grafana.value.silent"), RED)})
        heard = shown_as(self._words("grafana.value.heard"), GREEN)
        some = model.RangeMap(model.DashboardRangeMapOptions(1, 1_000_000, heard))
        return (
            timeline(self._title("heard"), queries.BATCHES, alias="$tag_site", mappings=[silent, some])
            .description(self._words("grafana.why.heard"))
            .interval("2m")
        )

    def _freshness(self) -> table.Panel:
        return (
            rows(self._title("freshness"), queries.NEWEST_BATCH)
            .override_by_name("Time", titled(self._column("time"), unit="dateTimeFromNow"))
            .override_by_name("site", titled(self._column("site")))
            .override_by_name("seq", HIDDEN)
            .override_by_name("delay_s", titled(self._column("delay_s"), unit="s"))
            .override_by_name("dropped", titled(self._column("dropped")))
        )

    def _missing(self) -> timeseries.Panel:
        return (
            series(self._title("missing"), queries.MISSING_BATCHES, alias="$tag_site", unit="short")
            .description(self._words("grafana.why.missing"))
            .interval("1m")
            .draw_style(options.GraphDrawStyle.BARS)
            .fill_opacity(60)
        )

    def _delay(self) -> timeseries.Panel:
        return series(self._title("delay"), queries.DELAY, alias="$tag_site", unit="s").description(
            self._words("grafana.why.delay")
        )

    def _machine(self, name: str, field: str, unit: str, *, limit: float | None = None) -> timeseries.Panel:
        panel = series(self._title(name), queries.machine_maximum(field), alias="$tag_site", unit=unit)
        if limit is None:
            return panel
        line = common.GraphThresholdsStyleConfig().mode(options.GraphTresholdsStyleMode.DASHED)
        return panel.thresholds(steps((None, TRANSPARENT), (limit, RED))).thresholds_style(line)

    def _power(self) -> table.Panel:
        yes, no = self._words("grafana.value.yes"), self._words("grafana.value.no")
        answer = [*mapped({"0": shown_as(no), "1": shown_as(yes, RED)}), *COLOURED]
        return (
            rows(self._title("power"), queries.POWER)
            .override_by_name("Time", HIDDEN)
            .override_by_name("site", titled(self._column("site")))
            .override_by_name("throttled", [*titled(self._column("throttled")), *answer])
            .override_by_name("undervoltage", [*titled(self._column("undervoltage")), *answer])
            .override_by_name("starved_s", titled(self._column("starved_s"), unit="s"))
            .override_by_name("disk_free_mb", titled(self._column("disk_free_mb"), unit="decmbytes"))
        )

    def _state(self) -> statetimeline.Panel:
        states = {
            str(code): shown_as(self._words.state(state), COLOURS[state]) for state, code in STATE_CODES.items()
        }
        return (
            timeline(
                self._title("state"),
                queries.CAMERA_STATES,
                alias=_NAMES_OF_CAMERA,
                mappings=[model.ValueMap(states)],
            )
            .description(self._words("grafana.why.cameras"))
            .interval("1m")
            .span(24)
        )

    def _camera(self, name: str, field: str, unit: str) -> timeseries.Panel:
        return series(self._title(name), queries.camera_mean(field), alias=_NAMES_OF_CAMERA, unit=unit)


def main() -> int:
    """Print the dashboard's JSON, in Indonesian or in the language that the first argument names."""
    requested = sys.argv[1] if len(sys.argv) > 1 else LANGUAGES[0]
    language = next((each for each in LANGUAGES if each == requested), None)
    if language is None:
        sys.stderr.write(f"no words in {requested!r}: expected one of {', '.join(LANGUAGES)}\n")
        return 2
    built = City(words(language)).build()
    sys.stdout.write(JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(built) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
