"""How good the light of a picture is, out of what was measured of it. Nothing here decodes a picture."""

from msgspec import Struct

NIGHT_BELOW = 40.0
"""Mean brightness, 0 to 255, below which a picture is one of the night."""
_FLAT_BELOW = 6.0
"""Standard deviation of the brightness below which nothing can be seen: fog, a wall, a white picture."""
_WELL_LIT = 120.0
"""The mean brightness of a picture in good light."""
_CRISP = 12.0
"""Mean difference of neighbouring pixels of a sharp picture, of so many levels of brightness."""
_CONTRASTY = 60.0
"""Standard deviation of the brightness of a picture with full contrast."""
_COLOURFUL = 30.0
"""Mean difference between the colours of a colourful picture; one by infrared light at dusk has none."""
_LONGEST_MINUTES = 360.0
"""Minutes from noon at which the time of the day speaks for nothing any more."""


class Light(Struct, frozen=True):
    """What was measured of a picture: means and deviations of levels, each 0 to 255."""

    brightness: float
    contrast: float
    sharpness: float
    colour: float


def score(light: Light, minutes_from_noon: float) -> float:
    """Return how good the light is: 0 for a night or where nothing can be seen, up to 1."""
    if light.brightness < NIGHT_BELOW or light.contrast < _FLAT_BELOW:
        return 0.0
    exposure = max(0.0, 1 - abs(light.brightness - _WELL_LIT) / 135)
    noon = max(0.0, 1 - minutes_from_noon / _LONGEST_MINUTES)
    parts = (
        (0.3, exposure),
        (0.2, min(1.0, light.contrast / _CONTRASTY)),
        (0.2, min(1.0, light.sharpness / _CRISP)),
        (0.1, min(1.0, light.colour / _COLOURFUL)),
        (0.2, noon),
    )
    return round(max(0.001, sum(weight * part for weight, part in parts)), 4)
