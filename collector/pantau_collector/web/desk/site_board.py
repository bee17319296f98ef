"""What the page of a site shows of this moment, as data."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from pantau_collector.fleet.view import CityView
from pantau_collector.inventory import Inventory
from pantau_collector.web.desk.camera_board import Gone
from pantau_collector.web.desk.facts import Fact, Rung, ladder, site_facts
from pantau_collector.web.desk.filter import members
from pantau_collector.web.desk.marks import broken_sites, site_mark
from pantau_collector.web.incident_cards import build_card
from pantau_collector.web.times import Times
from pantau_collector.web.wall_builder import picture_tiles
from pantau_contract.states import State
from pantau_contract.words import Words


class SiteHead(Struct, frozen=True):
    """A site's mark, and how many of its cameras work."""

    key: str
    name: str
    mark: State
    online: bool
    heard: str
    working: int
    cameras: int


class SiteAbout(Struct, frozen=True):
    """What is known of a site beside its cameras."""

    facts: tuple[Fact, ...]
    ladder: tuple[Rung, ...]


def site_board(
    city: CityView, words: Words, times: Times, *, site: str, inventory: Callable[[], Inventory]
) -> Mapping[str, object]:
    """Return what the template `site_board.html` shows."""
    its = next((each for each in city.sites if each.id == site), None)
    if its is None:
        return {"head": None, "gone": Gone(site)}
    sites = {each.id: each for each in city.sites}
    opened = [each for each in city.incidents if each.resolved_ms is None]
    concerned = [each for each in opened if each.site == site or any(key[0] == site for key in members(each))]
    return {
        "head": SiteHead(
            key=site,
            name=its.name or site,
            mark=site_mark(its, broken=site in broken_sites(city)),
            online=its.online,
            heard=times.clock(its.heard_ms) if its.heard_ms and not its.online else "",
            working=sum(each.state is State.OK for each in its.cameras),
            cameras=len(its.cameras),
        ),
        "tiles": picture_tiles(city, its, words, times),
        "cards": tuple(build_card(each, sites, words, times) for each in concerned),
        "about": SiteAbout(site_facts(its, words, times), ladder(its, "", inventory(), words)),
    }
