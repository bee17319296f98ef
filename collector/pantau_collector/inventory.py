"""The inventory: who owns and who mends what, and where it stands. A TOML file, checked as a whole.

The inventory says what a thing is called and whose it is; what there is, the agents say. So a camera that is not
in it is shown and watched all the same.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pantau_collector.config import Recipient, slug
from pantau_service.settings import ConfigError, did_you_mean, explain, place, read_toml

_STRICT = ConfigDict(frozen=True, extra="forbid")

Slug = Annotated[str, AfterValidator(slug)]
Name = Annotated[str, Field(max_length=400)]


class Party(BaseModel):
    """An owner, as a department, or a maintainer, as a contractor."""

    model_config = _STRICT

    id: Slug
    name: Name = ""


class InventorySite(BaseModel):
    """A camera cluster. Latitude and longitude in degrees, WGS 84."""

    model_config = _STRICT

    id: Slug
    name: Name = ""
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None


class InventoryCamera(BaseModel):
    """A camera at a site. `owner` and `maintainer` are ids; `project` names the city project it looks at."""

    model_config = _STRICT

    site: Slug
    id: Slug
    name: Name = ""
    owner: str = ""
    maintainer: str = ""
    project: Name = ""


class _File(BaseModel):
    model_config = _STRICT

    owner: list[Party] = []
    maintainer: list[Party] = []
    site: list[InventorySite] = []
    camera: list[InventoryCamera] = []


class Inventory:
    """The inventory, looked up by id. What is not in it has its id for a name, and nobody for an owner."""

    def __init__(
        self,
        *,
        owners: Iterable[Party] = (),
        maintainers: Iterable[Party] = (),
        sites: Iterable[InventorySite] = (),
        cameras: Iterable[InventoryCamera] = (),
    ) -> None:
        self.owners = {owner.id: owner for owner in owners}
        self.maintainers = {maintainer.id: maintainer for maintainer in maintainers}
        self.sites = {site.id: site for site in sites}
        self.cameras = {(camera.site, camera.id): camera for camera in cameras}

    def site(self, site: str) -> InventorySite:
        """The site, or an empty one of that id."""
        return self.sites.get(site) or InventorySite.model_construct(id=site)

    def camera(self, site: str, camera: str) -> InventoryCamera:
        """The camera, or an empty one of that id."""
        return self.cameras.get((site, camera)) or InventoryCamera.model_construct(site=site, id=camera)

    def owner_name(self, owner: str) -> str:
        """The owner's name for people; its id if it has none; empty for nobody."""
        return _name(self.owners, owner)

    def maintainer_name(self, maintainer: str) -> str:
        """The maintainer's name for people; its id if it has none; empty for nobody."""
        return _name(self.maintainers, maintainer)

    def strangers(self, recipients: Iterable[Recipient]) -> list[str]:
        """One line for each owner, maintainer or site that a recipient filters by and nobody knows."""
        return [
            f"recipient `{recipient.id}`: {key}: there is no {key[:-1]} `{wanted}`; {did_you_mean(wanted, known)}"
            for recipient in recipients
            for key, known in (("owners", self.owners), ("maintainers", self.maintainers), ("sites", self.sites))
            for wanted in sorted(getattr(recipient, key))
            if wanted not in known
        ]


def load_inventory(path: Path | None) -> Inventory:
    """Reads and checks an inventory; without a path it is empty.

    Raises:
        ConfigError: with one line for everything that is wrong: file, table and its number, key.
    """
    if path is None:
        return Inventory()
    data = read_toml(path)
    try:
        file = _File(**data)
    except ValidationError as error:
        raise ConfigError(explain(error, _File, path) + _doubles(data, path)) from None
    problems = _doubles(data, path) + _unknown(file, path)
    if problems:
        raise ConfigError(problems)
    return Inventory(owners=file.owner, maintainers=file.maintainer, sites=file.site, cameras=file.camera)


def _doubles(data: dict[str, Any], path: Path) -> list[str]:
    """A line for each entry whose id stands in an earlier one too; a camera's id is its site's business."""
    problems = []
    for table in ("owner", "maintainer", "site", "camera"):
        first: dict[tuple[object, ...], int] = {}
        entries = data.get(table)
        for i, entry in enumerate(entries if isinstance(entries, list) else []):
            key = (entry.get("site"), entry.get("id")) if table == "camera" else (entry.get("id"),)
            if not all(isinstance(part, str) for part in key):
                continue
            if first.setdefault(key, i) != i:
                name = "/".join(map(str, key))
                problems.append(
                    f"{place(path, (table, i, 'id'))}: expected each {table} once,"
                    f" and `{name}` stands in {table}[{first[key] + 1}] too"
                )
    return problems


def _unknown(file: _File, path: Path) -> list[str]:
    known = {
        "site": {site.id for site in file.site},
        "owner": {owner.id for owner in file.owner},
        "maintainer": {maintainer.id for maintainer in file.maintainer},
    }
    return [
        f"{place(path, ('camera', i, key))}: there is no {key} `{value}` in this file; {did_you_mean(value, ids)}"
        for i, camera in enumerate(file.camera)
        for key, ids in known.items()
        if (value := getattr(camera, key)) and value not in ids
    ]


def _name(parties: dict[str, Party], party: str) -> str:
    found = parties.get(party)
    return (found.name if found else "") or party
