"""Paints what does not move: sky, hills, houses and road, once, at twice the size."""

import math
from dataclasses import replace

import cv2
import numpy as np
from cv2.typing import MatLike

from pantau_simcam.footage.street.brush import Canvas, Colour, disc, fill, fixed, mixed, shaded, stroke, tinted
from pantau_simcam.footage.street.light import Light
from pantau_simcam.footage.street.solids import Face, Solid, box, side_patch
from pantau_simcam.footage.street.view import Floats, View

ROAD = 5.6
"""Metres from the road's middle to its edge."""
PAVEMENT = 9.0
"""Metres from the road's middle to the outer edge of a pavement."""
FRONT = 12.5
"""Metres from the road's middle to the houses."""
FAR = 400.0
STOREY = 3.4
ZEBRA = (21.0, 24.0)

_WALLS: tuple[Colour, ...] = (
    (206, 214, 222),
    (178, 204, 218),
    (196, 206, 190),
    (150, 182, 214),
    (212, 204, 192),
    (168, 176, 184),
)
_BOARDS: tuple[Colour, ...] = (
    (52, 52, 176),
    (40, 140, 204),
    (146, 92, 40),
    (82, 124, 62),
    (214, 214, 214),
    (112, 56, 104),
)
_AWNINGS: tuple[Colour, ...] = ((66, 84, 150), (92, 112, 70), (128, 96, 60), (150, 152, 152))


