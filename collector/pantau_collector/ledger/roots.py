"""Which cameras are down because of something that they have in common: a device, or the whole site.

A device is the root at a moment if no camera behind it is known to work, it does not answer, and cameras on two
of its branches or more went down within a short time of each other and still are. So a camera that has been broken
for weeks stays broken by itself when its switch fails. The whole site goes before a device, and a device before
those behind it. Cameras fail and recover one after another, so a root's time is extended a little within each
outage.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from pantau_collector.incidents.subjects import device_of
from pantau_collector.incidents.topology import Devices
from pantau_collector.ledger.bucket import Bucket, Evidence
from pantau_collector.ledger.claims import ANSWERS, SILENT, Claim, state_of
from pantau_collector.ledger.pieces import Piece
from pantau_collector.ledger.spans import Span, split, subtract, union
from pantau_contract.states import State

TOGETHER_MS = 90_000
"""Milliseconds within which cameras go down, or come back, for it to be one outage."""
_WORKING = {State.OK, State.DEGRADED, State.IMPAIRED}


class Site(NamedTuple):
    """What is connected how at a site. `devices` are by subject, `supplies` are those that are power supplies."""

    devices: Devices
    supplies: frozenset[str] = frozenset()


class Root(NamedTuple):
    """A stretch in which a camera is down because of a device, by its id, or of the whole site if it is empty."""

    from_ms: int
    to_ms: int
    bucket: Bucket
    evidence: Evidence
    device: str


class _Outage(NamedTuple):
    from_ms: int
    to_ms: int


def find_roots(
    pieces: Mapping[str, Sequence[Piece]], answers: Mapping[str, Sequence[Claim]], site: Site
) -> dict[str, list[Root]]:
    """Return the stretches of each camera that have a root, in order.

    Args:
        pieces: the life of each camera of the site.
        answers: whether devices answer, by id.
        site: how the cameras are connected.
    """
    outages = {camera: list(_outages(its)) for camera, its in pieces.items()}
    found: dict[str, list[Root]] = {camera: [] for camera in pieces}
    for parent, members in _parents(pieces, site.devices):
        device = device_of(parent) if parent else ""
        asked = answers.get(device, ()) if parent else ()
        for camera, spans in _rooted(parent, members, pieces, outages, asked, site.devices).items():
            taken = [Span(root.from_ms, root.to_ms) for root in found[camera]]
            for span in subtract(_extended(spans, outages[camera]), taken):
                found[camera] += _with_evidence(span, device, asked, supply=device in site.supplies)
            found[camera].sort()
    return found


def _outages(pieces: Sequence[Piece]) -> Iterator[_Outage]:
    """Yield the stretches in which a camera was down all the time, whatever the cause."""
    for is_down, group in groupby(pieces, key=lambda piece: state_of(piece.condition) is State.DOWN):
        if is_down:
            members = list(group)
            yield _Outage(members[0].from_ms, members[-1].to_ms)


def _parents(cameras: Iterable[str], devices: Devices) -> list[tuple[str, list[str]]]:
    """Return the whole site, which is empty, and its devices, with the cameras behind each; the highest first."""
    behind: dict[str, list[str]] = {"": list(cameras)}
    for subject in sorted(devices.above, key=lambda each: (len(devices.above[each]), each)):
        members = [camera for camera in behind[""] if subject in devices.of_camera.get(camera, ())]
        behind[subject] = members
    return [(parent, members) for parent, members in behind.items() if len(members) > 1]


def _rooted(
    parent: str,
    members: Sequence[str],
    pieces: Mapping[str, Sequence[Piece]],
    outages: Mapping[str, Sequence[_Outage]],
    asked: Sequence[Claim],
    devices: Devices,
) -> dict[str, list[Span]]:
    """Return for each camera the moments at which the parent is the root of its outage."""
    working = union(
        Span(piece.from_ms, piece.to_ms)
        for camera in members
        for piece in pieces[camera]
        if state_of(piece.condition) in _WORKING
    )
    answering = [Span(claim.from_ms, claim.to_ms) for claim in asked if claim.condition == ANSWERS]
    excluded = union([*working, *answering])
    branches = {camera: _branch(camera, parent, devices) for camera in members}
    down = [
        (part, camera, outage.from_ms)
        for camera in members
        for outage in outages[camera]
        for part in subtract([Span(*outage)], excluded)
    ]
    rooted: dict[str, list[Span]] = {}
    down.sort()
    for i, (span, camera, since_ms) in enumerate(down):
        for other_span, other, other_since_ms in islice(down, i + 1, None):
            if other_span.from_ms >= span.to_ms:
                break
            together = abs(since_ms - other_since_ms) <= TOGETHER_MS
            if together and branches[camera] != branches[other]:
                both = Span(other_span.from_ms, min(span.to_ms, other_span.to_ms))
                rooted.setdefault(camera, []).append(both)
                rooted.setdefault(other, []).append(both)
    return {camera: union(spans) for camera, spans in rooted.items()}


def _branch(camera: str, parent: str, devices: Devices) -> str:
    """Return what connects the camera directly behind the parent; the camera itself if nothing is between them."""
    path = (camera, *devices.of_camera.get(camera, ()), "")
    return path[path.index(parent) - 1]


def _extended(spans: Sequence[Span], outages: Sequence[_Outage]) -> list[Span]:
    """Return the spans, longer by `TOGETHER_MS` at both ends, but only as far as the outage that each is in."""
    return union(
        Span(max(outage.from_ms, span.from_ms - TOGETHER_MS), min(outage.to_ms, span.to_ms + TOGETHER_MS))
        for outage in outages
        for span in spans
        if span.from_ms < outage.to_ms and span.to_ms > outage.from_ms
    )


def _with_evidence(span: Span, device: str, asked: Sequence[Claim], *, supply: bool) -> Iterator[Root]:
    if supply:
        yield Root(*span, Bucket.POWER, Evidence.SUPPLY_DOWN, device)
        return
    if not device:
        yield Root(*span, Bucket.DEVICE, Evidence.SITE_DOWN, "")
        return
    silent = union(Span(claim.from_ms, claim.to_ms) for claim in asked if claim.condition == SILENT)
    for part, is_silent in split(span, silent):
        evidence = Evidence.DEVICE_SILENT if is_silent else Evidence.DEVICE_DOWN
        yield Root(*part, Bucket.DEVICE, evidence, device)
