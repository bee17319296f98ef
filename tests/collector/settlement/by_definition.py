"""The settlement a second time: slow, moment by moment, from docs/availability.md alone.

It shares nothing with the product's arithmetic: only the names of buckets, the contract and the lives that are
settled. Time is cut wherever anything could change, and each slice is judged by looking everything up again.
"""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pantau_collector.contracts import Contract
from pantau_collector.contracts.model import Penalty
from pantau_collector.ledger import Interval
from pantau_collector.settlement import CameraLife, Month

STREAMING = ("working", "below_standard", "picture")
TRUE = ("working", "below_standard")
PLACES = ("lost", "available", "excluded", "out_of_service", "outside_hours", "not_covered")
DAYS = {name: i for i, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))}
HOUR = 3_600_000
UTC_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001


class Now(NamedTuple):
    """A unit at a moment."""

    place: str
    bucket: str
    works: bool
    measured: bool
    criticality: str
    otherwise: str


class ByDefinition:
    """A contract's month by its definition."""

    def __init__(
        self, contract: Contract, month: Month, lives: Sequence[CameraLife], until: int | None = None
    ) -> None:
        self.contract = contract
        self.lives = sorted(lives, key=lambda life: (life.site, life.camera))
        self.begin = midnight(date(month.year, month.number, 1), contract.zone)
        self.end = midnight(following(month), contract.zone)
        self.until = self.end if until is None else min(self.end, until)
        self.month = month

    # Moments

    @cached_property
    def months(self) -> list[tuple[int, int]]:
        """The month and the twelve before it, the earliest first."""
        found = []
        for back in range(13):
            number = self.month.year * 12 + self.month.number - 1 - back
            first = date(number // 12, number % 12 + 1, 1)
            after = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
            found.append((midnight(first, self.contract.zone), midnight(after, self.contract.zone)))
        return found[::-1]

    @cached_property
    def slices(self) -> list[tuple[int, int]]:
        """All time up to the end of the month, cut wherever anything could change."""
        first = min([self.begin, *(span.from_ms for life in self.lives for span in life.spans)])
        cuts = {self.begin, self.until, self.end}
        for begin, end in self.months:
            cuts |= {begin, end}
        for life in self.lives:
            cuts |= {cut for each in life.spans for cut in (each.from_ms, each.to_ms)}
            cuts |= {cut for each in life.intervals for cut in (each.from_ms, each.to_ms)}
            cuts |= {cut for each in life.taken for cut in (each.from_ms, each.to_ms)}
        for zone in {span.zone for life in self.lives for span in life.spans}:
            for begin, end in self.hours(zone):
                cuts |= {begin, end}
        cuts |= {end for life in self.lives for end in self.allowance_ends(life, sorted(cuts)).values()}
        ordered = sorted(cut for cut in cuts if first <= cut <= self.end)
        return list(itertools.pairwise(ordered))

    def allowance_ends(self, life: CameraLife, cuts: list[int]) -> dict[int, int]:
        """For each month in which a camera uses its maintenance up, by its beginning, when that is."""
        if self.contract.maintenance_hours is None:
            return {}
        ends = {}
        for begin, end in self.months:
            left = int(Fraction(self.contract.maintenance_hours) * HOUR)
            for at, until in itertools.pairwise(cuts):
                if not begin <= at < end or at >= self.until:
                    continue
                if not self.is_covered(life, at) or not self.in_hours(life, at):
                    continue
                if self.moved_bucket(interval_at(life, at)) == "maintenance":
                    if until - at > left:
                        ends[begin] = at + left
                        break
                    left -= until - at
        return ends

    @cache  # noqa: B019
    def ends_of(self, index: int) -> dict[int, int]:
        cuts = sorted({each for pair in self.slices for each in pair})
        return self.allowance_ends(self.lives[index], cuts)

    # A camera at a moment

    def is_covered(self, life: CameraLife, at: int) -> bool:
        return any(span.from_ms <= at < span.to_ms for span in life.spans)

    def in_hours(self, life: CameraLife, at: int) -> bool:
        zone = next(span.zone for span in life.spans if span.from_ms <= at < span.to_ms)
        return any(begin <= at < end for begin, end in self.hours(zone))

    def moved_bucket(self, interval: Interval | None) -> str:
        """The bucket that counts, by rules 1 and 2."""
        if interval is None:
            return "not_known"
        is_line_time = self.contract.link == "at_site" and interval.unplanned == "link"
        is_unmoved = interval.bucket == "link" and interval.decision is None
        return str(
            interval.at_site if is_line_time and (interval.at_site in STREAMING or is_unmoved) else interval.bucket
        )

    def camera_at(self, index: int, at: int) -> Now:
        life = self.lives[index]
        if not self.is_covered(life, at):
            return Now("not_covered", "", works=False, measured=False, criticality="", otherwise="not_covered")
        interval = interval_at(life, at)
        in_hours = self.in_hours(life, at)
        bucket = self.moved_bucket(interval)
        if bucket == "maintenance" and in_hours and interval is not None:
            begin = max(begin for begin, _ in self.months if begin <= at)
            if at >= self.ends_of(index).get(begin, self.end + 1):
                at_site = self.contract.link == "at_site" and interval.unplanned == "link"
                bucket = str(interval.at_site if at_site else interval.unplanned)
        if bucket == "out_of_service":
            place = "out_of_service"
        elif bucket == "working" or bucket in self.contract.available:
            place = "available"
        elif bucket == "not_known":
            doubt = self.contract.doubt
            place = {"for_party": "available", "against_party": "lost", "left_out": "excluded"}[doubt]
        elif bucket in self.contract.counts:
            place = "lost"
        else:
            place = "excluded"
        works = bucket == "working" or bucket in self.contract.available
        criticality = next(span.criticality for span in life.spans if span.from_ms <= at < span.to_ms)
        measured = interval is not None and interval.state != "unknown"
        return Now(place if in_hours else "outside_hours", bucket, works, measured, criticality, place)

    # Units

    @cached_property
    def units(self) -> dict[str, list[int]]:
        """The cameras of each unit, by their positions."""
        units: dict[str, list[int]] = {}
        for i, life in enumerate(self.lives):
            name = life.site if self.contract.unit == "site" else f"{life.site}/{life.camera}"
            units.setdefault(name, []).append(i)
        return units

    def unit_at(self, name: str, at: int) -> Now:
        cameras = [self.camera_at(i, at) for i in self.units[name]]
        if self.contract.unit == "camera":
            return cameras[0]
        place = next(place for place in PLACES if any(each.place == place for each in cameras))
        first = next(each for each in cameras if each.place == place)
        lost = [each.criticality for each in cameras if each.place == "lost"]
        worst = next((each for each in ("high", "normal", "low") if each in lost), first.criticality)
        works = any(each.works for each in cameras) and all(each.otherwise != "lost" for each in cameras)
        return Now(place, first.bucket, works, any(each.measured for each in cameras), worst, "")

    @cache  # noqa: B019
    def timeline(self, name: str) -> list[tuple[int, int, Now]]:
        return [(at, end, self.unit_at(name, at)) for at, end in self.slices if at < self.until]

    @cache  # noqa: B019
    def camera_timeline(self, index: int) -> list[tuple[int, int, Now]]:
        return [(at, end, self.camera_at(index, at)) for at, end in self.slices if self.begin <= at < self.until]

    def in_month(self, name: str) -> list[tuple[int, int, Now]]:
        return [each for each in self.timeline(name) if each[0] >= self.begin]

    # Sums

    def sums(self, names: Sequence[str]) -> dict[str, int]:
        return tally([each for name in names for each in self.in_month(name)])

    def camera_sums(self, index: int) -> dict[str, int]:
        return tally(self.camera_timeline(index))

    def is_judged(self, names: Sequence[str]) -> bool:
        known = 0
        for name in names:
            for at, end, now in self.in_month(name):
                if now.place in ("available", "lost", "excluded") and now.bucket != "not_known":
                    known += end - at
        sums = self.sums(names)
        return known > 0 and sums["available"] + sums["lost"] > 0

    def availability(self, names: Sequence[str]) -> Fraction | None:
        sums = self.sums(names)
        if not self.is_judged(names):
            return None
        return Fraction(sums["available"], sums["available"] + sums["lost"])

    # Outages

    def outages(self, name: str) -> list[dict[str, Any]]:
        """Each outage with lost time in the period: its overtime of each kind, before the month and in all."""
        found: list[list[tuple[int, int, Now]]] = []
        current: list[tuple[int, int, Now]] = []
        for each in self.timeline(name):
            now = each[2]
            if current and (now.works or now.place == "not_covered"):
                found.append(current)
                current = []
            elif now.place == "lost":
                current.append(each)
        if current:
            found.append(current)
        told: list[dict[str, Any]] = []
        for lost in found:
            if not any(at >= self.begin for at, _, _ in lost):
                continue
            criticality = lost[0][2].criticality
            service = next((each for each in self.contract.classes if criticality in each.criticality), None)
            begin, end = lost[0][0], lost[-1][1]
            taken = [
                at
                for at, until, _ in lost_and_between(lost, self.timeline(name))
                for i in self.units[name]
                for span in self.lives[i].taken
                if span.from_ms < until and span.to_ms > at
            ]
            response = min(taken, default=end)
            outage: dict[str, Any] = {"unit": name, "begin": begin, "criticality": criticality}
            for kind, hours, clock in (
                ("start", Decimal(0), lost),
                ("repair", service.repair_hours if service else None, lost),
                ("response", service.response_hours if service else None, [x for x in lost if x[0] < response]),
            ):
                outage[kind] = outage[f"{kind}_before"] = None
                if hours is not None:
                    agreed = int(Fraction(hours) * HOUR)
                    before = sum(end - at for at, end, _ in clock if at < self.begin)
                    in_all = sum(end - at for at, end, _ in clock)
                    outage[f"{kind}_before"] = max(0, before - agreed)
                    outage[kind] = max(0, in_all - agreed)
            told.append(outage)
        return told

    # Money

    def round(self, amount: Fraction) -> Decimal:
        step = Fraction(self.contract.round_to)
        whole, rest = divmod(amount, step)
        up = {"half_up": rest * 2 >= step, "down": False, "up": rest > 0}[self.contract.rounding]
        return (int(whole) + up) * self.contract.round_to

    def covered(self, name: str, *, in_hours: bool = False) -> int:
        """Milliseconds of the whole month in which any camera of a unit is covered, and within its hours."""
        total = 0
        for at, end in self.slices:
            if at < self.begin:
                continue
            for i in self.units[name]:
                life = self.lives[i]
                if self.is_covered(life, at) and (not in_hours or self.in_hours(life, at)):
                    total += end - at
                    break
        return total

    @cached_property
    def fees(self) -> dict[str, Decimal]:
        month = self.end - self.begin
        covered = {name: self.covered(name) for name in self.units}
        if self.contract.fee_per == "unit":
            return {name: self.round(Fraction(self.contract.fee) * ms / month) for name, ms in covered.items()}
        shares = {}
        for i, name in enumerate(covered):
            upto, before = sum(list(covered.values())[: i + 1]), sum(list(covered.values())[:i])
            if not sum(covered.values()):
                shares[name] = Decimal(0)
                continue
            parts = [self.round(Fraction(self.fee) * ms / sum(covered.values())) for ms in (upto, before)]
            shares[name] = parts[0] - parts[1]
        return shares

    @cached_property
    def fee(self) -> Decimal:
        if self.contract.fee_per == "unit":
            return sum(self.fees.values(), Decimal(0))
        first = midnight(self.contract.valid_from, self.contract.zone)
        after = midnight(self.contract.valid_to + timedelta(days=1), self.contract.zone)
        valid = max(0, min(after, self.end) - max(first, self.begin))
        return self.round(Fraction(self.contract.fee) * valid / (self.end - self.begin))

    @cached_property
    def lines(self) -> list[tuple[int, str, int | None, Decimal]]:
        """Each penalty line: number of the penalty, unit, beginning of the outage, amount."""
        everything = list(self.units)
        found: list[tuple[int, str, int | None, Decimal]] = []
        for number, penalty in enumerate(self.contract.penalties if self.is_judged(everything) else ()):
            subjects = [("", everything, self.fee)]
            if penalty.per == "unit" or penalty.kind == "delay":
                fees = self.fees if penalty.per == "unit" else dict.fromkeys(self.units, self.fee)
                subjects = [(name, [name], fees[name]) for name in self.units if self.is_judged([name])]
            for unit, names, fee in subjects:
                found += [(number, unit, begin, amount) for begin, amount in self.amounts(penalty, names, fee)]
        return found

    def amounts(self, penalty: Penalty, names: Sequence[str], fee: Decimal) -> list[tuple[int | None, Decimal]]:
        """Beginning of the outage and amount of each line of a penalty for a unit, or for all of them."""
        availability = self.availability(names)
        assert availability is not None
        if penalty.kind == "availability":
            [percent] = [
                tier.percent
                for tier in penalty.tiers
                if tier.at_least <= availability * 100 < tier.below or (availability == 1 and tier.below == 100)
            ]
            return [(None, self.round(Fraction(fee) * Fraction(percent) / 100))]
        if penalty.kind == "restitution":
            target = Fraction(self.contract.target) / 100
            if availability >= target:
                return []
            hours = sum(self.covered(name, in_hours=True) for name in names)
            return [(None, min(fee, self.round(Fraction(fee) * self.sums(names)["lost"] / (hours * target))))]
        found: list[tuple[int | None, Decimal]] = []
        for outage in self.outages(names[0]):
            quantity = self.quantity(penalty.each, outage[f"{penalty.after}_before"], outage[penalty.after])
            rate = penalty.amount
            if rate is None:
                assert penalty.percent is not None
                rate = penalty.percent * fee / 100
            if quantity:
                found.append((outage["begin"], self.round(quantity * Fraction(rate))))
        return found

    def quantity(self, each: str, before: int | None, in_all: int | None) -> Fraction:
        if before is None or in_all is None or before == in_all:
            return Fraction(0)
        return {
            "hour": Fraction(in_all - before) / HOUR,
            "begun_hour": Fraction(begun(in_all, HOUR) - begun(before, HOUR)),
            "begun_day": Fraction(begun(in_all, 24 * HOUR) - begun(before, 24 * HOUR)),
            "occasion": Fraction(int(before == 0)),
        }[each]

    @property
    def deduction(self) -> Decimal:
        most = [sum((line[3] for line in self.lines), Decimal(0)), self.fee]
        if self.contract.cap_percent is not None:
            most.append(self.round(Fraction(self.fee) * Fraction(self.contract.cap_percent) / 100))
        if self.contract.cap is not None:
            most.append(self.contract.cap)
        return min(most)

    # Hours of the week

    @cache  # noqa: B019
    def hours(self, zone: str) -> list[tuple[int, int]]:
        """Every stretch of service hours of a zone in the months."""
        if not self.contract.hours and not self.contract.holidays:
            return [(self.months[0][0], self.end)]
        found = []
        first = local_day(self.months[0][0]) - timedelta(days=3)
        day, last = first, local_day(self.end) + timedelta(days=3)
        while day <= last:
            if day not in self.contract.holidays:
                for text in self.contract.hours or ["00:00-24:00"]:
                    days, start, end = hours_of(text)
                    if day.weekday() in days:
                        length = end - start if end > start else end - start + 1440
                        found.append((instants(day, start, zone)[0], instants(day, start + length, zone)[-1]))
            day += timedelta(days=1)
        return found


def tally(pieces: Sequence[tuple[int, int, Now]]) -> dict[str, int]:
    sums = dict.fromkeys([*PLACES, "measured", "online", "intact"], 0)
    for at, end, now in pieces:
        sums[now.place] += end - at
        if now.place in ("available", "lost", "excluded"):
            sums[f"bucket {now.bucket}"] = sums.get(f"bucket {now.bucket}", 0) + end - at
            sums["measured"] += (end - at) * now.measured
        if now.place in ("available", "lost"):
            for_party = now.bucket == "not_known" and now.place == "available"
            sums["online"] += (end - at) * (now.bucket in STREAMING or for_party)
            sums["intact"] += (end - at) * (now.bucket in TRUE or for_party)
    return sums


def lost_and_between(
    lost: list[tuple[int, int, Now]], timeline: list[tuple[int, int, Now]]
) -> list[tuple[int, int, Now]]:
    return [each for each in timeline if lost[0][0] <= each[0] < lost[-1][1]]


def interval_at(life: CameraLife, at: int) -> Interval | None:
    return next((each for each in life.intervals if each.from_ms <= at < each.to_ms), None)


def begun(ms: int, unit: int) -> int:
    return ms // unit + (1 if ms % unit else 0)


def following(month: Month) -> date:
    return date(month.year + month.number // 12, month.number % 12 + 1, 1)


def local_day(ms: int) -> date:
    return (UTC_EPOCH + timedelta(milliseconds=ms)).date()


def hours_of(text: str) -> tuple[set[int], int, int]:
    days, _, times = text.rpartition(" ")
    begin, _, end = times.partition("-")
    minutes = [int(each[:2]) * 60 + int(each[3:]) for each in (begin, end)]
    names = days.split("-") if days else ["Mon", "Sun"]
    return set(range(DAYS[names[0]], DAYS[names[-1]] + 1)), minutes[0], minutes[1]


@cache
def instants(day: date, minute: int, zone: str) -> list[int]:
    """Every moment at which clocks show this minute of a day; if it is skipped, the one by the clock before."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001
    as_utc = (wall - UTC_EPOCH) // timedelta(milliseconds=1)
    offsets: list[int] = []
    for hours in range(-40, 41):
        _, offset = shown(as_utc + hours * HOUR, zone)
        if offset not in offsets:
            offsets.append(offset)
    found = {as_utc - offset for offset in offsets if shown(as_utc - offset, zone)[0] == wall}
    return sorted(found) or [as_utc - offsets[0]]


def shown(at: int, zone: str) -> tuple[datetime, int]:
    """What clocks of a zone show at a moment, and by how many milliseconds they are ahead of UTC."""
    utc = UTC_EPOCH + timedelta(milliseconds=at)
    local = utc.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return local, (local - utc) // timedelta(milliseconds=1)


def midnight(day: date, zone: str) -> int:
    return instants(day, 0, zone)[0]
