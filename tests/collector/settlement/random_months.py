"""Random contracts and lives, as hypothesis draws them: odd milliseconds, strange zones, any order of buckets."""

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from pantau_collector.contracts import Contract, Covered, valid_span
from pantau_collector.contracts.model import CRITICALITIES, NOT_LISTED
from pantau_collector.ledger import Bucket, Evidence, Interval
from pantau_collector.ledger.spans import Span
from pantau_collector.settlement import CameraLife, Month
from pantau_contract.states import State

ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "Europe/Berlin", "Australia/Lord_Howe")
MONTHS = (
    (Month(2026, 10), ZONES),
    (Month(2026, 2), ZONES),
    (Month(2028, 2), ZONES),
    (Month(2026, 3), ZONES),
    (Month(2026, 4), ("Australia/Lord_Howe", "Asia/Jakarta")),
    (Month(2016, 12), ("Asia/Jakarta",)),  # with a leap second at its end
    (Month(2011, 12), ("Pacific/Apia",)),  # without a 30th
    (Month(2018, 11), ("America/Sao_Paulo",)),  # with a day without midnight
)
HOUR_MS = 3_600_000
LISTED = sorted(each for each in Bucket if each not in NOT_LISTED)
CUTS: tuple[list[float], ...] = ([0, 1], [0, 1], [0, 1], [0.7, 1], [0, 0.9], [0, 0.6, 1], [0, 0.55, 0.8, 1])
"""Parts of the time between which coverage changes."""
HOURS: tuple[list[str], ...] = (
    [],
    [],
    ["Mon-Fri 07:30-16:00"],
    ["22:00-06:00"],
    ["Mon-Sat 06:00-22:00", "Sun 08:00-12:00"],
    ["00:00-24:00"],
    ["02:15-02:45"],
    ["Sat 20:00-19:00"],
)
STATES = {
    Bucket.WORKING: State.OK,
    Bucket.BELOW_STANDARD: State.DEGRADED,
    Bucket.PICTURE: State.IMPAIRED,
    Bucket.CAMERA: State.DOWN,
    Bucket.DEVICE: State.DOWN,
}
AT_SITE = [*STATES, Bucket.NOT_KNOWN]
UNPLANNED = [
    *(Bucket.WORKING, Bucket.WORKING, Bucket.WORKING, Bucket.BELOW_STANDARD, Bucket.PICTURE, Bucket.CAMERA),
    *(Bucket.DEVICE, Bucket.LINK, Bucket.LINK, Bucket.POWER, Bucket.WATCHER, Bucket.OUT_OF_SERVICE),
    Bucket.NOT_KNOWN,
]
UNAFFECTED = {Bucket.WORKING, Bucket.BELOW_STANDARD, Bucket.OUT_OF_SERVICE}
DECIDED = [Bucket.THIRD_PARTY, Bucket.FORCE_MAJEURE, Bucket.MAINTENANCE, Bucket.CAMERA, Bucket.LINK]


@dataclass(frozen=True)
class Case:
    contract: Contract
    month: Month
    lives: list[CameraLife]
    until_ms: int | None


def numbers(most: int, decimals: int) -> st.SearchStrategy[str]:
    whole = st.integers(0, most * 10**decimals)
    return whole.map(lambda n: f"{n // 10**decimals}.{n % 10**decimals:0{decimals}}")


@st.composite
def tiers(draw: st.DrawFn) -> list[dict[str, Any]]:
    cuts = sorted({0, 100, *draw(st.lists(st.sampled_from([50, 80, 90, 95, 99]), max_size=3))})
    found = [
        {"at_least": low, "below": high, "percent": draw(numbers(100, 1))}
        for low, high in itertools.pairwise(cuts)
    ]
    return draw(st.permutations(found))


@st.composite
def penalties(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 4))):
        per = draw(st.sampled_from(["contract", "unit"]))
        kind = draw(st.sampled_from(["availability", "restitution", "delay", "delay", "delay"]))
        one: dict[str, Any] = {"kind": kind, "per": per}
        if kind == "availability":
            one["tiers"] = draw(tiers())
        if kind == "delay":
            one["after"] = draw(st.sampled_from(["repair", "response", "start"]))
            one["each"] = draw(st.sampled_from(["hour", "begun_hour", "begun_day", "occasion"]))
            if draw(st.booleans()):
                one["amount"] = draw(numbers(1_000_000, 2))
            else:
                one["percent"] = draw(numbers(5, 2))
        found.append(one)
    return found


