"""What all dashboards have in common: their frame, their links, and the incidents that mark each plot."""

from collections.abc import Sequence
from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from grafana.colours import VERMILION
from grafana.influxql import SOURCE, AnnotationInfluxQL
from grafana.panels import finish, fold
from grafana.variables import Variable, source
from pantau_contract.words import Words

TAG = "pantau"
"""The tag of all our dashboards, by which they link to one another."""


class Row(NamedTuple):
    """Panels below a heading. `name` is its key among the words."""

    name: str
    panels: Sequence[Builder[model.Panel]]
    folded: bool = False


def build_board(
    say: Words,
    name: str,
    *,
    variables: Sequence[Variable],
    incidents: str,
    rows: Sequence[Row],
    begin: str = "now-6h",
) -> model.Dashboard:
    """Return a dashboard.

    Args:
        say: the words of its language.
        name: what it is called among the words and in its address.
        variables: what is chosen at its top, beside the data source.
        incidents: the query of the incidents that are marked in its plots.
        rows: its panels.
        begin: from when on it shows, as Grafana writes times.
    """
    builder = (
        dashboard.Dashboard(say(f"grafana.title.{name}"))
        .uid(f"pantau-{name}")
        .description(say(f"grafana.about.{name}"))
        .tags([TAG])
        .time(begin, "now")
        .timezone("browser")
        .refresh("1m")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(_others(say))
        .annotation(_marks(say, incidents))
        .with_variable(source(say))
    )
    for variable in variables:
        builder = builder.with_variable(variable)
    for row in rows:
        builder = builder.with_row(fold(say(f"grafana.row.{row.name}"), row.panels, folded=row.folded))
        for panel in () if row.folded else row.panels:
            builder = builder.with_panel(panel)
    built = builder.build()
    finish(built)
    return built


def to_site(say: Words, column: str = "site") -> model.DynamicConfigValue:
    """Return the link from a column of a table to its row's site."""
    return _link(say("grafana.link.site"), "pantau-site", site=column)


def to_camera(say: Words) -> model.DynamicConfigValue:
    """Return the link from a column of a table to its row's camera."""
    return _link(say("grafana.link.camera"), "pantau-camera", site="site", camera="camera")


def _link(title: str, uid: str, **columns: str) -> model.DynamicConfigValue:
    chosen = "".join(f"&var-{variable}=${{__data.fields.{column}}}" for variable, column in columns.items())
    url = f"/d/{uid}?${{source:queryparam}}{chosen}&${{__url_time_range}}"
    return model.DynamicConfigValue("links", [{"title": title, "url": url, "targetBlank": False}])


def _others(say: Words) -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink(say("grafana.link.others"))
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(True)
        .keep_time(True)
    )


def _marks(say: Words, query: str) -> dashboard.AnnotationQuery:
    builder = (
        dashboard.AnnotationQuery()
        .name(say("grafana.incidents"))
        .datasource(SOURCE)
        .enable(True)
        .icon_color(VERMILION)
    )
    built = builder.build()
    built.target = AnnotationInfluxQL(query, text="cause", tags="site,camera,kind")
    return builder
