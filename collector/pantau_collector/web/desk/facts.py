"""What is known of a camera or a site beside its state: whose it is, what it is, what it hangs on."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from pantau_collector.fleet.view import CameraView, SiteView
from pantau_collector.incidents.subjects import device_of
from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import Inventory
from pantau_collector.web.camera_phrases import hardware
from pantau_collector.web.times import Times
from pantau_contract.words import Words


class Fact(Struct, frozen=True):
    """A line of a table. `path` is the page of the value, below the root, or empty."""

    key: str
    value: str
    path: str = ""
    grave: bool = False


class Rung(Struct, frozen=True):
    """What a camera hangs on, from the camera upwards: its kind as a word, and its name."""

    kind: str
    name: str
    path: str = ""


def camera_facts(camera: CameraView, words: Words, times: Times) -> tuple[Fact, ...]:
    """Return what is known of a camera; what is unknown is left out, except for who is responsible."""
    size = f"{camera.width}×{camera.height}" if camera.width and camera.height else ""
    stream = ", ".join(each for each in ((camera.codec or "").upper(), size) if each)
    lines = [
        Fact("owner", camera.owner or words("desk.fact.missing"), grave=not camera.owner),
        Fact("maintainer", camera.maintainer or words("desk.fact.missing"), grave=not camera.maintainer),
        Fact("project", camera.project),
        Fact("hardware", hardware(camera, words)),
        Fact("firmware_note", camera.firmware_note, grave=True),
        Fact("stream", stream),
        Fact("measured", times.clock(camera.sample_ms) if camera.sample_ms else ""),
        Fact("unlisted", "" if camera.listed else words("desk.fact.not_listed"), grave=True),
        Fact("id", camera.id),
    ]
    return tuple(each for each in lines if each.value)


def site_facts(site: SiteView, words: Words, times: Times) -> tuple[Fact, ...]:
    """Return what is known of a site and its agent."""
    place = "" if site.latitude is None or site.longitude is None else f"{site.latitude:.5f}, {site.longitude:.5f}"
    heard = times.clock(site.heard_ms) if site.heard_ms else words("desk.fact.never")
    certificate = words("desk.fact.certificate_ends", time=_day(site.certificate_ends_ms, times))
    lines = [
        Fact("heard", heard, grave=not site.online),
        Fact("version", site.version),
        Fact("gaps", str(site.gaps) if site.gaps else ""),
        Fact("certificate", certificate if site.certificate_ends_ms is not None else ""),
        Fact("place", place or words("desk.fact.missing"), grave=not place),
        Fact("owner", _joined(each.owner for each in site.cameras)),
        Fact("maintainer", _joined(each.maintainer for each in site.cameras)),
        Fact("id", site.id),
    ]
    return tuple(each for each in lines if each.value)


def ladder(site: SiteView, camera: str, inventory: Inventory, words: Words) -> tuple[Rung, ...]:
    """Return what stands between a camera, or a site if it is empty, and the collector."""
    topology = Topology(inventory)
    return tuple(_rungs(site, camera, inventory, topology, words))


def _rungs(site: SiteView, camera: str, inventory: Inventory, topology: Topology, words: Words) -> Iterator[Rung]:
    if camera:
        for subject in topology.devices(site.id).of_camera.get(camera, ()):
            device = device_of(subject)
            kind = words(f"desk.device.{inventory.devices[site.id, device].kind}")
            yield Rung(kind, inventory.device_name(site.id, device))
    yield Rung(words("desk.device.site"), site.name or site.id, f"sites/{site.id}" if camera else "")
    for uplink in topology.uplinks_of(site.id):
        yield Rung(words("desk.device.uplink"), inventory.uplink_name(uplink))
    yield Rung(words("desk.device.collector"), "Pantau")


def _day(time_ms: int | None, times: Times) -> str:
    return "" if time_ms is None else times.day(time_ms)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(each for each in names if each))
