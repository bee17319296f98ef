"""From a city's outages to the messages that people get: the real pipeline, store and sender, in virtual time."""

from collections.abc import Callable
from typing import Any

from pantau_collector.incidents.downtime import Downtime, Scope
from pantau_collector.inventory import Inventory, InventoryCamera
from pantau_collector.notices.recipients import EscalationLevel, NoticeRules, Recipient
from pantau_collector.store import downtime_rows, request_rows
from tests.collector.incidents.play import EPOCH_MS, Play

Make = Callable[..., Play]
FIVE = {f"site{i}": 2 for i in range(1, 6)}
INVENTORY = Inventory(cameras=[InventoryCamera(site=site, id="cam1", owner="dishub") for site in FIVE])


def who(ident: str, **keys: Any) -> Recipient:
    return Recipient.model_validate({"id": ident, "urls": [f"json://localhost/{ident}"], **keys})


def to(city: Play, name: str) -> list[tuple[str, list[str]]]:
    """Return the messages that a recipient got: the kind of each, and what it was about."""
    letters: dict[str, tuple[str, list[str]]] = {}
    for notice in city.phone.received:
        if notice.recipient == name:
            key = notice.key.split(" ")[0]
            letters.setdefault(key, (notice.kind, []))[1].append(notice.about)
    return list(letters.values())


def test_an_owner_with_cameras_on_five_dead_sites_gets_one_message_and_one_when_they_are_back(play: Make) -> None:
    city = play(
        FIVE,
        recipients=[who("dishub", owners=["dishub"]), who("noc")],
        inventory=INVENTORY,
        notice_rules=NoticeRules(gather_s=30),
    )
    for i, site in enumerate(FIVE):
        city.at(50 + 5 * i, city.cut(site))
        city.at(300 + 5 * i, city.join(site))
    city.run(200)
    assert to(city, "dishub") == [("opened", list(FIVE))]
    notice = next(notice for notice in city.phone.received if notice.recipient == "dishub")
    assert [[camera.id for camera in notice.cameras] for notice in notice.message.notices] == [["cam1"]] * 5
    city.run(500)
    assert to(city, "dishub") == [("opened", list(FIVE)), ("resolved", list(FIVE))]
    assert len(to(city, "noc")) == 2


def test_a_night_of_outages_is_one_digest_in_the_morning_and_what_is_urgent_comes_at_once(play: Make) -> None:
    now_min = int((EPOCH_MS // 60_000 + 7 * 60) % (24 * 60))  # WIB
    ends = now_min + 10
    quiet = f"{(now_min - 60) // 60 % 24:02d}:00-{ends // 60 % 24:02d}:{ends % 60:02d}"
    cameras = [InventoryCamera(site="kabil", id=f"cam{n}") for n in (1, 2, 4)]
    inventory = Inventory(cameras=[*cameras, InventoryCamera(site="kabil", id="cam3", criticality="high")])
    city = play({"kabil": 4}, recipients=[who("ani", quiet_hours=[quiet])], inventory=inventory)
    city.at(50, city.fail("kabil", "cam1"))
    city.at(100, city.fail("kabil", "cam2"))
    city.at(150, city.fail("kabil", "cam3"))
    city.at(200, city.mend("kabil", "cam1"))
    city.run(550)
    assert to(city, "ani") == [("opened", ["kabil/cam3"])]
    city.run(700)
    assert to(city, "ani")[1:] == [("opened", ["kabil/cam1", "kabil/cam2", "kabil/cam1"])]
    digest = city.phone.received[-1].message
    assert "1 masih berlangsung, 1 sudah pulih" in digest.subject


def test_what_nobody_takes_goes_to_the_boss_and_what_somebody_takes_does_not(play: Make) -> None:
    city = play(
        {"kabil": 4},
        recipients=[who("ani", name="Ani"), who("ben"), who("boss", escalations_only=True)],
        escalation=[EscalationLevel(after_min=5, recipients=frozenset({"boss"}))],
    )

    def ani_takes(incident: int) -> Callable[[], None]:
        def event() -> None:
            with city.store.begin() as connection:
                request_rows.acknowledge(connection, incident, "Ani", None, created_ms=city.clock.time_ms())

        return event

    city.at(50, city.fail("kabil", "cam1"))
    city.at(100, ani_takes(1))
    city.at(200, city.fail("kabil", "cam2"))
    city.at(800, city.mend("kabil", "cam1"), city.mend("kabil", "cam2"))
    city.run(1000)
    assert to(city, "boss") == [("escalated", ["kabil/cam2"]), ("resolved", ["kabil/cam2"])]
    assert ("acknowledged", ["kabil/cam1"]) in to(city, "ben")
    assert "acknowledged" not in [kind for kind, _ in to(city, "ani")]
    (escalated,) = [notice.s for notice in city.phone.received if notice.kind == "escalated"]
    assert 520 <= escalated <= 525


def test_maintenance_is_announced_once_before_it_begins_also_over_a_restart(play: Make) -> None:
    city = play({"kabil": 4}, notice_rules=NoticeRules(announce_min=10))
    start_ms = EPOCH_MS + 1_200_000
    with city.store.begin() as connection:
        planned = Downtime(0, Scope.SITE, "kabil", start_ms, start_ms + 600_000, reason="ganti switch")
        downtime_rows.add_downtime(connection, planned)
    city.at(700, city.start)
    city.run(1100)
    assert to(city, "noc") == [("maintenance", ["kabil"])]
    assert 600 <= city.phone.received[0].s <= 665
    assert "ganti switch" in city.phone.received[0].message.text


def test_killed_while_a_digest_is_on_its_way_each_outage_is_in_it_all_the_same(play: Make) -> None:
    city = play({"kabil": 8}, recipients=[who("ani", hourly_limit=1)])
    for i in range(1, 6):
        city.at(50 * i, city.fail("kabil", f"cam{i}"))
    city.run(400)
    assert to(city, "ani") == [("opened", ["kabil/cam1"])]
    for second in range(3640, 3700, 7):
        city.at(second, city.start)
    city.run(3800)
    assert to(city, "ani")[1:] == [("opened", [f"kabil/cam{i}" for i in range(2, 6)])]
