"""Cameras that are quickly filmed."""

from pantau_simcam import CameraSpec

FPS = 10.0


def spec(name: str, **of: object) -> CameraSpec:
    """A small camera; keywords as CameraSpec has them."""
    small = {"width": 160, "height": 96, "fps": FPS, "bitrate_kbps": 100, "scene": 0}
    return CameraSpec(name, **(small | of))  # type: ignore[arg-type] # a short way to many keywords
