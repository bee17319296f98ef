"""The kinds of panels: how they look, independent of what they show."""

from collections.abc import Iterable, Sequence
from string import ascii_uppercase

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import table as table_model

from grafana.colours import BAD, TRANSPARENT
from grafana.influxql import SOURCE, InfluxQL

HIDDEN = [model.DynamicConfigValue("custom.hidden", value=True)]
COLOURED = [model.DynamicConfigValue("custom.cellOptions", {"type": "color-text"})]
FULL = 24
"""Columns of Grafana's grid."""
_HEIGHT = 8
"""Rows of Grafana's grid that a panel takes."""
_HALF = 12
"""Columns of half of Grafana's grid."""

Properties = list[model.DynamicConfigValue]


def series(title: str, query: str, *, alias: str, unit: str, limits: Iterable[float] = ()) -> timeseries.Panel:
    """Return a panel of lines over time, with a dashed line at each limit."""
    panel = (
        timeseries.Panel()
        .title(title)
        .datasource(SOURCE)
        .with_target(InfluxQL(query, alias=alias))
        .interval("30s")
        .unit(unit)
        .line_width(2)
        .fill_opacity(4)
        .show_points(options.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(options.LegendDisplayMode.TABLE)
            .placement(options.LegendPlacement.RIGHT)
            .calcs(["lastNotNull", "max"])
        )
        .height(_HEIGHT)
        .span(_HALF)
    )
    beyond: list[tuple[float | None, str]] = [(limit, BAD) for limit in limits]
    if not beyond:
        return panel
    line = common.GraphThresholdsStyleConfig().mode(options.GraphTresholdsStyleMode.DASHED)
    return panel.thresholds(steps((None, TRANSPARENT), *beyond)).thresholds_style(line)


def stack(title: str, shares: Sequence[tuple[str, str, str]]) -> timeseries.Panel:
    """Return a panel of stacked areas over time, each `(name, query, colour)`."""
    panel = (
        timeseries.Panel()
        .title(title)
        .datasource(SOURCE)
        .interval("1m")
        .stacking(common.StackingConfig().mode(options.StackingMode.NORMAL))
        .fill_opacity(70)
        .line_width(1)
        .show_points(options.VisibilityMode.NEVER)
        .min(0)
        .decimals(0)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(options.LegendDisplayMode.LIST)
            .placement(options.LegendPlacement.BOTTOM)
        )
        .height(_HEIGHT)
        .span(_HALF)
    )
    for name, query, colour in shares:
        panel = panel.with_target(InfluxQL(query, alias=name))
        fixed = model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})
        panel = panel.override_by_name(name, [fixed])
    return panel


def number(title: str, query: str, colour: str, *, unit: str = "short") -> stat.Panel:
    """Return a panel of one number, which is 0 if the query returns no rows."""
    return (
        stat.Panel()
        .title(title)
        .datasource(SOURCE)
        .with_target(InfluxQL(query))
        .no_value("0")
        .unit(unit)
        .color_mode(options.BigValueColorMode.VALUE)
        .graph_mode(options.BigValueGraphMode.NONE)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color(colour))
        .height(4)
        .span(3)
    )


def judged(title: str, query: str, thresholds: dashboard.ThresholdsConfig, *, unit: str = "short") -> stat.Panel:
    """Return a panel of one number, coloured by thresholds; a dash if the query returns no rows."""
    return (
        number(title, query, "text", unit=unit)
        .no_value("–")
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .thresholds(thresholds)
    )


def bars(
    title: str, query: str, *, alias: str, unit: str, thresholds: dashboard.ThresholdsConfig
) -> bargauge.Panel:
    """Return a panel with a bar for each series, as long as its last value, with its name and number."""
    return (
        bargauge.Panel()
        .title(title)
        .datasource(SOURCE)
        .with_target(InfluxQL(query, alias=alias))
        .unit(unit)
        .min(0)
        .thresholds(thresholds)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .orientation(options.VizOrientation.HORIZONTAL)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .height(_HEIGHT)
        .span(_HALF)
    )


def rows(title: str, query: str) -> table.Panel:
    """Return a panel with a table."""
    return (
        table.Panel()
        .title(title)
        .datasource(SOURCE)
        .with_target(InfluxQL(query, rows=True))
        .height(_HEIGHT)
        .span(_HALF)
    )


def timeline(title: str, query: str, *, alias: str, mappings: list[model.ValueMapping]) -> statetimeline.Panel:
    """Return a panel with a bar over time for each series, coloured and named by the mapping of its value."""
    return (
        statetimeline.Panel()
        .title(title)
        .datasource(SOURCE)
        .with_target(InfluxQL(query, alias=alias))
        .mappings(mappings)
        .show_value(options.VisibilityMode.AUTO)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(80)
        .height(_HEIGHT)
        .span(_HALF)
    )


def fold(title: str, panels: Sequence[Builder[model.Panel]], *, folded: bool) -> dashboard.Row:
    """Return a row heading. Only a folded row holds its panels itself."""
    row = dashboard.Row(title).collapsed(folded)
    if folded:
        for panel in panels:
            row = row.with_panel(panel)
    return row


def titled(title: str, *, unit: str = "") -> Properties:
    """Return the properties of a column's heading and unit."""
    named = [model.DynamicConfigValue("displayName", title)]
    return [*named, model.DynamicConfigValue("unit", unit)] if unit else named


def mapped(values: dict[str, model.ValueMappingResult]) -> Properties:
    """Return the properties that show a column's values by these mappings."""
    return [model.DynamicConfigValue("mappings", [model.ValueMap(values)])]


def shown_as(text: str, colour: str | None = None) -> model.ValueMappingResult:
    """Return how a value is shown."""
    return model.ValueMappingResult(text=text, color=colour)


def steps(*limits: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """Return thresholds, each a value and the colour from it on; the first has no value."""
    thresholds = [model.Threshold(value, colour) for value, colour in limits]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(thresholds)


def coloured_from(*limits: tuple[float | None, str]) -> Properties:
    """Return the properties that colour a table's column by thresholds."""
    return [model.DynamicConfigValue("thresholds", steps(*limits).build()), *COLOURED]


def finish(built: model.Dashboard) -> None:
    """Number the panels and name their queries A, B, C, as Grafana does when it saves a dashboard.

    Of a table's options only the order of its rows stays: the SDK writes others that Grafana 12 no longer has.
    """
    panels: list[model.Panel | model.RowPanel] = []
    for panel in built.panels or []:
        panels += [panel, *((panel.panels or []) if isinstance(panel, model.RowPanel) else [])]
    for panel_id, panel in enumerate(panels, start=1):
        panel.id_val = panel_id
        if isinstance(panel, model.Panel):
            for target, name in zip(panel.targets or [], ascii_uppercase, strict=False):
                if isinstance(target, InfluxQL):
                    target.ref_id = name
            if panel.type_val == "table":
                sort_by = panel.options.sort_by if isinstance(panel.options, table_model.Options) else None
                panel.options = {"showHeader": True} | ({"sortBy": sort_by} if sort_by else {})
