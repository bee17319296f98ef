"""A scenario, as a TOML file: a site map, events and when they happen, and the notices that are expected."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pantau_collector.config import CollectorConfig
from pantau_collector.incidents.downtime import Downtime, DowntimeError, Scope, check
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite
from pantau_collector.inventory.check import problems
from pantau_collector.inventory.load import LoadedFile
from pantau_collector.inventory.model import InventoryFile
from pantau_collector.names import Slug
from pantau_collector.notices.recipients import (
    EscalationLevel,
    Group,
    NoticeRules,
    People,
    Recipient,
    check_people,
)
from pantau_collector.simulation.span import Jump, Span
from pantau_contract.states import Cause
from pantau_contract.topics import SLUG
from pantau_service.settings import ConfigError, did_you_mean, error_at, explain, place, read_toml

_STRICT = ConfigDict(frozen=True, extra="forbid")
"""Configuration of all models here: immutable, and unknown keys are errors."""
Action = Literal[
    "fail",
    "mend",
    "add",
    "remove",
    "restart",
    "broker_away",
    "store_away",
    "pause",
    "clock_step",
    "acknowledge",
    "withdraw",
    "downtime",
]


_MAX_TIMES = 100_000
"""How often one event may happen."""
_MAX_CAMERAS = 200_000
"""Cameras that all clusters may have together."""
_DEFAULT_DOWNTIME_S = 3600.0
"""Seconds of a downtime that does not state how long it lasts."""

_NOC = Recipient.model_validate({"id": "noc", "urls": ["json://localhost/noc"]})
"""The recipient of a scenario that names none."""


class Cluster(BaseModel):
    """Sites that are alike: `count` of them, `site1`, `site2` and so on, or a single one called `site`.

    Each has cameras `cam1` and so on, divided among its `switches`, which are `switch1` and so on.
    """

    model_config = _STRICT

    site: Annotated[Slug, Field(max_length=50)]
    count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    cameras: Annotated[int, Field(ge=1, le=1000)] = 1
    switches: Annotated[int, Field(ge=0, le=100)] = 0
    uplink: str = ""
    owner: str = ""
    maintainer: str = ""
    project: str = ""


class Event(BaseModel):
    """An event happens `at` a time, and again `every` so often until `until`.

    `what` are cameras (`site/camera`), devices (`site/device`), sites or uplinks; all of one event are affected
    within `spread`. The agent of a site that fails is no longer heard; the broker reports that if it `tells`,
    otherwise nobody does. What fails or is unavailable recovers by itself after it `lasts` so long.
    """

    model_config = _STRICT

    at: Span
    do: Action
    what: list[str] = []
    cause: Cause = Cause.UNREACHABLE
    lasts: Span | None = None
    every: Span | None = None
    until: Span | None = None
    spread: Span = 0
    tells: bool = True
    by: str = "somebody"
    scope: Scope = Scope.SITE
    rrule: str | None = None
    jump: Jump = 0

    @field_validator("every")
    @classmethod
    def _not_too_often(cls, value: float | None) -> float | None:
        if value is not None and value < 1:
            raise ValueError("expected 1s or more")
        return value

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if self.every and ((self.until or 0.0) - self.at) / self.every > _MAX_TIMES:
            raise error_at("until", f"expected an event that happens {_MAX_TIMES:,} times at most")
        return self

    def times(self) -> Iterator[float]:
        """Yield when the event happens, in seconds from the beginning."""
        at = self.at
        yield at
        while self.every and (at := at + self.every) <= (self.until or 0.0):
            yield at


class ExpectedNotice(BaseModel):
    """A notice that must go out `at` a time, or at most `within` so long after it."""

    model_config = _STRICT

    at: Span
    within: Span = 3
    to: str
    kind: str = "opened"
    about: str
    cause: str = ""


class Scenario(InventoryFile):
    """The whole scenario: the tables of an inventory, the people and rules of a configuration, and the events.

    A scenario without recipients has one, `noc`, who is notified of everything. `messages` is how many each must
    get.
    """

    name: str = ""
    lasts: Span
    starts: str = "2026-11-02T08:00:00+07:00"
    incidents: IncidentRules = IncidentRules(restart_grace_s=0)
    notices: NoticeRules = NoticeRules()
    recipient: tuple[Recipient, ...] = (_NOC,)
    group: tuple[Group, ...] = ()
    escalation: tuple[EscalationLevel, ...] = ()
    cluster: tuple[Cluster, ...] = ()
    event: tuple[Event, ...] = ()
    notice: tuple[ExpectedNotice, ...] | None = None
    messages: dict[str, int] = {}  # noqa: RUF012 - pydantic copies it

    @field_validator("starts")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        try:
            year = datetime.fromisoformat(value).year
        except ValueError:
            year = 0
        if not 1971 <= year <= 2500:
            raise ValueError("expected a time such as 2026-11-02T08:00:00+07:00, in a year from 1971 to 2500")
        return value

    @field_validator("cluster")
    @classmethod
    def _not_too_large(cls, value: tuple[Cluster, ...]) -> tuple[Cluster, ...]:
        if sum((each.count or 1) * each.cameras for each in value) > _MAX_CAMERAS:
            raise ValueError(f"expected {_MAX_CAMERAS:,} cameras at most, in all clusters together")
        return value

    @property
    def starts_ms(self) -> int:
        """The time at which it begins, UTC ms."""
        return int(datetime.fromisoformat(self.starts).timestamp() * 1000)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_people(self.recipient, self.group, self.escalation)
        return self

    @property
    def people(self) -> People:
        """The recipients, groups and levels of escalation."""
        return People(recipient=list(self.recipient), group=list(self.group), escalation=list(self.escalation))


def with_configuration(scenario: Scenario, config: CollectorConfig) -> Scenario:
    """Return the scenario with the people and rules of a configuration where it has none of its own."""
    configured = {
        "incidents": config.incidents,
        "notices": config.notices,
        "recipient": tuple(config.recipient),
        "group": tuple(config.group),
        "escalation": tuple(config.escalation),
    }
    own = scenario.model_fields_set
    return scenario.model_copy(update={key: value for key, value in configured.items() if key not in own})


def load_scenario(path: Path, known: Inventory | None = None) -> tuple[Scenario, Inventory]:
    """Read and check a scenario, and make its inventory; a scenario without a site map uses the known inventory.

    Raises:
        ConfigError: with one line for everything that is wrong: file, table and its number, key.
    """
    data = read_toml(path)
    try:
        scenario = Scenario(**data)
    except ValidationError as error:
        raise ConfigError(explain(error, Scenario, path)) from None
    content = _with_clusters(scenario)
    wrong = problems(LoadedFile(path, content).entries())
    if wrong:
        raise ConfigError(wrong)
    inventory = Inventory(
        owners=content.owner,
        maintainers=content.maintainer,
        uplinks=content.uplink,
        sites=content.site,
        devices=content.device,
        cameras=content.camera,
    )
    if not content.site and known is not None:
        inventory = known
    if not inventory.sites:
        raise ConfigError([f"{path}: expected a site map: at least one `cluster` or `site`, or an inventory"])
    wrong = [*_unknown(scenario, inventory, path), *_impossible_downtimes(scenario, path)]
    if wrong:
        raise ConfigError(wrong)
    return scenario, inventory


def targets(inventory: Inventory, what: str) -> list[tuple[str, str]]:
    """Return pairs of site and camera, the camera empty for the site's agent; none if there is no such thing."""
    if what in inventory.sites:
        return [(what, "")]
    if what in inventory.uplinks:
        return [(site.id, "") for site in inventory.sites.values() if what in _uplinks(inventory, site.uplink)]
    site, _, name = what.partition("/")
    if (site, name) in inventory.cameras:
        return [(site, name)]
    if (site, name) in inventory.devices:
        return [
            (site, camera)
            for (place, camera), known in inventory.cameras.items()
            if place == site and name in _devices(inventory, site, known.via)
        ]
    return []


