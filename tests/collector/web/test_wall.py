from zoneinfo import ZoneInfo

import msgspec

from pantau_collector.fleet.view import CityView, IncidentView, SiteView
from pantau_collector.health import Health, Trouble, TroubleKind, with_view
from pantau_collector.web.times import Times, duration
from pantau_collector.web.wall import Wall
from pantau_collector.web.wall_builder import WHOLE_CITY, Scope, build_wall
from pantau_contract.states import Cause, State
from pantau_contract.words import words
from tests.collector.web.cities import MINUTE_MS, NOW_MS, batam, camera, city, incident, large, site

WORDS = words("en")
JAKARTA = ZoneInfo("Asia/Jakarta")


def wall(view: CityView, *, health: Health | None = None, now_ms: int = NOW_MS, scope: Scope = WHOLE_CITY) -> Wall:
    times = Times(WORDS, JAKARTA, now_ms)
    return build_wall(view, health or Health(), WORDS, times, now_ms=now_ms, scope=scope)


def test_each_state_is_counted_and_each_camera_has_a_tile() -> None:
    seen = wall(batam())
    counted = {count.state: count.number for count in seen.state_counts}
    assert counted == {
        State.OK: 5,
        State.DEGRADED: 1,
        State.IMPAIRED: 1,
        State.DOWN: 1,
        State.UNKNOWN: 4,
        State.DISABLED: 0,
    }
    assert sum(len(block.tiles) for block in seen.blocks) == seen.cameras == 12


def test_an_open_incident_tells_its_cause_meaning_remedy_and_people() -> None:
    frozen = next(card for card in wall(batam()).cards if card.title == "Jalur keluar")
    assert frozen.mark is State.IMPAIRED
    assert frozen.place == "Simpang Kabil"
    assert frozen.meaning == WORDS.meaning("frozen")
    assert frozen.remedy == WORDS.remedy("frozen")
    assert (frozen.owners, frozen.maintainers) == ("Dishub Batam", "PT Cahaya Kepri")
    assert frozen.when == "since 14:25"
    assert frozen.picture == f"pictures/simpang-kabil/jalur-keluar.jpg?t={NOW_MS - MINUTE_MS}"


def test_what_a_camera_is_and_what_is_known_against_its_firmware_is_shown() -> None:
    known = {"vendor": "hikvision", "model": "DS-2CD", "firmware": "V5.4.0", "firmware_note": "old"}
    gate = msgspec.structs.replace(camera("Gerbang", Cause.STALLED), **known)
    where = site("Pasar Induk", [gate])
    seen = wall(city([where], [incident(1, where, gate, "stalled", minutes=1)]))
    (card,), (tile,) = seen.cards, seen.blocks[0].tiles
    assert (card.hardware, card.firmware_note) == ("hikvision DS-2CD, firmware V5.4.0", "old")
    assert (tile.hardware, tile.firmware_note) == (card.hardware, card.firmware_note)
    assert wall(city([site("Pasar", [camera("Satu")])], [])).blocks[0].tiles[0].hardware == ""


def test_a_dead_site_is_one_card_and_its_cameras_are_quiet() -> None:
    cameras = [camera(f"Kamera {n}", Cause.UNREACHABLE) for n in range(16)]
    where = site("Pasar Induk", cameras)
    seen = wall(city([where], [incident(1, where, None, "site_dark", minutes=1)]))
    (card,) = seen.cards
    assert card.whole_site
    assert card.affected == 16
    assert len(card.names) < 16
    assert all(tile.covered and not tile.broken for tile in seen.blocks[0].tiles)
    assert seen.blocks[0].broken


def test_a_camera_that_works_on_in_a_site_with_an_incident_is_not_greyed() -> None:
    where = site("Pasar Induk", [camera("Satu"), camera("Dua", Cause.UNREACHABLE)])
    (block,) = wall(city([where], [incident(1, where, None, "site_dark", minutes=1)])).blocks
    assert [tile.covered for tile in block.tiles] == [False, True]


