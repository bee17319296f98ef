"""What is to be looked at."""

from dataclasses import dataclass

from pantau_agent.config import Camera
from pantau_agent.rtsp import url as rtsp_url
from pantau_agent.rtsp.url import Credentials, StreamUrl


@dataclass(frozen=True, slots=True)
class Target:
    """An address and who asks. `trusted` says that the camera has taken these credentials before."""

    url: StreamUrl
    credentials: Credentials | None = None
    trusted: bool = False


def target_of(camera: Camera) -> Target:
    """A configured camera's target."""
    password = camera.password.get_secret_value() if camera.password is not None else ""
    credentials = Credentials(camera.user or "", password) if camera.user is not None or password else None
    return Target(rtsp_url.parse(camera.url or ""), credentials)
