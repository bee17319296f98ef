"""Units of a contract: its cameras, or its sites."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pantau_collector.contracts.model import CRITICALITIES
from pantau_collector.settlement.pieces import Piece
from pantau_collector.settlement.place import Place


def site_pieces(cameras: Sequence[Sequence[Piece]]) -> list[Piece]:
    """Return the pieces of a site from those of its cameras, which all cover the same time without gaps."""
    if not cameras[0]:
        return []
    moments = sorted({piece.from_ms for pieces in cameras for piece in pieces} | {cameras[0][-1].to_ms})
    merged: list[Piece] = []
    at = [0] * len(cameras)
    for from_ms, to_ms in pairwise(moments):
        now: list[Piece] = []
        for i, pieces in enumerate(cameras):
            while pieces[at[i]].to_ms <= from_ms:
                at[i] += 1
            now.append(pieces[at[i]])
        merged.append(_merged(from_ms, to_ms, now))
    return merged


def _merged(from_ms: int, to_ms: int, cameras: Sequence[Piece]) -> Piece:
    place = min(each.place for each in cameras)
    first = next(each for each in cameras if each.place is place)
    otherwise = min(each.otherwise for each in cameras)
    lost = {each.criticality for each in cameras if each.place is Place.LOST}
    return Piece(
        from_ms,
        to_ms,
        place,
        first.bucket,
        otherwise,
        works=otherwise is not Place.LOST and any(each.works for each in cameras),
        measured=any(each.measured for each in cameras),
        criticality=next((each for each in CRITICALITIES if each in lost), first.criticality),
    )


def by_unit(pieces: Mapping[tuple[str, str], list[Piece]], unit: str) -> dict[str, list[Piece]]:
    """Return the pieces of each unit by its name, in order; those of cameras are given by site and id."""
    if unit == "camera":
        return {"/".join(key): its for key, its in sorted(pieces.items())}
    sites: dict[str, list[list[Piece]]] = {}
    for (site, _), its in sorted(pieces.items()):
        sites.setdefault(site, []).append(its)
    return {site: site_pieces(cameras) for site, cameras in sites.items()}