def test_whole_sites_come_first_then_the_gravest_then_the_newest() -> None:
    cameras = [
        camera("A", Cause.LOW_FPS),
        camera("B", Cause.BLACK),
        camera("C", Cause.STALLED),
        camera("D", Cause.STALLED),
    ]
    one, other = site("Satu", cameras), site("Dua", [camera("E", Cause.AGENT_GONE)])
    third = site("Tiga", cameras[:2])
    incidents = [
        incident(1, third, cameras[0], "low_fps", minutes=1),
        incident(2, third, cameras[1], "black", minutes=1),
        incident(3, one, cameras[2], "stalled", minutes=9),
        incident(4, one, cameras[3], "stalled", minutes=5),
        incident(5, other, None, "agent_gone", minutes=60),
    ]
    assert [card.id for card in wall(city([one, other, third], incidents)).cards] == [5, 4, 3, 2, 1]


def test_a_resolved_incident_stays_for_an_hour_and_then_goes() -> None:
    assert [card.title for card in wall(batam()).recovered] == ["Jalan Imam Bonjol"]
    assert wall(batam(), now_ms=NOW_MS + 40 * MINUTE_MS).recovered == ()


def test_a_cause_without_words_and_a_camera_that_is_gone_are_shown_all_the_same() -> None:
    where = site("Satu", [])
    (card,) = wall(city([where], [incident(1, where, camera("Hilang"), "uplink_gone", minutes=1)])).cards
    assert (card.title, card.meaning, card.mark) == ("hilang", "uplink gone", State.DOWN)


def broken(name: str, number: int, *, minutes: float = 1) -> tuple[SiteView, list[IncidentView]]:
    """Return a site with so many cameras that are down, each with its incident."""
    where = site(name, [camera(f"Kamera {n:04}", Cause.STALLED) for n in range(number)])
    first = sum(map(ord, name)) * 10_000
    return where, [
        incident(first + n, where, each, "stalled", minutes=minutes) for n, each in enumerate(where.cameras)
    ]


def test_more_incidents_than_anyone_reads_are_counted_in_place_of_shown() -> None:
    sites = [broken(f"Lokasi {n}", 1, minutes=n) for n in range(40)]
    seen = wall(city([where for where, _ in sites], [each for _, incidents in sites for each in incidents]))
    assert (len(seen.cards), seen.more_cards) == (24, 16)


def test_one_site_with_a_thousand_incidents_pushes_no_other_off_the_wall() -> None:
    hostile, flood = broken("Aaa", 1000)
    real, outage = broken("Zzz", 1, minutes=600)
    seen = wall(city([hostile, real], [*flood, *outage]))
    assert [card.case for card in seen.cards] == ["aaa", "aaa", "aaa", "zzz"]
    assert [card.more for card in seen.cards] == [0, 0, 997, 0]
    assert seen.more_cards == 997


def test_the_most_urgent_card_of_each_site_goes_before_the_second_of_any() -> None:
    sites = [broken(f"Lokasi {n:02}", 3, minutes=n) for n in range(23)]
    real, outage = broken("Zzz", 1, minutes=9999)
    seen = wall(
        city([*(where for where, _ in sites), real], [*(each for _, many in sites for each in many), *outage])
    )
    assert len(seen.cards) == 24
    assert {card.case for card in seen.cards} == {*(where.id for where, _ in sites), "zzz"}


def test_all_of_a_site_or_of_the_city_is_shown_to_who_asks_for_it() -> None:
    hostile, flood = broken("Aaa", 300)
    real, outage = broken("Zzz", 1)
    view = city([hostile, real], [*flood, *outage])
    alone = wall(view, scope=Scope(site="aaa"))
    assert (len(alone.cards), alone.more_cards, [block.key for block in alone.blocks]) == (300, 0, ["aaa"])
    assert (len(alone.blocks[0].tiles), len(alone.blocks[0].lines)) == (300, 300)
    everything = wall(view, scope=Scope(everything=True))
    assert (len(everything.cards), everything.more_cards, len(everything.blocks)) == (301, 0, 2)


