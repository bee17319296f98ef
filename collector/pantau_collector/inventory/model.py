"""The entries of an inventory, and the lookup of them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pantau_collector.names import Slug
from pantau_contract.printable import printable_line

_STRICT = ConfigDict(frozen=True, extra="forbid")


def _latitude(value: float) -> float:
    if not -90 <= value <= 90:
        swapped = "; is it the longitude, and are the two swapped?" if 94 <= value <= 142 else ""
        raise ValueError(f"expected -90 to 90 degrees, got {value:.10g}{swapped}")
    return value


def _longitude(value: float) -> float:
    if not -180 <= value <= 180:
        raise ValueError(f"expected -180 to 180 degrees, got {value:.10g}")
    return value


Name = Annotated[str, Field(max_length=400), AfterValidator(printable_line)]
"""A name for people. What is not printable in it, as a line break in a cell of a sheet, is taken out."""

Tag = Annotated[str, AfterValidator(printable_line)]
"""A word by which things are grouped."""

Latitude = Annotated[float, AfterValidator(_latitude)]
"""Degrees, WGS 84. A value that could be a longitude in Indonesia is rejected with a hint."""

Longitude = Annotated[float, AfterValidator(_longitude)]
"""Degrees, WGS 84."""

Criticality = Literal["low", "normal", "high"]
DeviceKind = Literal["host", "recorder", "supply", "switch"]


class Party(BaseModel):
    """An owner, such as a department, or a maintainer, such as a contractor."""

    model_config = _STRICT

    id: Slug
    name: Name = ""


class InventoryProject(BaseModel):
    """What the city builds: `owner` is an id, `contractor` a maintainer's id or a name; the dates include both."""

    model_config = _STRICT

    id: Slug
    name: Name = ""
    owner: str = ""
    contractor: Name = ""
    begin: date | None = None
    planned_end: date | None = None
    place: Name = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    budget_line: Name = ""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.begin is not None and self.planned_end is not None and self.planned_end < self.begin:
            raise ValueError(f"expected planned_end not before begin ({self.begin}), got {self.planned_end}")
        return self

    @property
    def title(self) -> str:
        """What people call it: its name, or its id if it has none."""
        return self.name or self.id


class Asset(BaseModel):
    """The fields of everything that has a place: `owner` and `maintainer` are ids.

    `project` is a project's id or name, or the name of one that is not listed. `contact` is whom to call there, as
    a name with a telephone number.
    """

    model_config = _STRICT

    id: Slug
    name: Name = ""
    owner: str = ""
    maintainer: str = ""
    project: Name = ""
    criticality: Criticality = "normal"
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    contact: Name = ""
    tags: list[Tag] = []


class InventoryUplink(Asset):
    """A connection of sites to the collector: a provider's line, a tower, a district. `via` is another uplink."""

    via: str = ""


class InventorySite(Asset):
    """A camera cluster, connected by `uplink`."""

    uplink: str = ""


class InventoryDevice(Asset):
    """A device between a site's cameras and its agent. `via` is another device at the same site."""

    site: Slug
    kind: DeviceKind
    via: str = ""


class InventoryCamera(Asset):
    """A camera at a site, connected `via` one of its devices; `project` is the city project that it watches."""

    site: Slug
    via: str = ""


Entry = Party | InventoryProject | Asset
"""Anything that an inventory lists."""

_OfSite = TypeVar("_OfSite", InventoryCamera, InventoryDevice)


class InventoryFile(BaseModel):
    """The tables of one inventory file."""

    model_config = _STRICT

    owner: list[Party] = []
    maintainer: list[Party] = []
    project: list[InventoryProject] = []
    uplink: list[InventoryUplink] = []
    site: list[InventorySite] = []
    device: list[InventoryDevice] = []
    camera: list[InventoryCamera] = []


