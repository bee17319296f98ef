"""From an incident to an alert, as Alertmanager's API v2 takes it (its api/v2/openapi.yaml, `postableAlert`).

Labels tell one alert from another, so they hold what an incident keeps: cause, place, owner, severity. Their
values come out of the inventory and a short list of causes; the incident's number, of which there is no end, is an
annotation.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory
from pantau_contract.words import Words

_SEVERITY = {"low": "info", "normal": "warning", "high": "critical"}
_CAMERAS_NAMED = 50

Labels = Mapping[str, str]


class Alert(Struct, frozen=True):
    """One incident. Times are UTC ms; `ends_ms` lies ahead while it goes on."""

    labels: Labels
    annotations: Mapping[str, str]
    starts_ms: int
    ends_ms: int
    generator_url: str = ""


def is_firing(incident: Incident) -> bool:
    """Whether somebody is to know of it now: not once it is over, nor in planned maintenance."""
    return incident.resolved_ms is None and not incident.downtime


def labels_of(incident: Incident, inventory: Inventory) -> dict[str, str]:
    """What tells the incident's alert from others; what it does not have is left out.

    `owner` names every owner of its cameras, in order and parted by commas: `owner=~"(.*,)?dishub(,.*)?"`.
    """
    cameras = [inventory.camera(site, camera) for site, camera in incident.members]
    labels = {
        "alertname": incident.cause,
        "uplink": incident.uplink or "",
        "site": incident.site,
        "device": incident.device or "",
        "camera": incident.camera or "",
        "owner": ",".join(sorted({camera.owner for camera in cameras if camera.owner})),
        "severity": _severity(incident, inventory),
    }
    return {name: value for name, value in labels.items() if value}


def make_alert(
    incident: Incident, inventory: Inventory, words: Words, *, ends_ms: int, public_url: str | None = None
) -> Alert:
    """The incident's alert, which ends (or will, if it is not sent again) at `ends_ms`."""
    names = [f"{site}/{camera}" for site, camera in incident.members]
    more = f" + {len(names) - _CAMERAS_NAMED}" if len(names) > _CAMERAS_NAMED else ""
    taken = incident.acknowledged
    annotations = {
        "summary": words.meaning(incident.cause),
        "remedy": words.remedy(incident.cause),
        "incident": str(incident.id),
        "cameras": ", ".join(names[:_CAMERAS_NAMED]) + more,
        "camera_count": str(len(names)),
        "acknowledged_by": taken.by if taken else "",
    }
    return Alert(
        labels=labels_of(incident, inventory),
        annotations={name: value for name, value in annotations.items() if value},
        starts_ms=min(incident.since_ms, ends_ms),
        ends_ms=ends_ms,
        generator_url=f"{public_url}/" if public_url else "",
    )


def to_api(alert: Alert) -> dict[str, Any]:
    """The alert as the API wants it."""
    said: dict[str, Any] = {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": _rfc3339(alert.starts_ms),
        "endsAt": _rfc3339(alert.ends_ms),
    }
    return said | ({"generatorURL": alert.generator_url} if alert.generator_url else {})


def _severity(incident: Incident, inventory: Inventory) -> str:
    """By the most critical of what it concerns."""
    things = [inventory.camera(site, camera).criticality for site, camera in incident.members]
    if incident.uplink is not None and (uplink := inventory.uplinks.get(incident.uplink)):
        things.append(uplink.criticality)
    if incident.device is not None and (device := inventory.devices.get((incident.site, incident.device))):
        things.append(device.criticality)
    if incident.camera is None and incident.site:
        things.append(inventory.site(incident.site).criticality)
    return _SEVERITY[max(things, key=list(_SEVERITY).index, default="normal")]


def _rfc3339(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
