"""Random cities and fault histories over hours: what must hold whatever happens."""

from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pantau_collector.config import IncidentRules
from pantau_contract.states import STATE_OF, Cause, State
from tests.collector.incidents.play import Play

SITES = {"a": 1, "b": 2, "c": 5}
CAMERAS = [(site, f"cam{number + 1}") for site, count in SITES.items() for number in range(count)]
SETTLE_S = 20
RULES = IncidentRules(restart_grace_s=0, settle_s=SETTLE_S, recovery_s=20, regroup_s=60)

causes = st.sampled_from([Cause.STALLED, Cause.UNREACHABLE, Cause.FROZEN, Cause.LOW_FPS])
faults = st.tuples(st.just("fail"), st.sampled_from(CAMERAS), causes, st.integers(1, 400))
cuts = st.tuples(st.just("cut"), st.sampled_from(sorted(SITES)), st.booleans(), st.integers(1, 400))
restarts = st.tuples(st.just("restart"), st.none(), st.none(), st.just(1))
histories = st.lists(st.tuples(st.integers(1, 1500), st.one_of(faults, cuts, restarts)), max_size=12)


def build(city: Play, history: list[tuple[int, tuple[str, object, object, int]]]) -> None:
    busy: dict[object, int] = defaultdict(int)
    for at, (what, where, how, lasts) in sorted(history, key=lambda event: event[0]):
        if what == "restart":
            city.at(at, city.start)
            continue
        if at <= busy[where]:
            continue
        busy[where] = at + lasts
        if what == "fail":
            assert isinstance(where, tuple)
            assert isinstance(how, Cause)
            site, camera = where
            city.at(at, city.fail(site, camera, how))
            city.at(at + lasts, city.mend(site, camera))
        else:
            assert isinstance(where, str)
            city.at(at, city.cut(where, will=bool(how)))
            city.at(at + lasts, city.join(where))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories)
def test_whatever_happens_each_notice_comes_once_and_all_ends_well(
    history: list[tuple[int, tuple[str, object, object, int]]],
) -> None:
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with TemporaryDirectory(dir=memory) as folder:
        city = Play(Path(folder), SITES, rules=RULES)
        build(city, history)
        longest_down: dict[tuple[str, str], float] = defaultdict(float)
        while city.clock.s < 2300:
            city.run(city.clock.s + 4, by=4)
            watch_city(city, longest_down)
        keys = Counter(told.key for told in city.phone.told)
        assert not [key for key, count in keys.items() if count > 1], "a notice came twice"
        opened = [told.about for told in city.phone.told if told.kind == "opened"]
        resolved = [told.about for told in city.phone.told if told.kind == "resolved"]
        merged = Counter(opened) - Counter(resolved)
        assert not Counter(resolved) - Counter(opened), "an end was told of what was never told"
        assert all("/" in about for about in merged), "only a camera's incident may merge into its site's"
        assert not any(incident.resolved_ms is None for incident in city.pipeline.view.incidents), (
            "all is well again"
        )
        for (site, camera), lasted in longest_down.items():
            if lasted > 3 * SETTLE_S:
                assert {site, f"{site}/{camera}"} & set(opened), (
                    f"{site}/{camera} was down {lasted} s and nobody was told"
                )
        city.store.close()


def watch_city(city: Play, longest_down: dict[tuple[str, str], float]) -> None:
    """At every moment: one open incident a subject, no camera's beside its site's that explains it."""
    incidents = [incident for incident in city.pipeline.view.incidents if incident.resolved_ms is None]
    subjects = [(incident.site, incident.camera) for incident in incidents]
    assert len(subjects) == len(set(subjects))
    for whole in incidents:
        if whole.camera is None:
            inner = [i for i in incidents if i.site == whole.site and i.camera in whole.cameras]
            assert not inner, "a camera is told beside its site"
    for site, agent in city.agents.items():
        for camera, (state, cause, since_ms) in agent.cameras.items():
            down = state is State.DOWN and cause is not None and STATE_OF[cause] is State.DOWN
            if down and agent.connected:
                lasted = (agent.now_ms() - since_ms) / 1000
                longest_down[site, camera] = max(longest_down[site, camera], lasted)
