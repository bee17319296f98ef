"""Each moment of a camera is whose the definition says, to the millisecond, for random histories of a site."""

from collections.abc import Sequence

from hypothesis import Phase, given, settings

from pantau_collector.incidents.subjects import device_subject
from pantau_collector.incidents.topology import Devices
from pantau_collector.ledger import claims, runs
from pantau_collector.ledger.facts import Facts, SiteFacts
from pantau_collector.ledger.gaps import BootRun
from pantau_collector.ledger.lives import History, lives
from pantau_collector.ledger.roots import Site
from pantau_collector.ledger.spans import Span, union
from tests.collector.ledger.by_definition import Definition
from tests.collector.ledger.site_by_definition import Received
from tests.collector.ledger.stories import CAMERAS, SITE, T0, histories, record, spans

PATHS: dict[str, tuple[str, ...]] = {
    "cam1": ("switch",),
    "cam2": ("switch",),
    "cam3": ("nvr", "switch"),
    "cam4": ("nvr", "switch"),
}
SWITCH, NVR = device_subject("switch"), device_subject("nvr")
DEVICES = Devices(
    {camera: tuple(map(device_subject, path)) for camera, path in PATHS.items()}, {SWITCH: (), NVR: (SWITCH,)}
)
QUICK = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
FROM, TO = T0 - 100_000, T0 + 4_000_000


def history(
    received: Sequence[Received], attentive: Sequence[tuple[int, int]], plans: Sequence[tuple[int, int]]
) -> History:
    facts = Facts()
    for each in received:
        facts.add(record(each))
    site = facts.sites.get(SITE, SiteFacts())
    return History(
        runs=[BootRun(boot, run) for boot, batches in site.batches.items() for run in runs.merge([], batches)],
        starts=list(site.starts.values()),
        boots=site.boots,
        claims={subject: claims.merge(its) for subject, its in site.claims.items()},
        attentive=union(Span(*span) for span in attentive),
        site=Site(DEVICES, frozenset({"nvr"})),
        planned={camera: union(Span(*span) for span in plans) for camera in CAMERAS},
    )


@settings(deadline=None, max_examples=80, phases=QUICK)
@given(histories(), spans(), spans())
def test_each_moment_is_whose_the_definition_says(
    received: list[Received], attentive: list[tuple[int, int]], plans: list[tuple[int, int]]
) -> None:
    definition = Definition(received, attentive, PATHS, {"nvr"}, dict.fromkeys(CAMERAS, plans))
    found = lives(history(received, attentive, plans), FROM, TO)
    assert sorted(found) == [camera for camera in definition.cameras() if definition.claims(camera)]
    for camera, intervals in found.items():
        assert intervals == definition.intervals(camera, FROM, TO)
        assert sum(each.ms for each in intervals) == TO - FROM
