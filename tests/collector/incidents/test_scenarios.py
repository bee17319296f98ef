"""Scenarios: events with times, and the notices that are expected, with times and tolerances."""

from collections.abc import Callable

from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.inventory import (
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventorySite,
    InventoryUplink,
    Party,
)
from pantau_contract.states import Cause
from tests.collector.incidents.play import Expected, Play, assert_received, recipient

Make = Callable[..., Play]


def test_a_camera_that_stalls_is_told_once_after_settling_and_its_recovery_once(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.fail("kabil", "cam1"))
    city.at(300, city.mend("kabil", "cam1"))
    city.run(400)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam1", "stalled"),
        Expected(320, "resolved", "kabil/cam1", "stalled"),
    )


def test_a_camera_that_is_back_before_settling_is_not_told(play: Make) -> None:
    city = play({"kabil": 4})
    for second in range(50, 400, 40):
        city.at(second, city.fail("kabil", "cam1"))
        city.at(second + 15, city.mend("kabil", "cam1"))
    city.run(450)
    assert_received(city)


def test_a_camera_that_flaps_after_settling_is_told_once_for_recoveries_are_held_back(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.fail("kabil", "cam1"))
    for second in range(100, 400, 20):
        city.at(second, city.mend("kabil", "cam1"))
        city.at(second + 10, city.fail("kabil", "cam1"))
    city.at(400, city.mend("kabil", "cam1"))
    city.run(1000)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam1", "stalled"),
        Expected(140, "flapping", "kabil/cam1", "stalled"),
        Expected(820, "resolved", "kabil/cam1", "stalled"),
    )


def test_a_cause_that_changes_while_it_settles_does_not_begin_anew(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.fail("kabil", "cam1", Cause.STALLED))
    city.at(65, city.fail("kabil", "cam1", Cause.REFUSED))
    city.run(100)
    assert_received(city, Expected(70, "opened", "kabil/cam1", "refused"))


def test_an_agent_that_has_not_looked_again_yet_ends_nothing(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.fail("kabil", "cam1"))
    city.at(200, city.fail("kabil", "cam1", Cause.STARTING))
    city.at(300, city.fail("kabil", "cam1"))
    city.at(400, city.mend("kabil", "cam1"))
    city.run(450)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam1", "stalled"),
        Expected(420, "resolved", "kabil/cam1", "stalled"),
    )


def test_a_degraded_camera_opens_nothing_and_an_impaired_one_does(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.fail("kabil", "cam1", Cause.LOW_FPS), city.fail("kabil", "cam2", Cause.FROZEN))
    city.run(150)
    assert_received(city, Expected(70, "opened", "kabil/cam2", "frozen"))


def test_a_cause_has_its_own_settle_time(play: Make) -> None:
    rules = IncidentRules(restart_grace_s=0, settle_s_by_cause={Cause.BLACK: 100})
    city = play({"kabil": 4}, rules=rules)
    city.at(50, city.fail("kabil", "cam1", Cause.BLACK), city.fail("kabil", "cam2"))
    city.run(200)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam2", "stalled"),
        Expected(150, "opened", "kabil/cam1", "black"),
    )


def test_another_cause_of_the_same_outage_is_no_new_notice(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.fail("kabil", "cam1", Cause.STALLED))
    city.at(120, city.fail("kabil", "cam1", Cause.UNREACHABLE))
    city.at(300, city.mend("kabil", "cam1"))
    city.run(350)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam1", "stalled"),
        Expected(320, "resolved", "kabil/cam1", "unreachable"),
    )


def test_a_switch_with_sixteen_cameras_is_one_incident_also_if_they_go_one_after_another(play: Make) -> None:
    city = play({"kabil": 16})
    for number in range(1, 17):
        city.at(50 + number, city.fail("kabil", f"cam{number}", Cause.UNREACHABLE))
        city.at(300 + number, city.mend("kabil", f"cam{number}"))
    city.run(400)
    assert_received(
        city,
        Expected(86, "opened", "kabil", "site_dark"),
        Expected(336, "resolved", "kabil", "site_dark"),
    )
    assert city.pipeline.view.incidents[0].cameras == tuple(sorted(f"cam{number}" for number in range(1, 17)))


def test_siblings_that_never_settle_do_not_hold_an_outage_back_for_ever(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.fail("kabil", "cam1"))
    for second in range(55, 200, 20):
        city.at(second, city.fail("kabil", "cam2"), city.mend("kabil", "cam3"))
        city.at(second + 10, city.fail("kabil", "cam3"), city.mend("kabil", "cam2"))
    city.run(200)
    assert_received(city, Expected(90, "opened", "kabil/cam1", "stalled"))