def _uplinks(inventory: Inventory, uplink: str) -> list[str]:
    path: list[str] = []
    while uplink in inventory.uplinks and uplink not in path:
        path.append(uplink)
        uplink = inventory.uplinks[uplink].via
    return path


def _devices(inventory: Inventory, site: str, device: str) -> list[str]:
    path: list[str] = []
    while (site, device) in inventory.devices and device not in path:
        path.append(device)
        device = inventory.devices[site, device].via
    return path


def _with_clusters(scenario: Scenario) -> InventoryFile:
    sites, devices, cameras = list(scenario.site), list(scenario.device), list(scenario.camera)
    for cluster in scenario.cluster:
        names = [f"{cluster.site}{i}" for i in range(1, cluster.count + 1)] if cluster.count else [cluster.site]
        whose = {"owner": cluster.owner, "maintainer": cluster.maintainer}
        switches = [f"switch{i}" for i in range(1, cluster.switches + 1)]
        for site in names:
            sites.append(InventorySite.model_validate({"id": site, "uplink": cluster.uplink, **whose}))
            for switch in switches:
                device = {"site": site, "id": switch, "kind": "switch"}
                devices.append(InventoryDevice.model_validate({**device, **whose}))
            for i in range(cluster.cameras):
                via = switches[i * len(switches) // cluster.cameras] if switches else ""
                camera = {"site": site, "id": f"cam{i + 1}", "via": via, "project": cluster.project}
                cameras.append(InventoryCamera.model_validate({**camera, **whose}))
    return InventoryFile(
        owner=scenario.owner,
        maintainer=scenario.maintainer,
        uplink=scenario.uplink,
        site=sites,
        device=devices,
        camera=cameras,
    )


def _unknown(scenario: Scenario, inventory: Inventory, path: Path) -> list[str]:
    added = [what for event in scenario.event if event.do == "add" for what in event.what]
    wrong = [
        f"{place(path, ('event', i, 'what'))}: expected a new camera of a known site, as SITE/CAMERA, got `{what}`"
        for i, event in enumerate(scenario.event)
        if event.do == "add"
        for what in event.what
        if not _is_new_camera(what, inventory)
    ]
    wrong += [
        f"{place(path, ('event', i, 'what'))}: expected cameras, as SITE/CAMERA, got `{what}`"
        for i, event in enumerate(scenario.event)
        if event.do == "remove"
        for what in event.what
        if any(not camera for _, camera in targets(inventory, what))
    ]
    known = [
        *added,
        *inventory.uplinks,
        *inventory.sites,
        *("/".join(key) for key in (*inventory.devices, *inventory.cameras)),
    ]
    return wrong + [
        f"{place(path, ('event', i, 'what'))}: there is no `{what}`; {did_you_mean(what, known)}"
        for i, event in enumerate(scenario.event)
        if event.do in ("fail", "mend", "remove", "acknowledge", "withdraw")
        for what in event.what
        if what not in added and not targets(inventory, what)
    ]


def downtime_of(event: Event, what: str, now_ms: int) -> Downtime:
    """Return the downtime that an event plans for one thing at a time (UTC ms)."""
    lasts_ms = int((event.lasts or _DEFAULT_DOWNTIME_S) * 1000)
    return Downtime(
        id=0,
        scope=event.scope,
        target=what,
        start_ms=now_ms,
        end_ms=None if event.rrule else now_ms + lasts_ms,
        rrule=event.rrule,
        duration_s=lasts_ms // 1000,
        by=event.by,
        created_ms=now_ms,
    )


def _is_new_camera(what: str, inventory: Inventory) -> bool:
    site, _, camera = what.partition("/")
    return site in inventory.sites and SLUG.fullmatch(camera) is not None


def _impossible_downtimes(scenario: Scenario, path: Path) -> list[str]:
    lines = []
    for i, event in enumerate(scenario.event):
        if event.do != "downtime":
            continue
        try:
            check(downtime_of(event, "", scenario.starts_ms + int(event.at * 1000)))
        except DowntimeError as error:
            key = "rrule" if event.rrule else "lasts"
            lines.append(f"{place(path, ('event', i, key))}: {error}")
    return lines
