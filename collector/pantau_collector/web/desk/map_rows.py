"""The sites as the map's list shows them; the map itself is drawn from the list."""

from collections.abc import Iterator

from msgspec import Struct

from pantau_collector.fleet.view import CityView, SiteView
from pantau_collector.web.desk.marks import GRAVEST_FIRST, WRONG, broken_sites, count_states, site_mark
from pantau_contract.states import State
from pantau_contract.words import Words


class SiteRow(Struct, frozen=True):
    """One site of the list. `counts` are the states but `ok` of its cameras; `place` is WGS 84 or None."""

    key: str
    name: str
    mark: State
    label: str
    cameras: int
    working: int
    wrong: int
    counts: tuple[tuple[State, int], ...]
    owners: str
    place: tuple[float, float] | None


def site_rows(city: CityView, words: Words) -> list[SiteRow]:
    """Return the sites, the gravest first, then by name."""
    rows = list(_rows(city, words))
    rows.sort(key=lambda row: (GRAVEST_FIRST.index(row.mark), row.name.casefold(), row.key))
    return rows


def _rows(city: CityView, words: Words) -> Iterator[SiteRow]:
    broken = broken_sites(city)
    for site in city.sites:
        mark = site_mark(site, broken=site.id in broken)
        states = count_states(site)
        yield SiteRow(
            key=site.id,
            name=site.name or site.id,
            mark=mark,
            label=_label(site, mark, words, broken=site.id in broken),
            cameras=len(site.cameras),
            working=states[State.OK],
            wrong=sum(states[each] for each in WRONG),
            counts=tuple((each, states[each]) for each in GRAVEST_FIRST if each is not State.OK and states[each]),
            owners=", ".join(dict.fromkeys(each.owner for each in site.cameras if each.owner)),
            place=None if site.latitude is None or site.longitude is None else (site.latitude, site.longitude),
        )


def _label(site: SiteView, mark: State, words: Words, *, broken: bool) -> str:
    if broken:
        return words("wall.whole_site") + ": " + words.state(State.DOWN)
    return words("desk.map.not_heard") if not site.online else words.state(mark)
