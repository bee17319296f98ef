"""The times of day of the scenes: colours of the sky and of what it lights."""

from dataclasses import dataclass

from pantau_simcam.footage.street.brush import Colour


@dataclass(frozen=True)
class Light:
    """A time of day.

    `tint` multiplies all colours of the street; `sun` is the offset of a shadow in metres per metre of height.
    """

    zenith: Colour
    haze: Colour
    cloud: Colour
    clouds: float
    tint: Colour
    sun: tuple[float, float]
    shadow: float
    lamps: bool = False
    wet: bool = False


MORNING = Light(
    zenith=(196, 140, 84),
    haze=(222, 206, 184),
    cloud=(238, 236, 232),
    clouds=0.55,
    tint=(0.95, 0.99, 1.02),
    sun=(0.75, 0.35),
    shadow=0.5,
)
AFTERNOON = Light(
    zenith=(176, 142, 112),
    haze=(150, 188, 226),
    cloud=(190, 212, 236),
    clouds=0.45,
    tint=(0.72, 0.90, 1.06),
    sun=(-1.5, 0.6),
    shadow=0.5,
)
OVERCAST = Light(
    zenith=(176, 168, 158),
    haze=(206, 202, 196),
    cloud=(222, 220, 216),
    clouds=0.9,
    tint=(0.90, 0.88, 0.86),
    sun=(0.15, 0.1),
    shadow=0.25,
    wet=True,
)
DUSK = Light(
    zenith=(112, 66, 46),
    haze=(112, 124, 206),
    cloud=(120, 104, 150),
    clouds=0.5,
    tint=(0.62, 0.52, 0.50),
    sun=(0.2, 0.2),
    shadow=0.2,
    lamps=True,
)

LIGHTS = (MORNING, AFTERNOON, OVERCAST, DUSK)
