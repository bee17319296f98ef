"""The collector's own failures, and the order in which the network delivers, open no outage."""

from collections.abc import Callable

from pantau_collector.incidents.rules import IncidentRules
from pantau_contract.messages import Death
from pantau_contract.states import Cause, State
from tests.collector.incidents.play import EPOCH_MS, Expected, Play, assert_received

Make = Callable[..., Play]

RULES = IncidentRules(restart_grace_s=30)


def set_listening(city: Play, value: bool) -> Callable[[], None]:
    return lambda: setattr(city, "listening", value)


def test_a_broker_that_is_away_for_an_hour_opens_no_outage(play: Make) -> None:
    city = play({"kabil": 4, "nongsa": 4}, rules=RULES)
    city.at(100, set_listening(city, False), city.cut("kabil", will=False), city.cut("nongsa", will=False))
    city.at(3700, set_listening(city, True))
    city.at(3710, city.join("kabil"))
    city.at(3720, city.join("nongsa"))
    city.run(4000)
    assert_received(city)


def test_a_site_that_does_not_come_back_with_the_broker_is_told_after_its_silence_is_heard(play: Make) -> None:
    city = play({"kabil": 4, "nongsa": 4}, rules=RULES)
    city.at(100, set_listening(city, False), city.cut("kabil", will=False), city.cut("nongsa", will=False))
    city.at(1000, set_listening(city, True))
    city.at(1010, city.join("kabil"))
    city.run(1300)
    assert_received(city, Expected(1110, "opened", "nongsa", "agent_gone", within_s=15))


def test_a_process_that_was_paused_opens_no_outage(play: Make) -> None:
    city = play({"kabil": 4}, rules=RULES)
    city.run(100)
    city.clock.s += 600
    city.agents["kabil"].next_s = city.clock.s + 25
    city.run(1000)
    assert_received(city)
    assert city.pipeline.attention.breaks == 1


def test_a_clock_that_is_stepped_either_way_opens_no_outage_and_hides_none(play: Make) -> None:
    city = play({"kabil": 4}, rules=RULES)
    city.at(100, lambda: setattr(city.clock, "step_ms", 86_400_000))
    city.at(150, city.fail("kabil", "cam1"))
    city.at(160, lambda: setattr(city.clock, "step_ms", -86_400_000))
    city.run(300)
    assert_received(city, Expected(170, "opened", "kabil/cam1", "stalled"))
    assert city.pipeline.clock_steps == 2


def test_an_outage_under_way_at_a_restart_is_told_after_the_grace(play: Make) -> None:
    city = play({"kabil": 4}, rules=RULES)
    city.run(100)
    city.fail("kabil", "cam1")()
    city.step()
    city.start()
    city.run(125)
    assert_received(city)
    city.run(160)
    assert_received(city, Expected(131, "opened", "kabil/cam1", "stalled", within_s=5))


def test_all_that_broke_while_the_collector_was_away_is_one_incident_a_site(play: Make) -> None:
    city = play({"kabil": 8}, rules=RULES)
    city.run(100)
    for number in range(1, 9):
        city.fail("kabil", f"cam{number}", Cause.UNREACHABLE)()
    city.clock.s += 600
    city.agents["kabil"].next_s = city.clock.s
    city.start()
    city.run(800)
    assert_received(city, Expected(731, "opened", "kabil", "site_dark", within_s=5))


def test_nothing_is_told_of_a_camera_before_its_siblings_have_come_back_with_the_broker(play: Make) -> None:
    city = play({"kabil": 3}, rules=RULES)
    agent = city.agents["kabil"]

    def tell(*cameras: str) -> Callable[[], None]:
        return lambda: city.hear(*map(agent.state, cameras))

    city.at(95, city.fail("kabil", "cam1"))
    city.at(100, set_listening(city, False), lambda: setattr(agent, "connected", False))
    city.at(101, city.fail("kabil", "cam2"), city.fail("kabil", "cam3"))
    city.at(700, set_listening(city, True), tell("cam1"))
    city.at(715, tell("cam2", "cam3"), lambda: setattr(agent, "connected", True))
    city.run(800)
    assert_received(city, Expected(730, "opened", "kabil", "site_dark", within_s=5))


