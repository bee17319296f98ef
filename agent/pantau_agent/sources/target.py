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
    login and which certificate are good enough. One that `lacks_password` has to have it in its URL.
    """

    url: StreamUrl
    credentials: Credentials | None = None
    trusted: bool = False
    lacks_password: bool = False
    keep_alive: KeepAlive = field(default_factory=KeepAlive)
    safeguards: Safeguards = field(default_factory=Safeguards)


def target_of(camera: Camera, safeguards: Safeguards | None = None) -> Target:
    """Return a configured camera's target, with the password in the path if its vendor wants it there.

    A camera with a user and no password is not logged in to: an empty password would be a wrong one.
    """
    url, credentials = camera.url or "", credentials_of(camera)
    lacks_password = camera.lacks_password and vendors.wants_credentials(url)
    if not lacks_password:
        url = vendors.fill_credentials(url, camera.user, credentials.password if credentials is not None else None)
    return Target(
        rtsp_url.parse(url),
        credentials,
        lacks_password=lacks_password,
        safeguards=safeguards or safeguards_of(camera),
    )


def credentials_of(camera: Camera) -> Credentials | None:
    """Return what to log in with at a configured camera, or None: no user, or no password of that user."""
    if camera.user is None or camera.password is None:
        return None
    return Credentials(camera.user, camera.password.get_secret_value())


def safeguards_of(camera: Camera, remembered: Remembered | None = None, *, learns: bool = False) -> Safeguards:
    """Return the safeguards of a configured camera's password, with what is remembered of the camera."""
    return Safeguards(
        allow_basic=camera.allow_basic,
        ca_file=camera.tls_ca,
        fingerprint=camera.certificate,
        remembered=remembered or Remembered(),
        learns=learns,
    )
