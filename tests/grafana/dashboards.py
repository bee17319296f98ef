"""The dashboards as they lie in the repository, and their queries as Grafana would send them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.grafana.history import END_MS, HOURS

FOLDER = Path(__file__).parents[2] / "collector" / "grafana" / "dashboards"
NAMES = ("city", "site", "camera", "agents", "collector", "availability")
Json = dict[str, Any]
EVERYTHING = {
    "owner": ".*",
    "maintainer": ".*",
    "project": ".*",
    "site": ".*",
    "camera": ".*",
    "collector": ".*",
    "points": "/^",
}
"""What the variables hold while everything is chosen."""
CHOSEN: dict[str, dict[str, str]] = {
    "site": {"site": "kabil"},
    "camera": {"site": "kabil", "camera": "selatan"},
}
"""What is chosen where one thing must be."""
LONG = {"points": '"long"./^'}
_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def load(name: str, language: str = "id") -> Json:
    """Return a dashboard."""
    content: Json = json.loads((FOLDER / language / f"{name}.json").read_text("utf-8"))
    return content


def panels(dashboard: Json) -> Iterator[Json]:
    """Yield the panels of a dashboard, also those in folded rows."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def panel_titled(name: str, title: str) -> Json:
    """Return a panel of a dashboard by its Indonesian title."""
    return next(panel for panel in panels(load(name)) if panel["title"] == title)


class Query(NamedTuple):
    """A query of a dashboard, and how far back its panel looks, as Grafana writes it; "" as the dashboard."""

    dashboard: str
    where: str
    text: str
    looks_back: str = ""

    def filled_in(
        self, choice: dict[str, str] | None = None, *, interval: str = "1m", end_ms: int = END_MS
    ) -> str:
        """Return what Grafana sends.

        All of a variable is its `allValue` as it stands; chosen values are `(a|b)`, each escaped. Times are
        absolute, in milliseconds.
        """
        looks_back = self.looks_back or f"{HOURS}h"
        begin_ms = end_ms - int(looks_back[:-1]) * _MS[looks_back[-1]]
        values = EVERYTHING | CHOSEN.get(self.dashboard, {}) | (choice or {})
        filled = self.text.replace("$timeFilter", f"time >= {begin_ms}ms and time <= {end_ms}ms")
        filled = filled.replace("$__interval", interval)
        for name, value in values.items():
            filled = filled.replace(f"${{{name}:raw}}", value).replace(f"${name}", value)
        assert "$" not in filled.replace("$/", ""), f"a variable that is not known: {filled}"
        return filled


def query_of(name: str, title: str) -> Query:
    """Return the first query of a panel, by its Indonesian title."""
    panel = panel_titled(name, title)
    return Query(name, title, panel["targets"][0]["query"], panel.get("timeFrom") or _range(load(name)))


def panel_queries() -> Iterator[Query]:
    """Yield every query of every panel."""
    for name in NAMES:
        dashboard = load(name)
        for panel in panels(dashboard):
            for target in panel.get("targets", []):
                where = f"{name}-{panel['id']}{target['refId']}-{panel['title']}"
                yield Query(name, where, target["query"], panel.get("timeFrom") or _range(dashboard))


def variable_queries() -> Iterator[Query]:
    """Yield every query of every variable."""
    for name in NAMES:
        for variable in load(name)["templating"]["list"]:
            if variable["type"] == "query":
                yield Query(name, f"{name}-{variable['name']}", variable["query"]["query"])


def annotation_queries() -> Iterator[Query]:
    """Yield every query of annotations."""
    for name in NAMES:
        for annotation in load(name)["annotations"]["list"]:
            yield Query(name, f"{name}-{annotation['name']}", annotation["target"]["query"])


def _range(dashboard: Json) -> str:
    """Return how far back a dashboard looks, but no further than the history if that is shorter than a day."""
    begin: str = dashboard["time"]["from"].removeprefix("now-")
    return begin if begin.endswith("d") else ""


def levels(query: str) -> list[str]:
    """Return the text of each SELECT or SHOW of a query by itself, with `()` in the place of each subquery."""
    found: list[str] = []
    while inner := re.search(r"\((SELECT (?:[^()]|\((?!SELECT )[^()]*\))*)\)", query):
        found.append(inner.group(1))
        query = query[: inner.start()] + "()" + query[inner.end() :]
    return [*found, query]


def unbounded(query: str) -> list[str]:
    """Return the levels of a query that nothing bounds in time: those that read points, or group by time."""
    return [
        level
        for level in levels(query)
        if "$timeFilter" not in level and ("()" not in level or "GROUP BY time(" in level)
    ]
