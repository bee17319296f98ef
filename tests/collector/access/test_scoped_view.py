from msgspec.structs import replace

from pantau_collector.access.scope import Scope
from pantau_collector.access.scoped_view import ScopedViews, within
from pantau_collector.fleet.view import CityView, IncidentView
from pantau_contract.states import Cause
from tests.collector.web.cities import NOW_MS, camera, site

PARK = replace(camera("Taman", Cause.BLACK), owner_id="dinas-taman", project="taman-2026")
ROAD = replace(camera("Jalan", Cause.BLACK), owner_id="dishub")
GATE = replace(camera("Gerbang", None), owner_id="dishub")
KABIL, NONGSA = site("Kabil", [PARK, ROAD]), site("Nongsa", [GATE])


def outage(id_: int, place: str = "", cameras: tuple[str, ...] = (), *, one: str | None = None) -> IncidentView:
    return IncidentView(id=id_, site=place, camera=one, cause="black", cameras=cameras, opened_ms=NOW_MS)


CITY = CityView(
    NOW_MS,
    (KABIL, NONGSA),
    (
        outage(1, KABIL.id, (PARK.id, ROAD.id)),
        outage(2, KABIL.id, (ROAD.id,), one=ROAD.id),
        outage(3, NONGSA.id),
        replace(
            outage(4, "", (f"{KABIL.id}/{PARK.id}", f"{NONGSA.id}/{GATE.id}")),
            uplink="fo-1",
            sites=(KABIL.id, NONGSA.id),
        ),
    ),
)


def test_an_owner_sees_their_own_cameras_and_no_name_of_another() -> None:
    seen = within(CITY, Scope(owners=("dinas-taman",)))
    assert [(each.id, [one.id for one in each.cameras]) for each in seen.sites] == [(KABIL.id, [PARK.id])]
    assert {each.id: (each.cameras, each.sites) for each in seen.incidents} == {
        1: ((PARK.id,), ()),
        4: ((f"{KABIL.id}/{PARK.id}",), (KABIL.id,)),
    }


def test_a_project_and_a_site_add_up() -> None:
    seen = within(CITY, Scope(projects=("taman-2026",), sites=(NONGSA.id,)))
    assert [[one.id for one in each.cameras] for each in seen.sites] == [[PARK.id], [GATE.id]]
    assert [each.id for each in seen.incidents] == [1, 3, 4]


def test_the_whole_city_is_the_view_itself_and_a_stranger_owner_sees_nothing() -> None:
    assert within(CITY, Scope()) is CITY
    seen = within(CITY, Scope(owners=("kominfo",)))
    assert (seen.sites, seen.incidents) == ((), ())


def test_a_scope_is_made_once_for_each_view() -> None:
    latest = [CITY]
    views = ScopedViews(lambda: latest[0])
    scope = Scope(owners=("dishub",))
    first = views(scope)
    assert views(scope) is first
    latest[0] = replace(CITY, time_ms=NOW_MS + 1000)
    assert views(scope).time_ms == NOW_MS + 1000


def test_an_owner_is_known_by_the_id_and_not_by_a_name_that_others_may_choose() -> None:
    named = replace(PARK, owner="Dinas Taman", owner_id="dinas-taman")
    other = replace(ROAD, owner="dinas-taman", owner_id="dishub")
    seen = within(CityView(NOW_MS, (site("Kabil", [named, other]),), ()), Scope(owners=("dinas-taman",)))
    assert [one.id for each in seen.sites for one in each.cameras] == [PARK.id]