def backdrop(rng: np.random.Generator, view: View, light: Light) -> Canvas:
    """Paint the empty street as `view` sees it."""
    canvas = _sky(rng, view, light)
    sky = canvas.copy()
    _ground(rng, canvas, view, light)
    _houses(rng, canvas, view, light)
    weathered = cv2.resize(
        rng.normal(0, 3.5, (view.height_px // 6, view.width // 6)), (view.width, view.height_px)
    )
    solid = (canvas != sky).any(axis=2)
    canvas[:] = np.clip(canvas + (weathered * solid)[:, :, None], 0, 255).astype(np.uint8)
    _poles(canvas, view, light)
    return canvas


def lamp_posts() -> list[tuple[float, float]]:
    """Return the positions (x, z) of the street lamps, the farthest first."""
    return [(ROAD + 1.0, float(z)) for z in range(106, 14, -18)]


def _sky(rng: np.random.Generator, view: View, light: Light) -> Canvas:
    width, height = view.width // 2, view.height_px // 2
    horizon = max(2, int(view.horizon / 2))
    down = np.clip(np.arange(height) / horizon, 0, 1)[:, None, None]
    sky = np.array(light.zenith) * (1 - down) + np.array(light.haze) * down
    sky = np.repeat(sky, width, axis=1)
    clouds = np.zeros((height, width), np.float32)
    for octave in range(2, 7):
        cells = rng.random((2 ** (octave + 2), 2**octave + 2), dtype=np.float32)
        clouds += cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC) / 2 ** (octave - 2)
    clouds = np.clip((clouds / 1.94 - (0.75 - light.clouds * 0.45)) * 3.2, 0, 1)[:, :, None] * 0.85
    sky = sky * (1 - clouds) + np.array(light.cloud) * clouds
    canvas: Canvas = cv2.resize(np.clip(sky, 0, 255).astype(np.uint8), (view.width, view.height_px))
    width, height, horizon = view.width, view.height_px, max(2, int(view.horizon))
    ridge = np.interp(np.arange(width), np.linspace(0, width, 14), rng.uniform(0.1, 0.42, 14)) * horizon
    hill = shaded(light.haze, 0.78)
    outline = [(0, height), *((x, int(horizon - ridge[x])) for x in range(0, width, 2)), (width, height)]
    cv2.fillPoly(canvas, [np.array(outline, np.int32)], (hill[0] * 1.02, hill[1] * 0.98, hill[2] * 0.9))
    return canvas


def _flat(x: tuple[float, float], z: tuple[float, float], y: float = 0.0) -> Floats:
    return np.array([(x[0], y, z[0]), (x[1], y, z[0]), (x[1], y, z[1]), (x[0], y, z[1])], float)


def _ground(rng: np.random.Generator, canvas: Canvas, view: View, light: Light) -> None:
    tint = light.tint

    def lay(colour: Colour, x: tuple[float, float], z: tuple[float, float] = (4.0, FAR)) -> None:
        fill(canvas, fixed(view.project(_flat(x, z))), tinted(colour, tint))

    asphalt = (112, 110, 108) if not light.wet else (96, 92, 88)
    lay((86, 118, 104), (-90, 90))
    for side in (-1, 1):
        lay((150, 158, 162), (side * ROAD, side * PAVEMENT))
        lay((136, 142, 146), (side * PAVEMENT, side * (FRONT + 3)))
    lay(asphalt, (-ROAD, ROAD))
    for side in (-1, 1):
        for i, z in enumerate(np.arange(4, 110, 1.0)):
            lay((222, 224, 226) if i % 2 else (48, 48, 50), (side * ROAD, side * (ROAD + 0.28)), (z, z + 1.0))
        lay((214, 218, 220), (side * (ROAD - 0.35), side * (ROAD - 0.47)))
        for z in np.arange(4, 140, 6.0):
            lay((216, 220, 222), (side * 2.95, side * 3.07), (z, z + 2.6))
    for x in (-0.16, 0.06):
        lay((52, 176, 214), (x, x + 0.10))
    for x in np.arange(-ROAD + 0.5, ROAD - 0.4, 0.95):
        lay((224, 226, 228), (x, x + 0.5), ZEBRA)
    _grit(rng, canvas, view)


def _grit(rng: np.random.Generator, canvas: Canvas, view: View) -> None:
    """Return the texture of the ground in world coordinates: coarse near by, fine in the distance."""
    reach_x, reach_z = 24.0, (6.0, 86.0)
    texture = np.zeros((1200, 720), np.float32)
    for cells, strength in ((12, 7.0), (60, 7.0), (300, 9.0), (1200, 12.0)):
        noise = rng.normal(0, 1, (cells, max(4, cells * 3 // 5))).astype(np.float32)
        texture += cv2.resize(noise, (720, 1200), interpolation=cv2.INTER_LINEAR) * strength
    for _ in range(9):
        x, z = int(rng.uniform(200, 520)), int(rng.uniform(0, 900))
        cv2.rectangle(
            texture,
            (x, z),
            (x + int(rng.uniform(14, 60)), z + int(rng.uniform(20, 90))),
            float(rng.uniform(-26, -8)),
            -1,
        )
    corners = np.array([(0, 0), (720, 0), (720, 1200), (0, 1200)], np.float32)
    target = view.project(_flat((-reach_x, reach_x), reach_z)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    grit = cv2.warpPerspective(texture, matrix, (view.width, view.height_px), flags=cv2.INTER_AREA)
    rough = canvas.astype(np.float32) + grit[:, :, None]
    canvas[:] = np.clip(rough, 0, 255).astype(np.uint8)


def _houses(rng: np.random.Generator, canvas: Canvas, view: View, light: Light) -> None:
    """Paint rows of shop-houses on both sides, the farthest first, paler with distance."""
    rows: list[tuple[float, float, list[Face]]] = []
    for side in (-1, 1):
        z = 6.0
        while z < 220:
            length = float(rng.uniform(8, 16))
            rows.append((z, FRONT * side, _house(rng, light, side, length)))
            z += length + (float(rng.uniform(4, 14)) if rng.random() < 0.35 else 0.0)
    for z, x, faces in sorted(rows, key=lambda row: -row[0]):
        clear = math.exp(-z / 190)
        hazy = [
            face
            if face.glows
            else Face(face.corners, mixed(light.haze, tinted(face.colour, light.tint), clear), glows=True)
            for face in faces
        ]
        Solid.of(hazy, light.tint).paint(canvas, view, x, z)


def _house(rng: np.random.Generator, light: Light, side: int, length: float) -> list[Face]:
    storeys = int(rng.choice([1, 2, 2, 3, 3]))
    high, deep = STOREY * storeys + 0.9, float(rng.uniform(9, 14))
    wall = _WALLS[int(rng.integers(len(_WALLS)))]
    faces = box((0, deep) if side > 0 else (-deep, 0), (0, high), (0, length), wall)
    front = _Front(faces, side)
    trim = shaded(wall, 0.86)
    for storey in range(1, storeys + 1):
        front.put((STOREY * storey - 0.12, STOREY * storey + 0.12), (0, length), trim)
    bays = max(2, round(length / 3.4))
    bay = length / bays
    for i in range(bays):
        near, far = i * bay, (i + 1) * bay
        front.put((0.1, 2.6), (near + 0.35, far - 0.35), (74, 80, 90) if rng.random() < 0.6 else (118, 122, 128))
        for storey in range(1, storeys):
            base = STOREY * storey
            lit = light.lamps and rng.random() < 0.4
            pane = (120, 196, 236) if lit else (112, 98, 84)
            front.put((base + 0.85, base + 2.55), (near + 0.5, far - 0.5), shaded(wall, 1.12))
            front.put((base + 1.0, base + 2.4), (near + 0.65, (near + far) / 2 - 0.05), pane, glows=lit)
            front.put(
                (base + 1.0, base + 2.4), ((near + far) / 2 + 0.05, far - 0.65), shaded(pane, 0.85), glows=lit
            )
        if rng.random() < 0.8:
            board = _BOARDS[int(rng.integers(len(_BOARDS)))]
            front.put((2.75, 3.5), (near + 0.12, far - 0.12), board)
            front.put((2.98, 3.26), (near + 0.6, far - float(rng.uniform(0.7, 1.6))), shaded(board, 1.7))
    if rng.random() < 0.6:
        out = -1.4 * side
        awning = _AWNINGS[int(rng.integers(len(_AWNINGS)))]
        faces += box((min(0, out), max(0, out)), (2.5, 2.68), (0.2, length - 0.2), awning)
    if rng.random() < 0.6:
        middle, back = length * float(rng.uniform(0.3, 0.7)), deep * 0.4 * side
        faces += box((back - 0.7, back + 0.7), (high, high + 1.7), (middle - 0.7, middle + 0.7), (190, 120, 60))
    return faces


class _Front:
    """Return the faces of a house's side towards the road; later ones protrude further."""

    def __init__(self, faces: list[Face], side: int) -> None:
        self._faces = faces
        self._side = side
        self._out = 0.0

    def put(self, y: tuple[float, float], z: tuple[float, float], colour: Colour, *, glows: bool = False) -> None:
        self._out += 0.0005
        along = z if self._side < 0 else (z[1], z[0])
        self._faces.append(replace(side_patch(-self._side * self._out, y, along, colour), glows=glows))


def _poles(canvas: Canvas, view: View, light: Light) -> None:
    grey: Colour = (88 * light.tint[0], 88 * light.tint[1], 90 * light.tint[2])
    for x, z in lamp_posts():
        foot_x, foot_y, metre = view.at(x, 0, z)
        top_x, top_y, _ = view.at(x, 8, z)
        arm_x, arm_y, _ = view.at(x - 2.2, 8.3, z)
        stroke(canvas, (foot_x, foot_y), (top_x, top_y), 0.14 * metre, grey)
        stroke(canvas, (top_x, top_y), (arm_x, arm_y), 0.09 * metre, grey)
        disc(canvas, arm_x, arm_y, 0.18 * metre, (190, 236, 250) if light.lamps else shaded(grey, 1.3))


def glow(view: View, light: Light) -> MatLike | None:
    """Return the light that street lamps add at dusk, or None by day."""
    if not light.lamps:
        return None
    canvas = np.zeros((view.height_px, view.width, 3), np.uint8)
    for x, z in lamp_posts():
        lamp_x, lamp_y, metre = view.at(x - 2.2, 8.3, z)
        disc(canvas, lamp_x, lamp_y, 0.9 * metre, (60, 110, 130))
        pool = np.array(
            [(x - 2.2 + 3.2 * np.cos(a), 0, z + 4.5 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 24)]
        )
        fill(canvas, fixed(view.project(pool)), (34, 62, 74))
    return cv2.GaussianBlur(canvas, (0, 0), view.width / 45)
