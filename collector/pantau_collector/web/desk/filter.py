"""Which cameras a page shows: by owner, maintainer, project, state, cause, text. It stands in the address."""

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace
from starlette.datastructures import QueryParams

from pantau_collector.fleet.view import CameraView, CityView, IncidentView, SiteView
from pantau_collector.web.desk.requests import QueryError
from pantau_contract.states import CAUSES, State

MAX_TEXT = 200
"""Characters of one value at most."""
MAX_VALUES = 32
"""Values of one key at most."""


class Filter(Struct, frozen=True):
    """What is shown. An empty key lets everything through; of several values one must match, of the keys all.

    `text` is in lower case, and is looked for in the names and ids of camera and site.
    """

    owner: tuple[str, ...] = ()
    maintainer: tuple[str, ...] = ()
    project: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    cause: tuple[str, ...] = ()
    text: str = ""

    @property
    def is_empty(self) -> bool:
        """True if everything is shown."""
        return self == EVERYTHING

    def includes(self, site: SiteView, camera: CameraView) -> bool:
        """Return True if a camera is shown."""
        return (
            (not self.owner or camera.owner in self.owner)
            and (not self.maintainer or camera.maintainer in self.maintainer)
            and (not self.project or camera.project in self.project)
            and (not self.state or camera.state in self.state)
            and (not self.cause or (camera.cause or "") in self.cause)
            and (not self.text or self.text in _searched(site, camera))
        )

    def query(self, **others: object) -> str:
        """Return it as the query of an address, with other keys; empty if there is nothing to say."""
        pairs = [(key, value) for key, value in others.items() if value]
        pairs += [(key, value) for key in _KEYS for value in getattr(self, key)]
        pairs += [("text", self.text)] if self.text else []
        return urlencode(pairs)


_KEYS = ("owner", "maintainer", "project", "state", "cause")
EVERYTHING = Filter()


def read_filter(query: QueryParams) -> Filter:
    """Return the filter that an address asks for.

    Raises:
        QueryError: there is no such state or cause, or it asks for too much.
    """
    values = {key: tuple(dict.fromkeys(each for each in query.getlist(key) if each)) for key in _KEYS}
    text = " ".join(query.get("text", "").split()).casefold()
    for key, its in values.items():
        if len(its) > MAX_VALUES or any(len(value) > MAX_TEXT for value in its):
            raise QueryError(f"{key}: expected at most {MAX_VALUES} values of at most {MAX_TEXT} characters")
    if len(text) > MAX_TEXT:
        raise QueryError(f"text: expected at most {MAX_TEXT} characters")
    _check("state", values["state"], [each.value for each in State])
    _check("cause", values["cause"], list(CAUSES))
    return Filter(**values, text=text)


def _check(key: str, values: Iterable[str], known: list[str]) -> None:
    for value in values:
        if value not in known:
            raise QueryError(f"{key}: expected one of {', '.join(known)}")


class FilteredViews:
    """The city as one filter lets it through. A site that has not changed is not looked at again."""

    def __init__(self, view: Callable[[], CityView], filter_: Filter) -> None:
        self._view = view
        self._filter = filter_
        self._sites: dict[str, tuple[SiteView, SiteView | None]] = {}
        self._made: tuple[CityView, CityView] | None = None

    def __call__(self) -> CityView:
        """Return the latest view, with the sites that have any camera left, and the incidents that affect them."""
        city = self._view()
        if self._filter.is_empty:
            return city
        if self._made is None or self._made[0] is not city:
            known, self._sites = self._sites, {}
            sites = tuple(self._filtered_sites(city, known))
            cameras = {(site.id, camera.id) for site in sites for camera in site.cameras}
            incidents = tuple(each for each in city.incidents if any(key in cameras for key in members(each)))
            self._made = city, replace(city, sites=sites, incidents=incidents)
        return self._made[1]

    def _filtered_sites(
        self, city: CityView, known: dict[str, tuple[SiteView, SiteView | None]]
    ) -> Iterator[SiteView]:
        for site in city.sites:
            before, shown = known.get(site.id, (None, None))
            if before is not site:
                cameras = tuple(each for each in site.cameras if self._filter.includes(site, each))
                shown = site if len(cameras) == len(site.cameras) else replace(site, cameras=cameras)
                shown = shown if cameras else None
            self._sites[site.id] = site, shown
            if shown is not None:
                yield shown


def members(incident: IncidentView) -> Iterator[tuple[str, str]]:
    """Yield site and id of each camera that an incident affects."""
    for name in incident.cameras:
        site, slash, camera = name.partition("/")
        yield (site, camera) if slash else (incident.site, name)


class Choice(Struct, frozen=True):
    """The values of one key of the filter that there are in the city, each with its number of cameras."""

    key: str
    values: tuple[tuple[str, int], ...]


def choices(city: CityView) -> tuple[Choice, ...]:
    """Return what can be chosen."""
    counts: dict[str, dict[str, int]] = {key: {} for key in _KEYS}
    for site in city.sites:
        for camera in site.cameras:
            for key in _KEYS:
                value = getattr(camera, key)
                if value:
                    counts[key][value] = counts[key].get(value, 0) + 1
    return tuple(Choice(key, tuple(sorted(its.items(), key=lambda each: each[0]))) for key, its in counts.items())


def _searched(site: SiteView, camera: CameraView) -> str:
    return f"{camera.name}\n{camera.id}\n{site.name}\n{site.id}".casefold()
