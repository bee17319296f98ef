"""Converts an incident to an alert of Alertmanager's API v2 (its api/v2/openapi.yaml, `postableAlert`).

Labels distinguish alerts, so they hold what does not change during an incident: cause, place, owner, severity.
Their values come from the inventory and a short list of causes. The incident's number, which would make the set of
label values unbounded, is an annotation.
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
"""Cameras that an annotation names; it counts the others."""

Labels = Mapping[str, str]


class Alert(Struct, frozen=True):
    """An incident as an alert. Times are UTC ms; `ends_ms` lies in the future while the alert is firing."""

    labels: Labels
    annotations: Mapping[str, str]
    starts_ms: int
    ends_ms: int
    generator_url: str = ""


def is_firing(incident: Incident) -> bool:
    """Return True for an incident that is neither resolved nor within planned maintenance."""
    return incident.resolved_ms is None and not incident.downtime


def labels_of(incident: Incident, inventory: Inventory) -> dict[str, str]:
    """Return the labels of an incident's alert, without those that would be empty.

    `owner` holds every owner of its cameras, sorted and separated by commas: match it by
    `owner=~"(.*,)?dishub(,.*)?"`.
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
    """Return an incident's alert. It ended at `ends_ms`, or will end then unless it is sent again."""
    names = [f"{site}/{camera}" for site, camera in incident.members]
    more = f" + {len(names) - _CAMERAS_NAMED}" if len(names) > _CAMERAS_NAMED else ""
    acknowledgement = incident.acknowledged
    annotations = {
        "summary": words.meaning(incident.cause),
        "remedy": words.remedy(incident.cause),
        "incident": str(incident.id),
        "cameras": ", ".join(names[:_CAMERAS_NAMED]) + more,
        "camera_count": str(len(names)),
        "acknowledged_by": acknowledgement.by if acknowledgement else "",
    }
    return Alert(
        labels=labels_of(incident, inventory),
        annotations={name: value for name, value in annotations.items() if value},
        starts_ms=min(incident.since_ms, ends_ms),
        ends_ms=ends_ms,
        generator_url=f"{public_url}/" if public_url else "",
    )


def to_api(alert: Alert) -> dict[str, Any]:
    """Return an alert as the JSON object that the API expects."""
    content: dict[str, Any] = {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": _rfc3339(alert.starts_ms),
        "endsAt": _rfc3339(alert.ends_ms),
    }
    return content | ({"generatorURL": alert.generator_url} if alert.generator_url else {})


def _severity(incident: Incident, inventory: Inventory) -> str:
    """Return the severity that corresponds to the most critical thing that the incident affects."""
    criticalities = [inventory.camera(site, camera).criticality for site, camera in incident.members]
    if incident.uplink is not None and (uplink := inventory.uplinks.get(incident.uplink)):
        criticalities.append(uplink.criticality)
    if incident.device is not None and (device := inventory.devices.get((incident.site, incident.device))):
        criticalities.append(device.criticality)
    if incident.camera is None and incident.site:
        criticalities.append(inventory.site(incident.site).criticality)
    return _SEVERITY[max(criticalities, key=list(_SEVERITY).index, default="normal")]


def _rfc3339(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
