"""Queries in the form that Grafana's InfluxDB data source keeps them in, for which the SDK has no model."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard as model

SOURCE = model.DataSourceRef("influxdb", "${source}")
"""The data source that is chosen at the top of the dashboard."""


class InfluxQL(Dataquery, Builder["InfluxQL"]):
    """A query of a panel."""

    def __init__(self, query: str, *, alias: str = "", rows: bool = False) -> None:
        self.query = query
        self.alias = alias
        self.rows = rows
        self.ref_id = "A"

    def build(self) -> "InfluxQL":
        """Return the query itself: it is its own builder."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return the query in the form that a dashboard stores."""
        return {
            "refId": self.ref_id,
            "datasource": SOURCE,
            "rawQuery": True,
            "query": self.query,
            "resultFormat": "table" if self.rows else "time_series",
            "alias": self.alias,
        }


class AnnotationInfluxQL(model.AnnotationTarget):
    """A query of annotations: `text` and `tags` are the columns that are shown, `tags` separated by commas."""

    def __init__(self, query: str, *, text: str, tags: str) -> None:
        super().__init__(limit=100, match_any=False, tags=[], type_val="tags")
        self._more: dict[str, object] = {
            "refId": "Anno",
            "fromAnnotations": True,
            "rawQuery": True,
            "query": query,
            "textColumn": text,
            "tagsColumn": tags,
        }

    def to_json(self) -> dict[str, object]:
        """Return the query in the form that a dashboard stores."""
        return super().to_json() | self._more
