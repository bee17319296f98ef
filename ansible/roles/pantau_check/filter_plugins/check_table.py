"""Makes a table of how each site is, out of what its machine and the collector say."""  # noqa: INP001 # Ansible finds it

from collections.abc import Iterator, Mapping
from typing import Any

_COLUMNS = (
    "host",
    "reached",
    "runs what is written",
    "heard",
    "cameras ok",
    "version",
    "certificate",
    "clock",
    "disk free",
)
_LEAST_FREE_MB = 500
_LEAST_DAYS = 30


def check_rows(machines: Mapping[str, Mapping[str, Any]], sites: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each machine of a site: what is known of it, and under `wrong` what is to be done about.

    Args:
        machines: by host its `site`, and as `stdout` what it says of itself, in lines `key=value`; nothing if it
            cannot be reached.
        sites: what `pantau-collector sites --json` prints.
    """
    heard = {site["site"]: site for site in sites}
    return [_row(host, machine, heard.get(machine["site"], {})) for host, machine in sorted(machines.items())]


def check_table(rows: list[dict[str, Any]]) -> list[str]:
    """Return the rows as lines with columns, the ones with something wrong first."""
    ordered = sorted(rows, key=lambda row: not row["wrong"])
    cells = [_COLUMNS, *([row[column] for column in _COLUMNS] for row in ordered)]
    widths = [max(len(str(line[number])) for line in cells) for number in range(len(_COLUMNS))]
    lines = ["  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    return [line.rstrip() for line in lines] + [
        f"{row['host']}: {what}" for row in ordered for what in row["wrong"]
    ]


def _row(host: str, machine: Mapping[str, Any], site: Mapping[str, Any]) -> dict[str, Any]:
    lines = (machine.get("stdout") or "").splitlines()
    said = dict(line.split("=", 1) for line in lines if "=" in line)
    row: dict[str, Any] = {
        "host": host,
        "reached": "yes" if said else "no",
        "runs what is written": said.get("runs", "?"),
        "heard": "yes" if site.get("online") else "no",
        "cameras ok": f"{site.get('cameras_ok', 0)}/{site.get('cameras', 0)}",
        "version": site.get("version") or "?",
        "certificate": "?" if site.get("certificate_days") is None else f"{site['certificate_days']:.0f} days",
        "clock": {"yes": "right", "no": "not set"}.get(said.get("clock", ""), "?"),
        "disk free": f"{said['free_mb']} MB" if "free_mb" in said else "?",
    }
    row["wrong"] = list(_wrong(said, site))
    return row


def _wrong(said: Mapping[str, str], site: Mapping[str, Any]) -> Iterator[str]:
    if not said:
        yield "it cannot be reached by ssh: is it on, and is its ssh key the one that your computer knows?"
    elif said.get("runs") != "yes":
        yield "what runs is not what is written: run agent.yml"
    if not site.get("online"):
        yield "the collector does not hear it: on the machine, sudo pantau-agent doctor"
    elif said.get("digest") and site.get("configuration") != said["digest"]:
        yield "the collector hears it with another configuration than the one that is written: run agent.yml"
    if said.get("clock") == "no":
        yield "its clock is not synchronised: timedatectl on the machine"
    if int(said.get("free_mb", _LEAST_FREE_MB)) < _LEAST_FREE_MB:
        yield f"only {said['free_mb']} MB of its disk are free"
    if (days := site.get("certificate_days")) is not None and days < _LEAST_DAYS:
        yield f"its certificate ({site.get('certificate')}) ends in {days:.0f} days: run site.yml"


class FilterModule:
    """The class that Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """Return the filters by name."""
        return {"check_rows": check_rows, "check_table": check_table}
