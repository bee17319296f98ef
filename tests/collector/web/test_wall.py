from zoneinfo import ZoneInfo

import msgspec

from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, Trouble, TroubleKind, with_view
from pantau_collector.web.times import Times, duration
from pantau_collector.web.wall import Wall
from pantau_collector.web.wall_builder import build_wall
from pantau_contract.states import Cause, State
from pantau_contract.words import words
from tests.collector.web.cities import MINUTE_MS, NOW_MS, batam, camera, city, incident, large, site

WORDS = words("en")
JAKARTA = ZoneInfo("Asia/Jakarta")


def wall(view: CityView, *, health: Health | None = None, now_ms: int = NOW_MS) -> Wall:
    return build_wall(view, health or Health(), WORDS, Times(WORDS, JAKARTA, now_ms), now_ms=now_ms)


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
    incidents = [
        incident(1, one, cameras[0], "low_fps", minutes=1),
        incident(2, one, cameras[1], "black", minutes=1),
        incident(3, one, cameras[2], "stalled", minutes=9),
        incident(4, one, cameras[3], "stalled", minutes=5),
        incident(5, other, None, "agent_gone", minutes=60),
    ]
    assert [card.id for card in wall(city([one, other], incidents)).cards] == [5, 4, 3, 2, 1]


def test_a_resolved_incident_stays_for_an_hour_and_then_goes() -> None:
    assert [card.title for card in wall(batam()).recovered] == ["Jalan Imam Bonjol"]
    assert wall(batam(), now_ms=NOW_MS + 40 * MINUTE_MS).recovered == ()


def test_a_cause_without_words_and_a_camera_that_is_gone_are_shown_all_the_same() -> None:
    where = site("Satu", [])
    (card,) = wall(city([where], [incident(1, where, camera("Hilang"), "uplink_gone", minutes=1)])).cards
    assert (card.title, card.meaning, card.mark) == ("hilang", "uplink gone", State.DOWN)


def test_more_incidents_than_anyone_reads_are_counted_in_place_of_shown() -> None:
    cameras = [camera(f"Kamera {n}", Cause.STALLED) for n in range(40)]
    where = site("Satu", cameras)
    seen = wall(city([where], [incident(n, where, each, "stalled", minutes=n) for n, each in enumerate(cameras)]))
    assert (len(seen.cards), seen.more_cards) == (24, 16)


def test_the_wall_shows_the_six_latest_recovered_incidents() -> None:
    where = site("Satu", [camera("Hilang")])
    many = [incident(n, where, where.cameras[0], "stalled", minutes=90, ended_minutes=n) for n in range(1, 20)]
    assert [each.id for each in wall(city([where], many)).recovered] == [1, 2, 3, 4, 5, 6]


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
