"""A month of a small city, as a report: written by hand, with all that a report may hold."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from pantau_collector.ledger import Bucket
from pantau_collector.outage_pictures import Moment, OutagePicture
from pantau_collector.reports.document import (
    Account,
    CameraRow,
    Correction,
    Day,
    DecisionRow,
    ExclusionRow,
    Figures,
    GroupRow,
    OutageKind,
    OutageRow,
    PenaltyRow,
    Period,
    Rate,
    Repairs,
    Report,
    Scope,
    Told,
)

ZONE = ZoneInfo("Asia/Jakarta")
DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def at(day: int, hour: int = 0, minute: int = 0) -> int:
    """Return a time of October 2026 in Batam (UTC ms)."""
    return int(datetime(2026, 10, day, hour, minute, tzinfo=ZONE).timestamp() * 1000)


PERIOD = Period("2026-10", "Asia/Jakarta", at(1), at(31) + DAY_MS)
MONTH_MS = PERIOD.to_ms - PERIOD.from_ms


def figures(total_ms: int, lost: dict[Bucket, int] | None = None) -> Figures:
    """Return the figures of a stretch in which this was lost, and all else worked."""
    lost = lost or {}
    unknown = lost.get(Bucket.NOT_KNOWN, 0) + lost.get(Bucket.MAINTENANCE, 0) + lost.get(Bucket.WATCHER, 0)
    judged = total_ms - unknown
    offline = (
        sum(ms for bucket, ms in lost.items() if bucket not in (Bucket.PICTURE, Bucket.BELOW_STANDARD)) - unknown
    )
    online = judged - offline
    ms = {Bucket.WORKING: total_ms - sum(lost.values())} | lost
    return Figures(
        {bucket: ms[bucket] for bucket in Bucket if ms.get(bucket)},
        Rate(online, judged),
        Rate(online - lost.get(Bucket.PICTURE, 0), judged),
        Rate(total_ms - lost.get(Bucket.NOT_KNOWN, 0), total_ms),
    )


def camera(number: int, lost: dict[Bucket, int] | None = None, *, name: str = "") -> CameraRow:
    """Return a camera of the crossing at Kabil."""
    its = figures(MONTH_MS, lost)
    share = its.online.good_ms * 1000 // its.online.of_ms
    days = tuple(
        -1 if day == 20 else (max(0, 1000 - (1000 - share) * 8) if day in (3, 4, 17) else 1000)
        for day in range(1, 32)
    )
    return CameraRow(
        site="simpang-kabil",
        camera=f"cam{number}",
        site_name="Simpang Kabil",
        name=name or f"Kamera {number}",
        owner="dishub",
        maintainer="pt-andalan",
        project="atcs",
        criticality="high",
        figures=its,
        repairs=Repairs(outages=2 if lost else 0),
        days=days,
    )


CAMERAS = (
    camera(1, {Bucket.CAMERA: 52 * HOUR_MS, Bucket.PICTURE: 3 * HOUR_MS}),
    camera(2, {Bucket.LINK: 9 * HOUR_MS, Bucket.NOT_KNOWN: 40 * HOUR_MS}),
    camera(3, {Bucket.THIRD_PARTY: 30 * HOUR_MS}, name="<script>alert(1)</script> \u202egnaro"),
    camera(4, {Bucket.POWER: 6 * HOUR_MS, Bucket.MAINTENANCE: 2 * HOUR_MS}),
    camera(5, {Bucket.BELOW_STANDARD: 10 * HOUR_MS, Bucket.WATCHER: HOUR_MS}),
    camera(6),
    camera(7, {Bucket.DEVICE: HOUR_MS}),
)


def _total() -> Figures:
    lost: dict[Bucket, int] = {}
    for each in CAMERAS:
        for bucket, ms in each.figures.ms.items():
            if bucket is not Bucket.WORKING:
                lost[bucket] = lost.get(bucket, 0) + ms
    return figures(MONTH_MS * len(CAMERAS), lost)


def _day(number: int) -> Day:
    lost = {3: {Bucket.CAMERA: 20 * HOUR_MS, Bucket.LINK: 9 * HOUR_MS}, 4: {Bucket.CAMERA: 24 * HOUR_MS}}
    lost |= {17: {Bucket.THIRD_PARTY: 12 * HOUR_MS, Bucket.POWER: 6 * HOUR_MS, Bucket.PICTURE: 3 * HOUR_MS}}
    if number == 20:
        nothing = Rate(0, 0)
        return Day(
            f"2026-10-{number:02}", Figures({Bucket.NOT_KNOWN: 7 * DAY_MS}, nothing, nothing, Rate(0, 7 * DAY_MS))
        )
    return Day(f"2026-10-{number:02}", figures(7 * DAY_MS, lost.get(number)))


OUTAGES = (
    OutageRow(
        site="simpang-kabil",
        camera="cam1",
        kind=OutageKind.OFFLINE,
        from_ms=at(3, 4, 12),
        to_ms=at(5, 8, 12),
        ms={Bucket.CAMERA: 52 * HOUR_MS},
        bucket=Bucket.CAMERA,
        evidence="samples",
        cause="unreachable",
        incident=17,
        told=(
            Told("noc", "mail", at(3, 4, 13)),
            Told("pt-andalan", "telegram", at(3, 4, 13)),
            Told("kadis", "mail", at(3, 5)),
        ),
        taken_by="Budi",
        taken_ms=at(3, 4, 40),
    ),
    OutageRow(
        site="simpang-kabil",
        camera="cam3",
        kind=OutageKind.OFFLINE,
        from_ms=at(17, 9),
        to_ms=at(18, 15),
        ms={Bucket.THIRD_PARTY: 30 * HOUR_MS},
        bucket=Bucket.THIRD_PARTY,
        evidence="backlog",
        incident=18,
        repeat_of_ms=at(12),
        decisions=(4,),
    ),
)

DECISION = DecisionRow(
    4,
    18,
    ("simpang-kabil/cam3",),
    at(17, 9),
    at(18, 15),
    Bucket.THIRD_PARTY,
    "PT Galian",
    "kabel terputus oleh galian",
    "Budi",
    at(19, 10),
    {Bucket.LINK: 30 * HOUR_MS},
)

FEE = Decimal(125_000_000)
ACCOUNT = Account(
    contract="andalan-2026",
    name="Pemeliharaan CCTV 2026",
    number="027/DISHUB/2026",
    party="pt-andalan",
    party_name="PT Andalan Sejahtera",
    budget_line="5.1.02.02.01.0030",
    cameras=7,
    online=Rate(9_871, 10_000),
    intact=Rate(98_499, 100_000),
    availability=Rate(98_710, 100_000),
    measured=Rate(9_923, 10_000),
    target=Decimal("99.5"),
    is_met=False,
    ms={Bucket.WORKING: 7 * MONTH_MS - 93 * HOUR_MS, Bucket.CAMERA: 52 * HOUR_MS, Bucket.LINK: 41 * HOUR_MS},
    lost={Bucket.CAMERA: 52 * HOUR_MS, Bucket.LINK: 9 * HOUR_MS},
    excluded={Bucket.THIRD_PARTY: 30 * HOUR_MS, Bucket.MAINTENANCE: 2 * HOUR_MS},
    fee=FEE,
    penalties_sum=Decimal(7_312_500),
    deduction=Decimal(6_250_000),
    payable=Decimal(118_750_000),
    is_provisional=False,
    penalties=(
        PenaltyRow("availability", "", FEE, Decimal("98.71"), Decimal("0.05"), Decimal(6_250_000)),
        PenaltyRow(
            "delay",
            "simpang-kabil/cam1",
            None,
            Decimal("42.5"),
            Decimal(25_000),
            Decimal(1_062_500),
            "hour",
            at(3, 4, 12),
            at(5, 8, 12),
        ),
    ),
    exclusions=(
        ExclusionRow("simpang-kabil", "cam3", at(17, 9), at(18, 15), Bucket.THIRD_PARTY, 4),
        ExclusionRow("simpang-kabil", "cam4", at(8, 22), at(9), Bucket.MAINTENANCE),
    ),
)

CONTRACT = Report(
    scope=Scope("andalan-2026", "Pemeliharaan CCTV 2026"),
    period=PERIOD,
    has_data=True,
    total=_total(),
    repairs=Repairs(2, 1, 28 * 60_000, 2, 82 * HOUR_MS, 1),
    accounts=(ACCOUNT,),
    cameras=CAMERAS,
    outages=OUTAGES,
    days=tuple(_day(number) for number in range(1, 32)),
    decisions=(DECISION,),
    corrections=(
        Correction(
            "andalan-2026",
            "Pemeliharaan CCTV 2026",
            {Bucket.NOT_KNOWN: -HOUR_MS, Bucket.LINK: HOUR_MS},
            Decimal(6_250_000),
            Decimal(6_300_000),
        ),
    ),
)
"""The report of one contract."""

CITY = Report(
    scope=Scope(by="owner"),
    period=PERIOD,
    has_data=True,
    total=_total(),
    repairs=CONTRACT.repairs,
    accounts=(ACCOUNT,),
    groups=(
        GroupRow(
            "dishub",
            "Dinas Perhubungan",
            5,
            figures(5 * MONTH_MS, {Bucket.CAMERA: 52 * HOUR_MS}),
            Repairs(1, 1, HOUR_MS, 1, 52 * HOUR_MS),
        ),
        GroupRow("", "", 2, figures(2 * MONTH_MS), Repairs()),
    ),
    cameras=CAMERAS,
    outages=OUTAGES,
    days=CONTRACT.days,
)
"""The report of the city by owners."""

EMPTY = Report(
    scope=Scope(),
    period=PERIOD,
    has_data=False,
    total=Figures({}, Rate(0, 0), Rate(0, 0), Rate(0, 0)),
    repairs=Repairs(),
)
"""A month without any data."""


class Album:
    """Pictures of outages, by incident, moment and camera."""

    def __init__(self, **pictures: tuple[bytes, int]) -> None:
        """Take the pictures as `before_17_cam1=(jpeg, taken_ms)`."""
        self._pictures = {name: OutagePicture(*picture) for name, picture in pictures.items()}

    def find(self, incident: int, moment: Moment, site: str, camera: str) -> OutagePicture | None:
        """Return a picture of the crossing at Kabil."""
        return self._pictures.get(f"{moment}_{incident}_{camera}") if site == "simpang-kabil" else None
