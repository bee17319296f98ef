"""What is to be looked at."""

from dataclasses import dataclass

from pantau_agent import vendors
from pantau_agent.config import Camera
from pantau_agent.streams import url as rtsp_url
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.url import StreamUrl


@dataclass(frozen=True, slots=True)
class Target:
    """An address and who asks. `trusted` says that the camera has taken these credentials before."""

    url: StreamUrl
    credentials: Credentials | None = None
    trusted: bool = False


def target_of(camera: Camera) -> Target:
    """A configured camera's target; where its vendor wants the password in the path, the path has it."""
    password = camera.password.get_secret_value() if camera.password is not None else ""
    credentials = Credentials(camera.user or "", password) if camera.user is not None or password else None
    url = vendors.fill_credentials(camera.url or "", camera.user, password)
    return Target(rtsp_url.parse(url), credentials)
