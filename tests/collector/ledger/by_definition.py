"""The ledger a second time: slow, moment by moment, from the messages themselves and the definition alone.

It shares nothing with the product but the names of buckets and evidence, and the contract. Nothing is merged,
stored or carried on: whatever is asked of a moment is looked up among all messages again.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from pantau_collector.ledger import Bucket, Evidence, Interval
from pantau_contract.messages import Sample
from pantau_contract.states import State
from tests.collector.ledger.site_by_definition import FOREVER, MINUTE, Batch, SiteByDefinition, Span

SEVERITY = ["unknown", "ok", "degraded", "impaired", "down", "disabled"]


class Claim(NamedTuple):
    begin: int
    end: int
    rank: int
    state: str
    cause: str | None


class Definition(SiteByDefinition):
    """One site and its cameras by their definition."""

    # What was claimed of a camera

    def claims(self, camera: str) -> list[Claim]:
        if camera not in self._claims:
            self._claims[camera] = [
                Claim(begin, end, SEVERITY.index(sample.state), str(sample.state), sample.cause)
                for batch in self.batches
                for begin, end, sample in _spans(batch, camera)
            ]
        return self._claims[camera]

    @cached_property
    def _claims(self) -> dict[str, list[Claim]]:
        return {}

    def claimed(self, camera: str, moment: int) -> Claim | None:
        """The worst that was claimed of this very moment."""
        there = [claim for claim in self.claims(camera) if claim.begin <= moment < claim.end]
        return min(there, key=lambda claim: (-claim.rank, claim.cause or claim.state)) if there else None

    def unclaimed(self, camera: str, moment: int) -> Span:
        """The stretch around a moment in which nothing was claimed."""
        before = [claim.end for claim in self.claims(camera) if claim.end <= moment]
        after = [claim.begin for claim in self.claims(camera) if claim.begin > moment]
        return max(before, default=0), min(after, default=FOREVER)

    def short(self, moment: int) -> int:
        """How long a watched camera may go without a claim, by the batches at work just before a moment."""
        runs = [(begin, self._end_of_run(batch), batch.boot, batch) for begin, _, batch in self.covered]
        there = [each for each in runs if each[0] <= moment - 1 and self._begins_run(each[3])]
        return 30_000 + (max(there, key=lambda each: each[:3])[3].interval if there else 0)

    def known(self, camera: str, moment: int) -> Claim | None:
        """What is known of a moment: what was claimed, or what lasted until the next claim."""
        claim = self.claimed(camera, moment)
        if claim is not None:
            return claim
        begin, end = self.unclaimed(camera, moment)
        if begin == 0 or end == FOREVER or end - begin > self.short(end):
            return None
        edges = [begin, *(e for b, c, _ in self.covered for e in (b, c) if begin < e < end)]
        return self.claimed(camera, begin - 1) if all(map(self.is_covered, edges)) else None

    # Whose a moment is, as seen at the site

    def at_site(self, camera: str, moment: int) -> tuple[Bucket, Evidence, str]:
        known = self.known(camera, moment)
        if known is None:
            return *self.unmeasured(camera, moment), ""
        if known.state == "down":
            return self.root(camera, moment)
        if known.cause == "starting":
            return *self.starting(camera, moment), ""
        unknown = Bucket.NOT_KNOWN, Evidence.SAMPLES, ""
        return {
            "ok": (Bucket.WORKING, Evidence.SAMPLES, ""),
            "degraded": (Bucket.BELOW_STANDARD, Evidence.SAMPLES, ""),
            "impaired": (Bucket.PICTURE, Evidence.SAMPLES, ""),
            "disabled": (Bucket.OUT_OF_SERVICE, Evidence.SWITCHED_OFF, ""),
            "clock_unset": (Bucket.WATCHER, Evidence.CLOCK_UNSET, ""),
        }.get(known.cause or known.state if known.state == "unknown" else known.state, unknown)

    def starting(self, camera: str, moment: int) -> tuple[Bucket, Evidence]:
        """What an agent did not know yet is whose the time before its start was."""
        before = self._begin_of(camera, moment, lambda each: each is not None and each.cause == "starting") - 1
        if before >= 0 and self.known(camera, before) is None:
            bucket, evidence = self.unmeasured(camera, before)
            if bucket is not Bucket.OUT_OF_SERVICE:
                return bucket, evidence
        return Bucket.NOT_KNOWN, Evidence.SAMPLES

    def unmeasured(self, camera: str, moment: int) -> tuple[Bucket, Evidence]:
        begin, end = self._stretch(camera, moment)
        if begin == 0:
            return Bucket.OUT_OF_SERVICE, Evidence.NOT_CONFIGURED
        parts = [
            (max(first, begin), min(last, end)) for first, last in self._reported() if first < end and last > begin
        ]
        without = [(first, last) for first, last in parts if last - first > self.short(first + 1)]
        if without:
            first, last = without[0][0], FOREVER if end == FOREVER else without[-1][1]
            if first <= moment < last:
                return Bucket.OUT_OF_SERVICE, Evidence.NOT_CONFIGURED
            begin, end = (begin, first) if moment < first else (last, end)
        gone = [each for each in self.gone if each.begin < end and each.end > begin]
        if not gone:
            return Bucket.NOT_KNOWN, Evidence.NONE
        earlier = [each for each in gone if each.begin <= moment]
        return (earlier[-1] if earlier else gone[0])[2:]

    def _stretch(self, camera: str, moment: int) -> Span:
        return self.unclaimed(camera, moment)

    def _begin_of(self, camera: str, moment: int, like: object) -> int:
        """The beginning of the stretch around a moment in which what is known is `like` this."""
        assert callable(like)
        for edge in sorted((edge for edge in self.edges(camera) if edge <= moment), reverse=True):
            if edge == 0 or not like(self.known(camera, edge - 1)):
                return edge
        return 0

    # Root causes

    def down_since(self, camera: str, moment: int) -> int | None:
        known = self.known(camera, moment)
        if known is None or known.state != "down":
            return None
        return self._begin_of(camera, moment, lambda each: each is not None and each.state == "down")

    def down_until(self, camera: str, moment: int) -> int:
        for edge in sorted(edge for edge in self.edges(camera) if edge > moment):
            known = self.known(camera, edge)
            if known is None or known.state != "down":
                return edge
        return FOREVER

    def cameras(self) -> list[str]:
        return sorted({sample.camera for batch in self.batches for sample in batch.message.samples})

    def root(self, camera: str, moment: int) -> tuple[Bucket, Evidence, str]:
        since = self.down_since(camera, moment)
        assert since is not None
        until = self.down_until(camera, moment)
        parents = ["", *reversed(self.paths.get(camera, ()))]
        for parent in parents:
            if any(
                since <= at < until and moment < at_end + 90_000 and moment >= at - 90_000
                for at, at_end in self._rooted(camera, parent)
                if at < until and at_end > since
            ):
                return self._blame(parent, moment)
        return Bucket.CAMERA, Evidence.SAMPLES, ""

    def _rooted(self, camera: str, parent: str) -> list[Span]:
        """Where the parent is the root of the camera's being down, in elementary stretches."""
        key = camera, parent
        if key not in self._roots:
            edges = {edge for each in self.cameras() for edge in self.edges(each)} | self._answer_edges(parent)
            self._roots[key] = [
                (begin, end) for begin, end in pairwise(sorted(edges)) if self._is_root(camera, parent, begin)
            ]
        return self._roots[key]

    @cached_property
    def _roots(self) -> dict[tuple[str, str], list[Span]]:
        return {}

    def _is_root(self, camera: str, parent: str, moment: int) -> bool:
        members = [each for each in self.cameras() if parent == "" or parent in self.paths.get(each, ())]
        known = {each: self.known(each, moment) for each in members}
        if any(each is not None and each.state in {"ok", "degraded", "impaired"} for each in known.values()):
            return False
        if "answers" in self._answers(parent, moment):
            return False
        since = self.down_since(camera, moment)
        if since is None:
            return False
        return any(
            (other_since := self.down_since(other, moment)) is not None
            and abs(other_since - since) <= 90_000
            and self._branch(other, parent) != self._branch(camera, parent)
            for other in members
            if other != camera
        )

    def _branch(self, camera: str, parent: str) -> str:
        way = [camera, *self.paths.get(camera, ()), ""]
        return way[way.index(parent) - 1]

    def _asked(self, device: str) -> list[tuple[int, int, bool]]:
        """From when to when a device is known to answer, or not: until it was asked last."""
        return [
            (
                max(answer.since + batch.shift, batch.end - batch.interval - MINUTE),
                min(answer.asked + batch.shift, batch.end),
                answer.answers,
            )
            for batch in self.batches
            for answer in batch.message.devices
            if answer.device == device
        ]

    def _answers(self, device: str, moment: int) -> set[str]:
        there = {
            "answers" if yes else "silent" for begin, end, yes in self._asked(device) if begin <= moment < end
        }
        return {"silent"} if "silent" in there else there

    def _answer_edges(self, device: str) -> set[int]:
        return {edge for begin, end, _ in self._asked(device) if begin < end for edge in (begin, end)}

    def _blame(self, parent: str, moment: int) -> tuple[Bucket, Evidence, str]:
        if parent == "":
            return Bucket.DEVICE, Evidence.SITE_DOWN, ""
        if parent in self.supplies:
            return Bucket.POWER, Evidence.SUPPLY_DOWN, parent
        silent = "silent" in self._answers(parent, moment)
        return Bucket.DEVICE, Evidence.DEVICE_SILENT if silent else Evidence.DEVICE_DOWN, parent

    # Whose a moment is

    def is_away(self, moment: int) -> bool:
        """Whether the collector was away within a minute and a half."""
        edges = sorted({edge for span in self.attentive for edge in span if span[0] < span[1]})
        return any(
            begin - 90_000 <= moment < end + 90_000
            for begin, end in pairwise(edges)
            if not any(first <= begin < last for first, last in self.attentive)
        )

    def moment(self, camera: str, moment: int) -> tuple[Bucket, Bucket, Bucket, str, str | None, Evidence, str]:
        known = self.known(camera, moment)
        state, cause = (known.state, known.cause) if known else ("unknown", None)
        bucket, evidence, device = self.at_site(camera, moment)
        at_site = bucket
        if bucket is Bucket.OUT_OF_SERVICE:
            pass
        elif state != "unknown":
            if not self.is_seen(moment):
                whose: tuple[Bucket, Evidence] | None = (Bucket.LINK, Evidence.BACKLOG)
                if not self.is_covered(moment):
                    gone = next((each for each in self.gone if each.begin <= moment < each.end), None)
                    whose = (gone.bucket, gone.evidence) if gone and gone.bucket is Bucket.LINK else None
                if whose is not None:
                    away = self.is_away(moment)
                    bucket, evidence = (Bucket.WATCHER, Evidence.COLLECTOR_AWAY) if away else whose
                    device = ""
        elif bucket is Bucket.LINK or evidence is Evidence.NONE:
            at_site = Bucket.NOT_KNOWN
            if self.is_away(moment):
                bucket, evidence = Bucket.WATCHER, Evidence.COLLECTOR_AWAY
        unplanned = bucket
        planned = any(begin <= moment < end for begin, end in self.plans.get(camera, ()))
        if planned and bucket not in {Bucket.WORKING, Bucket.OUT_OF_SERVICE}:
            bucket, evidence, device = Bucket.MAINTENANCE, Evidence.PLANNED, ""
        return bucket, unplanned, at_site, state, cause, evidence, device

    def edges(self, camera: str) -> list[int]:
        """Every moment at which what is known of a camera may change."""
        if camera not in self._edges:
            found = {0} | {edge for claim in self.claims(camera) for edge in claim[:2]}
            found |= {edge for begin, end, _ in self.covered for edge in (begin, end)}
            self._edges[camera] = sorted(found)
        return self._edges[camera]

    @cached_property
    def _edges(self) -> dict[str, list[int]]:
        return {}

    def intervals(self, camera: str, begin: int, end: int) -> list[Interval]:
        around = {edge + by for each in self.cameras() for edge in self.edges(each) for by in (-90_000, 0, 90_000)}
        around |= {edge for each in self.gone for edge in each[:2]} | {edge for each in self.dark for edge in each}
        around |= {edge + by for span in self.attentive for edge in span for by in (-90_000, 90_000)}
        around |= {edge for span in self.plans.get(camera, ()) for edge in span}
        for device in self.paths.get(camera, ()):
            around |= {edge + by for edge in self._answer_edges(device) for by in (-90_000, 0, 90_000)}
        edges = [begin, *sorted(edge for edge in around if begin < edge < end), end]
        found: list[Interval] = []
        for first, last in pairwise(edges):
            bucket, unplanned, at_site, state, cause, evidence, device = self.moment(camera, first)
            there = Interval(first, last, bucket, unplanned, at_site, State(state), cause, evidence, device)
            if found and _without_times(found[-1]) == _without_times(there):
                previous = found.pop()
                there = Interval(previous.from_ms, last, *_without_times(there))  # type: ignore[arg-type]
            found.append(there)
        return found


def _without_times(interval: Interval) -> tuple[object, ...]:
    return tuple(getattr(interval, name) for name in interval.__struct_fields__[2:])


def _spans(batch: Batch, camera: str) -> Iterator[tuple[int, int, Sample]]:
    """Until when each sample of a camera claims its state: the next sample's time, or the batch's end."""
    earliest = batch.end - batch.interval - MINUTE
    samples = [sample for sample in batch.message.samples if sample.camera == camera]
    ends = [batch.end] if samples else []
    for sample in samples[:0:-1]:
        ends.append(min(max(sample.time + batch.shift, earliest), ends[-1]))
    for sample, end in zip(samples, reversed(ends), strict=True):
        begin = max(sample.since + batch.shift, earliest)
        if begin < end:
            yield begin, end, sample