def test_a_site_of_a_dense_wall_has_six_lines_and_256_marks_at_most() -> None:
    hostile, _ = broken("Aaa", 1000)
    (block,) = wall(city([hostile])).blocks
    assert (len(block.lines), block.more_lines) == (6, 250)
    assert (len(block.tiles), block.more, block.cameras) == (256, 744, 1000)


def test_cameras_that_are_not_in_the_inventory_come_last_and_take_no_pictures_off_the_wall() -> None:
    known = [camera("Satu", Cause.BLACK, picture_ms=NOW_MS)]
    invented = [msgspec.structs.replace(camera(f"Aaa {n}", Cause.STALLED), listed=False) for n in range(500)]
    where = site("Pasar Induk", [*invented, *known])
    shared = msgspec.structs.replace(
        incident(2, where, None, "unlisted_cameras", minutes=1), cameras=tuple(each.id for each in invented)
    )
    seen = wall(city([where], [shared, incident(1, where, known[0], "black", minutes=9)]))
    assert [(card.id, card.unlisted, card.whole_site) for card in seen.cards] == [
        (1, False, False),
        (2, True, False),
    ]
    assert (seen.cards[1].mark, seen.cards[1].affected, len(seen.cards[1].names)) == (State.DOWN, 500, 12)
    (block,) = seen.blocks
    assert (seen.dense, block.broken, block.more) == (False, False, 492)
    assert [tile.name for tile in block.tiles[:2]] == ["Satu", "Aaa 0"]
    assert [tile.covered for tile in block.tiles] == [False] + [True] * 8


def test_the_wall_shows_the_six_latest_recovered_incidents_two_of_a_site() -> None:
    sites = [site(f"Lokasi {n}", [camera("Hilang")]) for n in range(10)]
    many = [
        incident(10 * n + k, where, where.cameras[0], "stalled", minutes=90, ended_minutes=1 + 3 * n + k)
        for n, where in enumerate(sites)
        for k in range(3)
    ]
    assert [each.id for each in wall(city(sites, many)).recovered] == [0, 1, 10, 11, 20, 21]


def test_a_card_names_twelve_cameras_at_most() -> None:
    where = site("Satu", [camera(f"Kamera {n}", Cause.STALLED) for n in range(15)])
    (card,) = wall(city([where], [incident(1, where, None, "site_dark", minutes=1)])).cards
    assert (len(card.names), card.affected) == (12, 15)


def test_a_large_city_is_dense_and_a_small_one_is_not() -> None:
    assert not wall(batam()).dense
    assert not wall(large(60)).dense
    assert wall(large(65)).dense


def test_the_wall_is_the_same_while_only_time_passes_and_new_samples_come() -> None:
    view = batam()
    later = msgspec.structs.replace(
        view,
        time_ms=view.time_ms + 5000,
        sites=tuple(
            msgspec.structs.replace(
                where,
                heard_ms=where.heard_ms + (5000 if where.online else 0),
                cameras=tuple(
                    msgspec.structs.replace(each, sample_ms=NOW_MS + 5000, fps=24.0) for each in where.cameras
                ),
            )
            for where in view.sites
        ),
    )
    assert wall(view) == wall(later, now_ms=NOW_MS + 5000)


def test_a_new_picture_of_a_camera_that_works_changes_nothing_on_a_dense_wall() -> None:
    view = large(200)

    def with_new_pictures(state: State) -> CityView:
        return city(
            [
                msgspec.structs.replace(
                    where,
                    cameras=tuple(
                        msgspec.structs.replace(each, picture_ms=NOW_MS) if each.state is state else each
                        for each in where.cameras
                    ),
                )
                for where in view.sites
            ],
            view.incidents,
        )

    assert wall(with_new_pictures(State.OK)) == wall(view)
    assert wall(with_new_pictures(State.IMPAIRED)) != wall(view)


