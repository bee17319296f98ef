"""Makes the outlines of land that the map shows without tiles: `python -m release.map_outlines land-10m.json`.

The file is that of the npm package `world-atlas` (Natural Earth, public domain). What lies around Indonesia is cut
out of it, and made coarser where no city of ours is looked at closely.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Point = tuple[float, float]
Ring = list[Point]

WEST, SOUTH, EAST, NORTH = 93.0, -12.0, 142.0, 9.0
"""Degrees: Indonesia and its neighbours."""
CLOSE = (103.0, 0.3, 105.2, 1.8)
"""Degrees: Batam, Bintan, Karimun, Singapore and Johor, which are kept as they are."""
COARSE = 0.006
"""Degrees by which an outline elsewhere may be off."""
_TO = Path(__file__).parents[1] / "collector/pantau_collector/web/static/vendor/natural-earth/land.json"


def main(source: Path) -> None:
    """Write the outlines."""
    topology = json.loads(source.read_text())
    rings = [coarser(clipped) for ring in read_rings(topology) if len(clipped := cut(ring)) > 3]
    rings = [ring for ring in rings if len(ring) > 3]
    coordinates = [[[[round(x, 3), round(y, 3)] for x, y in ring]] for ring in rings]
    _TO.write_text(json.dumps({"type": "MultiPolygon", "coordinates": coordinates}, separators=(",", ":")) + "\n")
    sys.stdout.write(f"{_TO}: {len(rings)} outlines, {_TO.stat().st_size} bytes\n")


def read_rings(topology: dict[str, Any]) -> Iterator[Ring]:
    """Yield each outline of a TopoJSON file of land, without the lakes in it."""
    (scale_x, scale_y), (shift_x, shift_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[Ring] = []
    for arc in topology["arcs"]:
        x = y = 0
        points: Ring = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale_x + shift_x, y * scale_y + shift_y))
        arcs.append(points)
    for shape in topology["objects"]["land"]["geometries"]:
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        for polygon in polygons:
            ring: Ring = []
            for i in polygon[0]:
                ring += (arcs[i] if i >= 0 else arcs[~i][::-1])[bool(ring) :]
            yield ring


def cut(ring: Ring) -> Ring:
    """Return what of an outline is within the box (Sutherland and Hodgman)."""
    sides: list[tuple[Callable[[Point], bool], int, float]] = [
        (lambda p: p[0] >= WEST, 0, WEST),
        (lambda p: p[0] <= EAST, 0, EAST),
        (lambda p: p[1] >= SOUTH, 1, SOUTH),
        (lambda p: p[1] <= NORTH, 1, NORTH),
    ]
    for is_in, axis, bound in sides:
        kept: Ring = []
        for before, point in zip([*ring[-1:], *ring[:-1]], ring, strict=True):
            if is_in(before) != is_in(point):
                part = (bound - before[axis]) / (point[axis] - before[axis])
                other = before[1 - axis] + part * (point[1 - axis] - before[1 - axis])
                kept.append((bound, other) if axis == 0 else (other, bound))
            if is_in(point):
                kept.append(point)
        ring = kept
    return ring


def coarser(ring: Ring) -> Ring:
    """Return an outline with the points that matter (Ramer, Douglas and Peucker); none if it is tiny."""
    west, south, east, north = CLOSE
    if any(west <= x <= east and south <= y <= north for x, y in ring):
        return ring if len(ring) < 2000 else _coarser(ring, COARSE / 6)
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return [] if max(max(xs) - min(xs), max(ys) - min(ys)) < 0.03 else _coarser(ring, COARSE)


def _coarser(ring: Ring, tolerance: float) -> Ring:
    keep = {0, len(ring) - 1}
    spans = [(0, len(ring) // 2), (len(ring) // 2, len(ring) - 1)]
    while spans:
        first, last = spans.pop()
        keep |= {first, last}
        (x0, y0), (x1, y1) = ring[first], ring[last]
        length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-12)
        furthest, at = 0.0, 0
        for i in range(first + 1, last):
            x, y = ring[i]
            off = abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length
            if off > furthest:
                furthest, at = off, i
        if furthest > tolerance:
            spans += [(first, at), (at, last)]
    return [ring[i] for i in sorted(keep)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