class Inventory:
    """The inventory, looked up by id. Whatever is not in it is named by its id.

    A device or camera without owner or maintainer, or one that is not in the inventory, has its site's. A camera's
    `project` is what people call the project, also where its entry names it by its id.
    """

    def __init__(
        self,
        *,
        owners: Iterable[Party] = (),
        maintainers: Iterable[Party] = (),
        projects: Iterable[InventoryProject] = (),
        uplinks: Iterable[InventoryUplink] = (),
        sites: Iterable[InventorySite] = (),
        devices: Iterable[InventoryDevice] = (),
        cameras: Iterable[InventoryCamera] = (),
    ) -> None:
        self._listed_devices, self._listed_cameras = list(devices), list(cameras)
        self.owners = {owner.id: owner for owner in owners}
        self.maintainers = {maintainer.id: maintainer for maintainer in maintainers}
        self.projects = {project.id: project for project in projects}
        self._project_titles = {
            spelling: project.title
            for project in self.projects.values()
            for spelling in (project.id, project.title)
        }
        self.uplinks = {uplink.id: uplink for uplink in uplinks}
        self.sites = {site.id: site for site in sites}
        self.devices = {(device.site, device.id): self._with_parties(device) for device in self._listed_devices}
        self.cameras = {
            (camera.site, camera.id): self._with_project(self._with_parties(camera))
            for camera in self._listed_cameras
        }

    def listed(self) -> Iterator[tuple[str, Entry]]:
        """Yield each entry as it was listed, without its site's parties, after the name of its table."""
        tables: dict[str, Iterable[Entry]] = {
            "owner": self.owners.values(),
            "maintainer": self.maintainers.values(),
            "project": self.projects.values(),
            "uplink": self.uplinks.values(),
            "site": self.sites.values(),
            "device": self._listed_devices,
            "camera": self._listed_cameras,
        }
        for table, entries in tables.items():
            for entry in entries:
                yield table, entry

    def site(self, site: str) -> InventorySite:
        """Return the site, or an empty one with that id."""
        return self.sites.get(site) or InventorySite.model_construct(id=site)

    def camera(self, site: str, camera: str) -> InventoryCamera:
        """Return the camera, or an empty one with that id."""
        known = self.cameras.get((site, camera))
        return known or self._with_parties(InventoryCamera.model_construct(site=site, id=camera))

    def is_unlisted(self, site: str, camera: str) -> bool:
        """Return True if cameras are listed, and this one is not; without a list nothing can be told."""
        return bool(self.cameras) and (site, camera) not in self.cameras

    def owner_name(self, owner: str) -> str:
        """Return the owner's name, or its id if it has none; empty for no owner."""
        return _name(self.owners, owner)

    def maintainer_name(self, maintainer: str) -> str:
        """Return the maintainer's name, or its id if it has none; empty for no maintainer."""
        return _name(self.maintainers, maintainer)

    def project_title(self, project: str) -> str:
        """Return what people call a project, given its id or name; another text is returned unchanged."""
        return self._project_titles.get(project, project)

    def uplink_name(self, uplink: str) -> str:
        """Return the uplink's name, or its id if it has none."""
        return _name(self.uplinks, uplink)

    def device_name(self, site: str, device: str) -> str:
        """Return the device's name, or its id if it has none."""
        known = self.devices.get((site, device))
        return (known.name if known else "") or device

    def _with_project(self, camera: InventoryCamera) -> InventoryCamera:
        title = self.project_title(camera.project)
        return camera if title == camera.project else camera.model_copy(update={"project": title})

    def _with_parties(self, each: _OfSite) -> _OfSite:
        return with_parties(each, self.sites.get(each.site))


def with_parties(each: _OfSite, site: InventorySite | None) -> _OfSite:
    """Return a device or camera with its site's owner and maintainer where it has none of its own."""
    if site is None or (each.owner and each.maintainer):
        return each
    parties = {"owner": each.owner or site.owner, "maintainer": each.maintainer or site.maintainer}
    if parties == {"owner": each.owner, "maintainer": each.maintainer}:
        return each
    return each.model_copy(update=parties)


def _name(known: Mapping[str, Party | InventoryUplink], entry_id: str) -> str:
    found = known.get(entry_id)
    return (found.name if found else "") or entry_id
