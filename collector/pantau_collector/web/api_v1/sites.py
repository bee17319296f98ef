"""Sites: the camera clusters, each with one agent."""

from collections import Counter
from datetime import datetime
from http import HTTPStatus

from msgspec import Struct

from pantau_collector.fleet.view import CameraView, SiteView
from pantau_collector.inventory import Inventory
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.cameras import CameraFilter, matching
from pantau_collector.web.api_v1.cursor import CountedPage, Cursor, Limit, decode_cursor, page_after
from pantau_collector.web.api_v1.moments import moment
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_collector.web.api_v1.values import SiteId
from pantau_contract.states import State


class Site(Struct, frozen=True):
    """A site. `cameras` and `states` count its cameras, of those asked for, and within the scope.

    `online`: its agent is heard; `heard` is when it last was. `missing_batches` have not arrived. `certificate`
    is which certificate of its link to the broker ends first.
    """

    id: str
    name: str
    online: bool
    heard: datetime | None
    version: str
    missing_batches: int
    latitude: float | None
    longitude: float | None
    uplink: str
    certificate: str
    certificate_ends: datetime | None
    cameras: int
    states: dict[str, int]


class SitesQuery(CameraFilter, frozen=True):
    """Which cameras are counted; a site without any of them is left out."""

    online: bool | None = None
    limit: Limit = 100
    cursor: Cursor | None = None


def list_sites(asked: Asked, query: SitesQuery) -> CountedPage[Site]:
    """List sites, by id, with how many of their cameras are in which state."""
    after = decode_cursor(query.cursor, str)
    of_site: dict[str, list[CameraView]] = {}
    for site, camera in matching(asked, query):
        of_site.setdefault(site.id, []).append(camera)
    is_filtered = any((query.owner, query.maintainer, query.project, query.state, query.cause, query.text))
    wanted = frozenset(query.site)
    found = [
        each
        for each in asked.city.sites
        if (query.online is None or each.online is query.online)
        and (not wanted or each.id in wanted)
        and (not is_filtered or each.id in of_site)
    ]
    page, following = page_after(found, after, query.limit, lambda each: each.id)
    items = tuple(_describe(each, of_site.get(each.id, []), asked.inventory) for each in page)
    return CountedPage(items, len(found), following)


def get_site(asked: Asked, site: SiteId) -> Site:
    """Return one site."""
    for each in asked.city.sites:
        if each.id == site:
            return _describe(each, each.cameras, asked.inventory)
    raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such site")


def _describe(site: SiteView, cameras: "list[CameraView] | tuple[CameraView, ...]", inventory: Inventory) -> Site:
    counts = Counter(each.state for each in cameras)
    return Site(
        id=site.id,
        name=site.name,
        online=site.online,
        heard=moment(site.heard_ms),
        version=site.version,
        missing_batches=site.gaps,
        latitude=site.latitude,
        longitude=site.longitude,
        uplink=inventory.site(site.id).uplink,
        certificate=site.certificate,
        certificate_ends=moment(site.certificate_ends_ms),
        cameras=len(cameras),
        states={str(state): counts[state] for state in State if counts[state]},
    )
