"""Small cameras, whose footage is made quickly."""

from pantau_simcam import CameraSpec

FPS = 10.0
"""Frames per second."""


def spec(name: str, **properties: object) -> CameraSpec:
    """Return a small camera; the keywords are those of CameraSpec."""
    small = {"width": 160, "height": 96, "fps": FPS, "bitrate_kbps": 100, "scene": 0}
    return CameraSpec(name, **(small | properties))  # type: ignore[arg-type] # CameraSpec checks them
