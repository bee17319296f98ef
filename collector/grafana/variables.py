"""What is chosen at the top of a dashboard."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from grafana.conditions import BELONGING, EVERY_POINT, SUMMARIES
from grafana.influxql import SOURCE
from pantau_contract.words import Words

Variable = Builder[model.VariableModel]


def source(say: Words) -> Variable:
    """Return the choice of the InfluxDB."""
    return dashboard.DatasourceVariable("source").label(say("grafana.source")).type("influxdb")


def points(say: Words) -> Variable:
    """Return the choice between the points as they came and their summaries, for what goes back for years."""
    offered = {EVERY_POINT: say("grafana.points.all"), SUMMARIES: say("grafana.points.long")}
    return (
        dashboard.CustomVariable("points")
        .label(say("grafana.points.label"))
        .values(",".join(f"{text} : {value}" for value, text in offered.items()))
        .options(
            [
                model.VariableOption(selected=value == EVERY_POINT, text=text, value=value)
                for value, text in offered.items()
            ]
        )
        .current(model.VariableOption(selected=True, text=offered[EVERY_POINT], value=EVERY_POINT))
    )


def belonging(say: Words) -> list[Variable]:
    """Return the choices of owner, maintainer and project."""
    return [_several(say, name, _values("listing", name)) for name in ("owner", "maintainer", "project")]


def sites(say: Words, measurement: str = "agent") -> Variable:
    """Return the choice of sites, all at first."""
    return _several(say, "site", _values(measurement, "site"))


def sites_of_owners(say: Words) -> Variable:
    """Return the choice of sites that have a camera of the chosen owners, maintainers and projects."""
    return _several(say, "site", f"{_values('listing', 'site')} AND {BELONGING}")


def cameras_of_sites(say: Words) -> Variable:
    """Return the choice of cameras of the chosen sites."""
    return _several(say, "camera", f'{_values("camera", "camera")} AND "site" =~ /^$site$/')


def one_site(say: Words) -> Variable:
    """Return the choice of one site."""
    return _query(say, "site", _values("camera", "site"))


def one_camera(say: Words) -> Variable:
    """Return the choice of one camera of the chosen site."""
    return _query(say, "camera", f'{_values("camera", "camera")} AND "site" =~ /^$site$/')


def collectors(say: Words) -> Variable:
    """Return the choice of collectors."""
    return _several(say, "collector", _values("collector", "collector"))


def _values(measurement: str, tag: str) -> str:
    return f'SHOW TAG VALUES FROM "{measurement}" WITH KEY = "{tag}" WHERE $timeFilter'


def _query(say: Words, name: str, query: str) -> dashboard.QueryVariable:
    """Return a variable whose values are those of the range that is shown."""
    return (
        dashboard.QueryVariable(name)
        .label(say(f"grafana.{name}"))
        .datasource(SOURCE)
        .query({"query": query, "refId": "InfluxVariableQueryEditor-VariableQuery"})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


def _several(say: Words, name: str, query: str) -> dashboard.QueryVariable:
    """Return a variable with several choices; "all" is one regular expression, to keep queries short."""
    return (
        _query(say, name, query)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(selected=True, text="All", value="$__all"))
    )
