"""Brings the addresses that `pantau-agent discover` found into a site's file. No input or output."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pantau_collector.ansible_inventory.listed import Merged
from pantau_collector.ansible_inventory.site_file import CAMERAS


class Found(NamedTuple):
    """A stream that was found: of which host, which channel (from 1), and how it is written into a file."""

    host: str
    channel: int
    of_several: bool
    entry: dict[str, Any]


def found_in(devices: Any) -> Iterator[Found]:
    """Yield each stream in what `discover --json` printed.

    Raises:
        ValueError: it is something else.
    """
    for device in devices if isinstance(devices, list) else [devices]:
        try:
            channels = device["channels"]
            for number, channel in enumerate(channels, 1):
                url = str((channel["sub"] or channel["main"])["url"])
                if urlsplit(url).scheme not in {"rtsp", "rtsps", "http", "https", "rtmp", "rtmps"} or "@" in url:
                    raise ValueError(f"{url[:100]!r} is no address of a stream without a login")
                vendor = {"vendor": str(device["vendor"])} if device.get("vendor") else {}
                yield Found(str(device["host"]), number, len(channels) > 1, vendor | {"url": url})
        except (KeyError, TypeError, AttributeError):
            raise ValueError(
                "expected what `pantau-agent discover --json` prints: host, vendor, channels"
            ) from None


def with_found(
    content: Mapping[str, Any], found: list[Found], chosen: Mapping[tuple[str, int], str], login: Mapping[str, str]
) -> Merged:
    """Return a file's content with an address for each camera that was found.

    A stream belongs to the camera that is chosen for it, or that has its address already; else it becomes a new
    camera. A camera keeps its address, unless a stream is chosen for it. `login` goes to cameras that have none.

    Raises:
        ValueError: a stream is chosen that was not found.
    """
    if missing := sorted(set(chosen) - {(each.host, each.channel) for each in found}):
        host, channel = missing[0]
        raise ValueError(f"{chosen[missing[0]]}: nothing was found at {host}, channel {channel}")
    cameras = {str(camera["id"]): dict(camera) for camera in content.get(CAMERAS, [])}
    changes, remarks = [], []
    for each in found:
        identity = chosen.get((each.host, each.channel))
        there = next((id_ for id_, camera in cameras.items() if _is_at(camera, each)), None)
        if identity is None and there is not None:
            continue
        if identity is None:
            identity = _free(_slug(each), cameras)
            remarks.append(
                f"{identity}: new; if it is a camera of the list: --camera ID={each.host}/{each.channel}"
            )
        camera = cameras.setdefault(identity, {"id": identity})
        if {key: camera.get(key) for key in each.entry} == each.entry and "host" not in camera:
            continue
        for key in ("host", "port", "channel", "stream", "vendor", "url"):
            camera.pop(key, None)
        camera |= each.entry
        if "user" not in camera:
            camera |= login
        changes.append(f"camera {identity}: {each.entry['url']}")
    return Merged({**content, CAMERAS: list(cameras.values())}, changes, remarks)


def _is_at(camera: Mapping[str, Any], found: Found) -> bool:
    if camera.get("url"):
        same_host = urlsplit(str(camera["url"])).hostname == found.host
        return camera["url"] == found.entry["url"] or (same_host and not found.of_several)
    return camera.get("host") == found.host and int(camera.get("channel") or 1) == found.channel


def _slug(found: Found) -> str:
    host = re.sub(r"[^a-z0-9]+", "-", found.host.lower()).strip("-")[:50]
    return f"cam-{host}" + (f"-{found.channel}" if found.of_several else "")


def _free(wanted: str, taken: Mapping[str, Any]) -> str:
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