@st.composite
def contracts(draw: st.DrawFn, month: Month, zone: str) -> Contract:
    chosen = draw(st.permutations(LISTED))
    split, end = draw(st.integers(0, 3)), draw(st.integers(5, len(LISTED)))
    link = draw(st.sampled_from(["at_site", "unseen"]))
    able, counts = chosen[:split], chosen[split:end]
    if link == "at_site":
        able = [each for each in able if each != "link"]
        counts = [each for each in counts if each != "link"]
    first = month.first_day + timedelta(days=draw(st.sampled_from([-70, -70, -70, -40, 0, 15])))
    last = month.plus(1).first_day + timedelta(days=draw(st.sampled_from([-1, 100, 100, -10])))
    criticalities = draw(st.permutations(["high", "normal", "low"]))
    within = draw(st.lists(numbers(40, 3), min_size=4, max_size=4))
    holiday = month.first_day + timedelta(days=draw(st.integers(0, 27)))
    return Contract.model_validate(
        {
            "id": "c",
            "kind": "test",
            "party": "p",
            "valid_from": first,
            "valid_to": max(first, last),
            "zone": zone,
            "hours": draw(st.sampled_from(HOURS)),
            "holidays": draw(st.sampled_from([[], [holiday]])),
            "covers": [{"maintained": True}],
            "unit": draw(st.sampled_from(["camera", "site"])),
            "available": able,
            "counts": counts,
            "link": link,
            "doubt": draw(st.sampled_from(["for_party", "against_party", "left_out"])),
            "maintenance_hours": draw(st.sampled_from([None, 0, "0.000001", "1.5", "20.0003"])),
            "target": draw(st.sampled_from([50, "95", "99.5", 100])),
            "classes": [
                {"criticality": criticalities[:1], "response_hours": within[0], "repair_hours": within[1]},
                {"criticality": criticalities[1:], "response_hours": within[2], "repair_hours": within[3]},
            ],
            "fee": draw(numbers(30_000_000, 2)),
            "fee_per": draw(st.sampled_from(["month", "unit"])),
            "round_to": draw(st.sampled_from(["1", "100", "0.01", "0.5"])),
            "rounding": draw(st.sampled_from(["half_up", "down", "up"])),
            "penalties": draw(penalties()),
            "cap_percent": draw(st.sampled_from([None, None, 10, 80])),
            "cap": draw(st.sampled_from([None, None, 1_000_000])),
        }
    )


@st.composite
def intervals(draw: st.DrawFn, from_ms: int, to_ms: int) -> list[Interval]:
    """A life without order, sometimes with gaps."""
    found: list[Interval] = []
    at_ms = from_ms
    while at_ms < to_ms:
        hours = draw(st.sampled_from([800, 400, 100, 100, 30, 9, 1, 0]))
        end_ms = min(to_ms, at_ms + hours * HOUR_MS + draw(st.sampled_from([1, 499, HOUR_MS // 2])))
        if draw(st.integers(0, 9)) < 9:
            found.append(draw(one_interval(at_ms, end_ms)))
        at_ms = end_ms
    return found


@st.composite
def one_interval(draw: st.DrawFn, from_ms: int, to_ms: int) -> Interval:
    unplanned = draw(st.sampled_from(UNPLANNED))
    at_site = draw(st.sampled_from(AT_SITE)) if unplanned in (Bucket.LINK, Bucket.WATCHER) else unplanned
    is_planned = unplanned not in UNAFFECTED and draw(st.integers(0, 3)) == 0
    bucket, decision, before = Bucket.MAINTENANCE if is_planned else unplanned, None, None
    if bucket not in UNAFFECTED and draw(st.integers(0, 4)) == 0:
        before, decision = bucket, draw(st.integers(1, 3))
        bucket = draw(st.sampled_from(DECIDED))
    state = STATES.get(at_site, State.UNKNOWN)
    return Interval(
        from_ms, to_ms, bucket, unplanned, at_site, state, None, Evidence.SAMPLES, "", decision, before
    )


@st.composite
def spans(draw: st.DrawFn, from_ms: int, to_ms: int, zone: str) -> list[Covered]:
    """When a camera is covered: most often all the time, else from or until some moment, or in parts."""
    length = to_ms - from_ms
    cuts = draw(st.sampled_from(CUTS))
    found: list[Covered] = []
    for one, other in itertools.pairwise(cuts):
        begin_ms, end_ms = from_ms + int(length * one), from_ms + int(length * other)
        criticality = draw(st.sampled_from(CRITICALITIES))
        if begin_ms < end_ms and draw(st.integers(0, 5)) < 5:
            found.append(Covered(begin_ms, end_ms, criticality, zone))
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    month, zones = draw(st.sampled_from(MONTHS))
    zone = draw(st.sampled_from(zones))
    contract = draw(contracts(month, zone))
    end_ms = month.span(zone).to_ms
    begin_ms = month.plus(-draw(st.sampled_from([0, 1, 2]))).span(zone).from_ms
    valid = valid_span(contract)
    lives = []
    for name in draw(
        st.lists(st.sampled_from(["a/x", "a/y", "a-b/x", "b/z"]), unique=True, min_size=1, max_size=3)
    ):
        site, camera = name.split("/")
        covered = draw(
            spans(max(begin_ms, valid.from_ms), min(end_ms, valid.to_ms), draw(st.sampled_from([zone, *zones])))
        )
        taken_ms = [begin_ms + HOUR_MS * hour for hour in draw(st.lists(st.integers(0, 2200), max_size=3))]
        lives.append(
            CameraLife(
                site,
                camera,
                covered,
                draw(intervals(begin_ms, end_ms)),
                [Span(each, each + draw(st.sampled_from([1, 20, 900])) * HOUR_MS) for each in taken_ms],
            )
        )
    whole = month.span(zone)
    part = draw(st.sampled_from([None, None, None, 0.0, 0.3, 0.9]))
    until_ms = None if part is None else whole.from_ms + int((whole.to_ms - whole.from_ms) * part) + 7
    return Case(contract, month, lives, until_ms)
