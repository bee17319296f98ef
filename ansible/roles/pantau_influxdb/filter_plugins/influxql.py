"""Writes names and texts as InfluxQL has them, and reads what a server answers."""  # noqa: INP001 # Ansible finds it by its folder

from typing import Any

from ansible.errors import AnsibleFilterError


def influxql_name(name: str) -> str:
    """Return an identifier in quotes."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def influxql_text(text: str) -> str:
    """Return a string literal, as a password is one."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def influxql_rows(answer: dict[str, Any]) -> list[list[Any]]:
    """Return the rows of the first series in an answer of `/query`, none if it has no series.

    Raises:
        AnsibleFilterError: a statement failed, which a server says in an answer with the status 200.
    """
    for result in answer["results"]:
        if "error" in result:
            raise AnsibleFilterError(f"InfluxDB: {result['error']}")
    series = answer["results"][0].get("series", [{}])
    return list(series[0].get("values", []))


class FilterModule:
    """The class that Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """Return the filters by name."""
        return {"influxql_name": influxql_name, "influxql_text": influxql_text, "influxql_rows": influxql_rows}