def test_a_will_that_overtakes_a_birth_is_known_for_an_old_one(play: Make) -> None:
    city = play({"kabil": 2})
    city.run(100)
    city.cut("kabil", will=False)()
    city.join("kabil")()
    city.hear(Death("kabil", "boot1", city.agents["kabil"].session - 1))
    city.run(200)
    assert_received(city)
    assert city.pipeline.view.sites[0].online


def test_the_will_of_a_boot_before_is_known_for_an_old_one(play: Make) -> None:
    city = play({"kabil": 2})
    city.run(100)
    agent = city.agents["kabil"]
    agent.boot, agent.session, agent.seq = "boot2", 1, 0
    city.hear(*agent.birth())
    city.hear(Death("kabil", "boot1", 1))
    city.run(200)
    assert_received(city)


def test_a_birth_kept_by_the_broker_is_no_sign_of_life(play: Make) -> None:
    city = play({"kabil": 2})
    city.run(100)
    city.cut("kabil", will=False)()
    for second in range(110, 300, 10):
        city.at(second, lambda: city.hear(*city.agents["kabil"].birth()[:1]))
    city.run(300)
    assert_received(city, Expected(181, "opened", "kabil", "agent_gone"))


def test_cameras_of_a_site_that_is_gone_are_unknown_and_keep_their_last_state(play: Make) -> None:
    city = play({"kabil": 2})
    city.at(10, city.fail("kabil", "cam1", Cause.LOW_FPS))
    city.at(50, city.cut("kabil"))
    city.run(60)
    cameras = city.pipeline.view.sites[0].cameras
    assert [(camera.state, camera.cause) for camera in cameras] == [(State.UNKNOWN, Cause.AGENT_GONE)] * 2
    city.hear(*city.agents["kabil"].birth()[:0])
    city.agents["kabil"].session += 1
    city.hear(city.agents["kabil"].birth()[0])
    city.step()
    cameras = city.pipeline.view.sites[0].cameras
    assert [camera.state for camera in cameras] == [State.DEGRADED, State.OK]


def test_a_backlog_changes_nothing_of_what_is_known_since(play: Make) -> None:
    city = play({"kabil": 2})
    city.run(100)
    city.cut("kabil", will=False)()
    city.fail("kabil", "cam1")()
    city.run(140)
    city.mend("kabil", "cam1")()
    city.run(180)
    agent = city.agents["kabil"]
    assert any(sample.state is State.DOWN for batch in agent.backlog for sample in batch.samples)
    city.join("kabil")()
    city.run(300)
    assert_received(city)
    assert city.pipeline.view.sites[0].cameras[0].state is State.OK
    assert city.pipeline.view.sites[0].gaps == 0


def test_an_agent_whose_clock_is_not_set_is_corrected(play: Make) -> None:
    city = play({"kabil": 2})
    agent = city.agents["kabil"]
    agent.synchronised, agent.offset_ms = False, -86_400_000
    city.run(100)
    city.fail("kabil", "cam1")()
    city.run(160)
    assert_received(city, Expected(120, "opened", "kabil/cam1", "stalled"))
    camera = city.pipeline.view.sites[0].cameras[0]
    assert abs(camera.since_ms - (EPOCH_MS + 100_000)) <= 1000
    assert abs(city.pipeline.view.incidents[0].opened_ms - (EPOCH_MS + 120_000)) <= 3000


def test_a_camera_is_unknown_and_not_down_while_it_is_starting(play: Make) -> None:
    city = play({"kabil": 2})
    city.at(50, city.fail("kabil", "cam1", Cause.STARTING), city.fail("kabil", "cam2", Cause.PAUSED))
    city.run(200)
    assert_received(city)
