"""Types that several operations share."""

from typing import Annotated

from msgspec import Meta

Number = Annotated[int, Meta(ge=1, le=2**53 - 1)]
"""The number of an incident, downtime or decision; every JSON parser holds it exactly."""
Text = Annotated[str, Meta(max_length=200)]
SiteId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,62}$", description="The id of a site.")]
CameraId = Annotated[
    str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,62}$", description="The id of a camera at its site.")
]
CameraKey = Annotated[str, Meta(max_length=127, description="SITE/CAMERA.")]


def key_of(site: str, camera: str) -> str:
    """Return how the API names a camera outside of its site: `site/camera`."""
    return f"{site}/{camera}"
