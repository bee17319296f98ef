"""A year of 1,000 cameras: notices per recipient and week, with root causes and without.

`python -m benchmarks.incident_year [--json] [--weeks N] [--plot FILE]`. The faults are drawn at random, with a
fixed seed, at rates like those of a city's leased lines; both runs have the same faults. Without root causes each
camera and each agent has notices of its own, as in a monitor that knows no dependencies.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.incident_year_plot import plot
from pantau_collector.incidents.case import SiteCase
from pantau_collector.incidents.correlate import Correlate
from pantau_collector.incidents.flap import Flap
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.mute import Mute
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.incidents.stages import Stages, make_stages
from pantau_collector.incidents.subjects import WHOLE_SITE
from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import (
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventorySite,
    InventoryUplink,
    Party,
)
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.plan import plan
from pantau_collector.notices.recipients import NoticeRules, People, Recipient
from pantau_collector.simulation.history import Fault, History
from pantau_contract.states import Cause

WEEK_S = 7 * 86_400.0
WEEKS = 52
SITES, CAMERAS, UPLINKS = 125, 8, 5
OWNERS = ("dishub", "kominfo", "polisi", "satpol", "dlh")
SEED = 20261124


class Rate(NamedTuple):
    """How often a thing fails in a year, and for how long: the median in seconds, log-normal."""

    a_year: float
    median_s: float


CAMERA = Rate(6, 3600)
CAMERA_BLINK = Rate(60, 8)
SWITCH = Rate(3, 5400)
POWER = Rate(4, 2700)
LINK = Rate(12, 600)
LINK_FLAPS = Rate(1, 6 * 3600)
UPLINK = Rate(6, 1800)


def city(*, with_causes: bool) -> Inventory:
    """Return 1,000 cameras at 125 sites, with two switches each, behind 5 uplinks; or nothing behind anything."""
    uplinks = [InventoryUplink(id=f"u{i}") for i in range(UPLINKS)]
    sites, devices, cameras = [], [], []
    for i in range(SITES):
        site = f"s{i}"
        sites.append(InventorySite(id=site, uplink=f"u{i % UPLINKS}" if with_causes else ""))
        if with_causes:
            devices += [InventoryDevice(site=site, id=f"switch{j}", kind="switch") for j in range(2)]
        for j in range(CAMERAS):
            via = f"switch{j * 2 // CAMERAS}" if with_causes else ""
            owner = OWNERS[(i + j // 6) % len(OWNERS)]
            cameras.append(InventoryCamera(site=site, id=f"c{j}", via=via, owner=owner))
    return Inventory(
        owners=[Party(id=owner) for owner in OWNERS],
        uplinks=uplinks,
        sites=sites,
        devices=devices,
        cameras=cameras,
    )


def faults(year_s: float) -> Iterator[Fault]:
    """Yield the faults of a year."""
    dice = random.Random(SEED)
    inventory = city(with_causes=True)
    topology = Topology(inventory)
    behind: dict[str, list[tuple[str, str]]] = {}
    for site, camera in inventory.cameras:
        behind.setdefault(f"{site} {topology.devices(site).of_camera[camera][0]}", []).append((site, camera))
    everywhere = list(inventory.cameras)
    for thing in everywhere:
        yield from _drawn(dice, CAMERA, [thing], year_s)
        yield from _drawn(dice, CAMERA_BLINK, [thing], year_s)
    for cameras in behind.values():
        yield from _drawn(dice, SWITCH, cameras, year_s, spread_s=4)
    for site in inventory.sites:
        at_site = [thing for thing in everywhere if thing[0] == site]
        yield from _drawn(dice, POWER, at_site, year_s, spread_s=3, ends_spread_s=20)
        yield from _drawn(dice, LINK, [(site, "")], year_s)
        for flapping in _drawn(dice, LINK_FLAPS, [(site, "")], year_s):
            at = flapping.start_s
            while at < flapping.end_s:
                lasts = dice.uniform(30, 90)
                yield Fault(at, at + lasts, site, "")
                at += lasts + dice.uniform(30, 90)
    for uplink in inventory.uplinks:
        sites = [(site, "") for site in inventory.sites if uplink in topology.uplinks_of(site)]
        yield from _drawn(dice, UPLINK, sites, year_s, spread_s=1, ends_spread_s=2)


def _drawn(
    dice: random.Random,
    rate: Rate,
    things: list[tuple[str, str]],
    year_s: float,
    *,
    spread_s: float = 0,
    ends_spread_s: float = 0,
) -> Iterator[Fault]:
    at = dice.expovariate(rate.a_year / (WEEKS * WEEK_S))
    while at < year_s:
        lasts = rate.median_s * dice.lognormvariate(0, 1)
        cause = dice.choice((Cause.UNREACHABLE, Cause.STALLED, Cause.TIMEOUT))
        for i, (site, camera) in enumerate(things):
            yield Fault(at + i * spread_s, at + lasts + i * (spread_s + ends_spread_s), site, camera, cause)
        at += lasts + dice.expovariate(rate.a_year / (WEEKS * WEEK_S))


def correlate_nothing(case: SiteCase, now: Moment) -> None:
    """Propose one incident for each hard problem; a camera is down while its agent is gone."""
    del now
    for subject in case.evaluations:
        cause = case.symptom(subject).hard_cause or case.symptom(WHOLE_SITE).hard_cause
        if cause is not None:
            case.proposals[subject] = Proposal(cause, (subject,) if subject else (), case.site.heard_ms)


def without_causes(rules: IncidentRules, mute: Mute, ids: Iterator[int]) -> Stages:
    """Return the same stages, without correlation and flapping."""
    stages = make_stages(rules, mute, ids)
    return Stages(
        site=[correlate_nothing if isinstance(stage, Correlate) else stage for stage in stages.site],
        uplink=stages.uplink,
        life=[stage for stage in stages.life if not isinstance(stage, Flap)],
    )


def count(*, with_causes: bool, weeks: int) -> Counter[tuple[str, int]]:
    """Return the number of notices by recipient and week."""
    inventory = city(with_causes=with_causes)
    people = People(
        recipient=[
            Recipient.model_validate({"id": "noc", "urls": ["json://localhost/noc"]}),
            *(
                Recipient.model_validate({"id": owner, "owners": [owner], "urls": [f"json://localhost/{owner}"]})
                for owner in OWNERS
            ),
        ]
    )
    history = History(inventory, IncidentRules(), make_stages=make_stages if with_causes else without_causes)
    history.plan(faults(weeks * WEEK_S))
    notified: dict[int, dict[str, set[NoticeKind]]] = {}
    counts: Counter[tuple[str, int]] = Counter()
    for transitions in history.run(weeks * WEEK_S):
        for transition in transitions:
            known = notified.setdefault(transition.incident.id, {})
            for notification in plan(transition, known, people, inventory, {}, NoticeRules()):
                known.setdefault(notification.recipient, set()).add(notification.notice.kind)
                counts[notification.recipient, int(history.now_s // WEEK_S)] += 1
            if transition.incident.resolved_ms is not None:
                notified.pop(transition.incident.id, None)
    return counts


def rows(counts: Counter[tuple[str, int]], weeks: int) -> dict[str, list[int]]:
    """Return each recipient's notices in each week."""
    return {who: [counts[who, week] for week in range(weeks)] for who in ("noc", *OWNERS)}


def main() -> None:
    """Print the table; with `--plot FILE` draw it too."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--weeks", type=int, default=WEEKS)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    weeks = arguments.weeks
    without = rows(count(with_causes=False, weeks=weeks), weeks)
    causes = rows(count(with_causes=True, weeks=weeks), weeks)
    if arguments.plot:
        plot(without, causes, arguments.plot)
    if arguments.json:
        print(json.dumps({"without": without, "with": causes}))
        return
    table = Table("recipient", title=f"notices a week, of {SITES * CAMERAS:,} cameras, {weeks} weeks")
    for name in ("without: mean", "worst week", "with causes: mean", "worst week", "of it"):
        table.add_column(name, justify="right")
    for who, each in without.items():
        table.add_row(who, *_figures(each), *_figures(causes[who]), f"{sum(causes[who]) / max(1, sum(each)):.0%}")
    Console().print(table)


def _figures(each: Iterable[int]) -> tuple[str, str]:
    values = list(each)
    return f"{sum(values) / len(values):,.1f}", f"{max(values):,}"


if __name__ == "__main__":
    main()
