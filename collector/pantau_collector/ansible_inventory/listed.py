"""Brings the names that the city's inventory has into a site's file. No input or output."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pantau_collector.ansible_inventory.site_file import CAMERAS, NAME


class Merged(NamedTuple):
    """A site's file as it becomes; `changes` and `remarks` are for people."""

    content: dict[str, Any]
    changes: list[str]
    remarks: list[str]


def with_listed(content: Mapping[str, Any], site_name: str, cameras: Mapping[str, str]) -> Merged:
    """Return a file's content with the site's name, and each camera by its id with its name.

    A camera that the list does not have stays, and is remarked; an empty name changes nothing.
    """
    changes, remarks = [], []
    if site_name and content.get(NAME) != site_name:
        changes.append(f"name: {site_name}")
    there = [dict(camera) for camera in content.get(CAMERAS, [])]
    for camera in there:
        name = cameras.get(str(camera["id"]))
        if name is None:
            remarks.append(f"camera {camera['id']} is not in the city's inventory: it stays")
        elif name and camera.get("name") != name:
            changes.append(f"camera {camera['id']}: name: {name}")
            camera["name"] = name
    known = {str(camera["id"]) for camera in there}
    for identity, name in cameras.items():
        if identity not in known:
            there.append({"id": identity} | ({"name": name} if name else {}))
            changes.append(f"camera {identity}: new")
    remarks += [
        f"camera {camera['id']} has no address yet: `inventory found` brings it, or write vendor and host"
        for camera in there
        if not camera.get("url") and not camera.get("host")
    ]
    rest = {key: value for key, value in content.items() if key not in (NAME, CAMERAS)}
    named = site_name or content.get(NAME)
    return Merged({**({NAME: named} if named else {}), **rest, CAMERAS: there}, changes, remarks)