def test_cameras_told_one_by_one_merge_when_the_rest_of_the_site_follows(play: Make) -> None:
    city = play({"kabil": 3})
    city.at(50, city.fail("kabil", "cam1"))
    city.at(100, city.fail("kabil", "cam2"), city.fail("kabil", "cam3"))
    city.at(300, *(city.mend("kabil", f"cam{number}") for number in (1, 2, 3)))
    city.run(400)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam1", "stalled"),
        Expected(120, "opened", "kabil", "site_dark"),
        Expected(320, "resolved", "kabil", "site_dark"),
    )


def test_a_camera_long_down_keeps_its_own_incident_when_the_site_goes_dark(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.fail("kabil", "cam1", Cause.AUTH_FAILED))
    city.at(500, *(city.fail("kabil", f"cam{number}") for number in (2, 3, 4)))
    city.at(700, *(city.mend("kabil", f"cam{number}") for number in (2, 3, 4)))
    city.run(800)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam1", "auth_failed"),
        Expected(520, "opened", "kabil", "site_dark"),
        Expected(720, "resolved", "kabil", "site_dark"),
    )


def test_a_child_that_stays_down_when_its_parent_ends_becomes_its_own_incident_at_once(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, *(city.fail("kabil", f"cam{number}") for number in (1, 2, 3, 4)))
    city.at(200, *(city.mend("kabil", f"cam{number}") for number in (1, 2, 3)))
    city.run(400)
    assert_received(
        city,
        Expected(70, "opened", "kabil", "site_dark"),
        Expected(310, "resolved", "kabil", "site_dark"),
        Expected(310, "opened", "kabil/cam4", "stalled"),
    )


def test_a_power_cut_that_returns_in_waves_ends_once(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.cut("kabil"))
    city.at(200, *(city.fail("kabil", f"cam{number}", Cause.UNREACHABLE) for number in (1, 2, 3, 4)))
    city.at(200, city.join("kabil"))
    for number in (1, 2, 3, 4):
        city.at(220 + 15 * number, city.mend("kabil", f"cam{number}"))
    city.run(500)
    assert_received(
        city,
        Expected(70, "opened", "kabil", "agent_gone"),
        Expected(300, "resolved", "kabil", "agent_gone"),
    )


def test_what_happened_behind_a_lost_uplink_is_judged_when_it_returns(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.cut("kabil"))
    city.at(100, city.fail("kabil", "cam2"))
    city.at(600, city.join("kabil"))
    city.run(800)
    assert_received(
        city,
        Expected(70, "opened", "kabil", "agent_gone"),
        Expected(710, "resolved", "kabil", "agent_gone"),
        Expected(710, "opened", "kabil/cam2", "stalled"),
    )


def test_a_short_loss_of_the_uplink_tells_nothing_but_what_it_hid(play: Make) -> None:
    city = play({"kabil": 16})
    city.at(50, city.cut("kabil", will=False))
    for number in range(1, 17):
        city.at(60, city.fail("kabil", f"cam{number}", Cause.UNREACHABLE))
    city.at(100, city.join("kabil"))
    city.run(200)
    assert_received(city, Expected(102, "opened", "kabil", "site_dark", within_s=5))


def test_an_agent_that_is_restarted_is_not_told(play: Make) -> None:
    city = play({"kabil": 4})
    for second in (50, 100, 150):
        city.at(second, city.cut("kabil"))
        city.at(second + 15, city.join("kabil"))
    city.run(250)
    assert_received(city)


def test_an_uplink_that_flaps_is_one_incident(play: Make) -> None:
    city = play({"kabil": 4})
    city.at(50, city.cut("kabil"))
    for second in range(100, 400, 30):
        city.at(second, city.join("kabil"))
        city.at(second + 10, city.cut("kabil"))
    city.at(400, city.join("kabil"))
    city.run(1000)
    assert_received(
        city,
        Expected(70, "opened", "kabil", "agent_gone"),
        Expected(160, "flapping", "kabil", "agent_gone"),
        Expected(820, "resolved", "kabil", "agent_gone"),
    )


def test_a_new_camera_that_never_worked_has_a_grace(play: Make) -> None:
    city = play({"kabil": 3})

    def add() -> None:
        city.agents["kabil"].set("cam9", Cause.AUTH_FAILED)
        city.agents["kabil"].session += 1
        city.hear(*city.agents["kabil"].birth())

    city.at(50, add)
    city.run(300)
    assert_received(city, Expected(170, "opened", "kabil/cam9", "auth_failed"))


def test_a_new_camera_that_is_mended_within_its_grace_is_not_told(play: Make) -> None:
    city = play({"kabil": 3})
    city.at(10, city.fail("kabil", "cam9", Cause.AUTH_FAILED))
    city.at(100, city.mend("kabil", "cam9"))
    city.run(200)
    assert_received(city)


def test_a_camera_taken_out_of_the_configuration_ends_its_incident(play: Make) -> None:
    city = play({"kabil": 3})
    city.at(50, city.fail("kabil", "cam1"))

    def remove() -> None:
        del city.agents["kabil"].cameras["cam1"]
        city.agents["kabil"].session += 1
        city.hear(*city.agents["kabil"].birth())

    city.at(200, remove)
    city.run(300)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam1", "stalled"),
        Expected(200, "resolved", "kabil/cam1", "stalled"),
    )
    assert [camera.id for camera in city.pipeline.view.sites[0].cameras] == ["cam2", "cam3"]