def test_a_view_that_stands_still_is_said_to_be_stale_with_its_time() -> None:
    fresh = with_view(Health(), view_age_s=15, stale_after_s=15)
    stale = with_view(Health(), view_age_s=15.1, stale_after_s=15)
    assert fresh.ok
    assert wall(batam(), health=fresh).stale_since == ""
    assert wall(batam(), health=stale, now_ms=NOW_MS + 15_100).stale_since == "14:32"


def test_the_collectors_troubles_are_shown() -> None:
    health = Health((Trouble(TroubleKind.BROKER_GONE, "connection refused"),))
    assert wall(batam(), health=health).troubles == (TroubleKind.BROKER_GONE,)


def test_times_of_another_day_carry_the_day() -> None:
    times = Times(WORDS, JAKARTA, NOW_MS)
    assert times.clock(NOW_MS) == "14:32"
    assert times.clock(NOW_MS - 24 * 60 * MINUTE_MS) == "23/11 14:32"


def test_durations_have_at_most_two_units() -> None:
    told = [duration(s, WORDS) for s in (-3, 0, 59.9, 60, 3599, 3600, 86_399, 86_400, 200_000)]
    assert told == ["0 s", "0 s", "59 s", "1 min", "59 min", "1 h 0 min", "23 h 59 min", "1 d 0 h", "2 d 7 h"]


def test_every_trouble_has_words_in_both_languages() -> None:
    for kind in TroubleKind:
        assert WORDS(f"wall.trouble.{kind}")
        assert words("id")(f"wall.trouble.{kind}")


def test_an_uplinks_incident_names_the_line_and_speaks_for_every_site_behind_it() -> None:
    one, two, apart = (site(name, [camera("cam1", Cause.UNREACHABLE)]) for name in ("kabil", "nongsa", "batu"))
    lost = msgspec.structs.replace(
        incident(1, one, None, "uplink_down", minutes=1),
        site="",
        uplink="telkom",
        sites=("kabil", "nongsa"),
        cameras=("kabil/cam1", "nongsa/cam1"),
        name="Telkom Baloi",
    )
    seen = wall(city([one, two, apart], [lost]))
    (card,) = seen.cards
    assert (card.title, card.affected, card.names) == ("Telkom Baloi", 2, ("cam1", "cam1"))
    assert card.place.endswith(": 2")
    assert [block.broken for block in seen.blocks] == [True, True, False]
    assert [block.tiles[0].covered for block in seen.blocks] == [True, True, False]


def test_a_switchs_incident_speaks_for_its_own_cameras_alone() -> None:
    where = site("kabil", [camera("cam1", Cause.UNREACHABLE), camera("cam2", Cause.UNREACHABLE)])
    dead = msgspec.structs.replace(
        incident(1, where, None, "device_down", minutes=1), device="sw1", cameras=("cam1",), name="Switch tiang"
    )
    seen = wall(city([where], [dead]))
    assert (seen.cards[0].title, seen.cards[0].place) == ("Switch tiang", where.name)
    assert (seen.blocks[0].broken, [tile.covered for tile in seen.blocks[0].tiles]) == (False, [True, False])


def test_a_camera_whose_pictures_are_not_judged_says_so_with_the_reason() -> None:
    why = "no keyframe of it comes whole"
    unseen = msgspec.structs.replace(camera("Gerbang"), picture_unseen=why)
    down = msgspec.structs.replace(camera("Pasar", Cause.STALLED), picture_unseen=why)
    first, second = wall(city([site("Pasar Induk", [unseen, down])], [])).blocks[0].tiles
    assert first.label == f"{WORDS.state(State.OK)}, but its pictures are not checked: {why}"
    assert second.label == WORDS.state(State.DOWN)
    assert (first.unseen, second.unseen) == (True, False)
