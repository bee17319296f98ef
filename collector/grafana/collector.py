"""The collector itself: what it takes in, keeps, writes, and what is wrong with it."""

from grafana_foundation_sdk.builders import dashboard, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import dashboard as model

from grafana import incidents, variables
from grafana.board import Row, build_board
from grafana.colours import BAD, TEXT, WELL
from grafana.conditions import OVER_TIME, points_of
from grafana.machines import certificate_steps
from grafana.panels import FULL, judged, number, series, shown_as, steps, timeline
from pantau_collector.certificate_watch import AT_ONCE_DAYS, SOON_DAYS
from pantau_contract.words import Words

_WHERE = '"collector" =~ /^$collector$/ AND $timeFilter'
_NOW = "5m"


def build(say: Words) -> model.Dashboard:
    """Return the dashboard in one language."""
    good = steps((None, WELL), (1, BAD))
    now = [
        _judged(say, "troubles", "troubles", good),
        _number(say, "incidents_open", "incidents_open"),
        _judged(say, "notices_pending", "notices_pending", steps((None, WELL), (100, BAD))),
        _number(say, "sites_known", "sites"),
        _number(say, "sites_online", "sites_online"),
        _number(say, "cameras_known", "cameras"),
        _judged(say, "sink_dead_lines", "sink_dead_lines", good),
        _certificate(say),
    ]
    return build_board(
        say,
        "collector",
        variables=[variables.collectors(say), variables.points(say)],
        incidents=incidents.marks(incidents.OF_ALL),
        rows=[
            Row("collector_now", [*now, _attentive(say)]),
            Row(
                "intake",
                [
                    _rate(say, "messages", "messages"),
                    _rate(say, "samples", "samples"),
                    _rate(say, "duplicates", "duplicates"),
                    _rate(say, "dead_letters", "dead_letters"),
                    _most(say, "waiting", "waiting", "short"),
                    _most(say, "batches_missing", "batches_missing", "short"),
                ],
            ),
            Row(
                "journal",
                [
                    _most(say, "journal", "journal_mb", "decmbytes"),
                    _most(say, "sink_behind", "sink_behind_mb", "decmbytes"),
                    _rate(say, "sink_lines", "sink_lines"),
                    _rate(say, "sink_retries", "sink_retries"),
                ],
            ),
            Row(
                "well_being",
                [
                    _most(say, "troubles", "troubles", "short"),
                    _most(say, "notices_pending", "notices_pending", "short"),
                    _most(say, "collector_memory", "memory_mb", "decmbytes"),
                    _rise(say, "attention_breaks", "attention_breaks"),
                    _rise(say, "clock_steps", "clock_steps"),
                    _most(say, "incidents_open", "incidents_open", "short"),
                ],
            ),
        ],
    )


def _last(field: str) -> str:
    return f'SELECT last("{field}") FROM "collector" WHERE {_WHERE}'


def _number(say: Words, name: str, field: str) -> stat.Panel:
    return number(say(f"grafana.panel.{name}"), _last(field), TEXT).time_from(_NOW)


def _judged(say: Words, name: str, field: str, thresholds: dashboard.ThresholdsConfig) -> stat.Panel:
    return judged(say(f"grafana.panel.{name}"), _last(field), thresholds).time_from(_NOW)


def _certificate(say: Words) -> stat.Panel:
    title = say("grafana.panel.certificates", soon=SOON_DAYS, now=AT_ONCE_DAYS)
    panel = judged(title, _last("certificate_days"), certificate_steps(), unit="d")
    return panel.time_from("1h").description(say("grafana.why.certificates"))


def _attentive(say: Words) -> statetimeline.Panel:
    mapping = model.ValueMap(
        {
            "0": shown_as(say("grafana.value.not_attentive"), BAD),
            "1": shown_as(say("grafana.value.attentive"), WELL),
        }
    )
    query = f'SELECT min("attentive") {points_of("collector")} WHERE {_WHERE} {OVER_TIME}, "collector" fill(null)'
    panel = timeline(say("grafana.panel.attentive"), query, alias="$tag_collector", mappings=[mapping])
    return panel.interval("1m").description(say("grafana.why.attentive")).height(4).span(FULL)


def _most(say: Words, name: str, field: str, unit: str) -> timeseries.Panel:
    query = f'SELECT max("{field}") {points_of("collector")} WHERE {_WHERE} {OVER_TIME}, "collector" fill(null)'
    return series(say(f"grafana.panel.{name}"), query, alias="$tag_collector", unit=unit)


def _rate(say: Words, name: str, field: str) -> timeseries.Panel:
    """Return the panel of a counter that starts from 0 again with the collector, by the second."""
    query = (
        f'SELECT non_negative_derivative(max("{field}"), 1s) {points_of("collector")}'
        f' WHERE {_WHERE} {OVER_TIME}, "collector" fill(none)'
    )
    panel = series(say(f"grafana.panel.{name}"), query, alias="$tag_collector", unit="cps")
    return panel.description(say("grafana.why.rate"))


def _rise(say: Words, name: str, field: str) -> timeseries.Panel:
    """Return the panel of how much a counter rose in each interval."""
    query = (
        f'SELECT non_negative_difference(max("{field}")) {points_of("collector")}'
        f' WHERE {_WHERE} {OVER_TIME}, "collector" fill(none)'
    )
    return series(say(f"grafana.panel.{name}"), query, alias="$tag_collector", unit="short")