def test_two_causes_at_once_are_two_incidents(play: Make) -> None:
    city = play({"kabil": 4, "nongsa": 2})
    city.at(50, city.fail("kabil", "cam1", Cause.FROZEN), city.cut("nongsa"))
    city.run(150)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam1", "frozen"),
        Expected(70, "opened", "nongsa", "agent_gone"),
    )


def test_each_owner_is_told_of_its_own_and_of_the_end_only_who_was_told(play: Make) -> None:
    inventory = Inventory(
        owners=[Party(id="dishub"), Party(id="polisi")],
        cameras=[
            InventoryCamera(site="kabil", id="cam1", owner="dishub"),
            InventoryCamera(site="kabil", id="cam2", owner="polisi"),
        ],
    )
    recipients = [
        recipient("noc"),
        recipient("dishub", owners=["dishub"]),
        recipient("polisi", owners=["polisi"]),
    ]
    city = play({"kabil": 3}, inventory=inventory, recipients=recipients)
    city.at(50, city.fail("kabil", "cam1"))
    city.at(200, city.mend("kabil", "cam1"))
    city.at(300, city.cut("kabil"))
    city.run(400)
    assert_received(
        city,
        Expected(70, "opened", "kabil/cam1", "stalled", "noc"),
        Expected(70, "opened", "kabil/cam1", "stalled", "dishub"),
        Expected(220, "resolved", "kabil/cam1", "stalled", "noc"),
        Expected(220, "resolved", "kabil/cam1", "stalled", "dishub"),
        Expected(320, "opened", "kabil", "agent_gone", "noc"),
        Expected(320, "opened", "kabil", "agent_gone", "dishub"),
        Expected(320, "opened", "kabil", "agent_gone", "polisi"),
    )


def test_an_owner_that_an_outage_comes_to_concern_is_told_then(play: Make) -> None:
    inventory = Inventory(
        owners=[Party(id="polisi")], cameras=[InventoryCamera(site="kabil", id="cam9", owner="polisi")]
    )
    recipients = [recipient("polisi", owners=["polisi"])]
    city = play({"kabil": 2}, inventory=inventory, recipients=recipients)
    city.at(50, city.cut("kabil"))
    city.run(100)
    assert_received(city)
    city.agents["kabil"].cameras["cam9"] = city.agents["kabil"].cameras["cam1"]
    city.at(110, city.join("kabil"))
    city.at(112, city.cut("kabil"))
    city.at(200, city.join("kabil"))
    city.run(300)
    assert_received(
        city,
        Expected(110, "opened", "kabil", "agent_gone", "polisi"),
        Expected(220, "resolved", "kabil", "agent_gone", "polisi"),
    )


def test_the_only_camera_of_a_site_explains_as_much_as_the_site(play: Make) -> None:
    city = play({"kabil": 1})
    city.at(50, city.fail("kabil", "cam1", Cause.UNREACHABLE))
    city.run(100)
    assert_received(city, Expected(70, "opened", "kabil/cam1", "unreachable"))


def test_a_site_with_one_switch_has_an_outage_of_the_switch(play: Make) -> None:
    inventory = Inventory(
        sites=[InventorySite(id="kabil")],
        devices=[InventoryDevice(site="kabil", id="sw", name="sw", kind="switch")],
        cameras=[InventoryCamera(site="kabil", id=f"cam{i}", via="sw") for i in (1, 2)],
    )
    city = play({"kabil": 2}, inventory=inventory)
    city.at(50, *(city.fail("kabil", f"cam{i}", Cause.UNREACHABLE) for i in (1, 2)))
    city.run(150)
    assert_received(city, Expected(70, "opened", "kabil/sw", "device_down"))


def test_the_only_site_behind_an_uplink_explains_as_much_as_the_uplink(play: Make) -> None:
    inventory = Inventory(
        uplinks=[InventoryUplink(id="menara")], sites=[InventorySite(id="kabil", uplink="menara")]
    )
    city = play({"kabil": 2}, inventory=inventory)
    city.at(50, city.cut("kabil"))
    city.run(150)
    assert_received(city, Expected(70, "opened", "kabil", "agent_gone"))


def test_two_sites_behind_an_uplink_that_are_lost_together_are_an_outage_of_the_uplink(play: Make) -> None:
    inventory = Inventory(
        uplinks=[InventoryUplink(id="menara")],
        sites=[InventorySite(id=site, uplink="menara") for site in ("kabil", "nongsa")],
    )
    city = play({"kabil": 2, "nongsa": 2}, inventory=inventory)
    city.at(50, city.cut("kabil"), city.cut("nongsa"))
    city.run(150)
    assert_received(city, Expected(70, "opened", "menara", "uplink_down"))
