"""The target of a session: where to connect, and as whom."""

from dataclasses import dataclass, field

from pantau_agent import vendors
from pantau_agent.config import Camera
from pantau_agent.streams import url as rtsp_url
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.keep_alive import KeepAlive
from pantau_agent.streams.safeguards import Remembered, Safeguards
from pantau_agent.streams.url import StreamUrl


@dataclass(frozen=True, slots=True)
class Target:
    """A URL and credentials. `trusted` says that the camera has accepted these credentials before.

    `keep_alive` is what is known about keeping its sessions alive; sessions add to it. `safeguards` say which
    login and which certificate are good enough.
    """

    url: StreamUrl
    credentials: Credentials | None = None
    trusted: bool = False
    keep_alive: KeepAlive = field(default_factory=KeepAlive)
    safeguards: Safeguards = field(default_factory=Safeguards)


def target_of(camera: Camera, safeguards: Safeguards | None = None) -> Target:
    """Return a configured camera's target, with the password in the path if its vendor wants it there."""
    password = camera.password.get_secret_value() if camera.password is not None else ""
    credentials = Credentials(camera.user or "", password) if camera.user is not None or password else None
    url = vendors.fill_credentials(camera.url or "", camera.user, password)
    return Target(rtsp_url.parse(url), credentials, safeguards=safeguards or safeguards_of(camera))


def safeguards_of(camera: Camera, remembered: Remembered | None = None, *, learns: bool = False) -> Safeguards:
    """Return the safeguards of a configured camera's password, with what is remembered of the camera."""
    return Safeguards(
        allow_basic=camera.allow_basic,
        ca_file=camera.tls_ca,
        fingerprint=camera.certificate,
        remembered=remembered or Remembered(),
        learns=learns,
    )
