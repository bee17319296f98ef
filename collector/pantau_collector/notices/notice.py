"""What a notice says, before it is put into anyone's words."""

from enum import StrEnum

from msgspec import Struct


class NoticeKind(StrEnum):
    """An outage has begun, or is over."""

    OPENED = "opened"
    RESOLVED = "resolved"


class NoticeCamera(Struct, frozen=True):
    """A camera that concerns the recipient. Owner and maintainer by their names; empty where nobody is known."""

    id: str
    name: str
    owner: str = ""
    maintainer: str = ""
    project: str = ""


class Notice(Struct, frozen=True):
    """The facts, as they were when the incident came to this. `camera` is None for a whole site's incident.

    `state` is the camera's present state, `unknown` for a site; `detail` the agent's evidence in a few words.
    """

    kind: NoticeKind
    incident: int
    site: str
    site_name: str
    camera: str | None
    camera_name: str
    cause: str
    state: str
    since_ms: int
    cameras: tuple[NoticeCamera, ...]
    resolved_ms: int | None = None
    detail: str = ""
    latitude: float | None = None
    longitude: float | None = None


class Delivery(Struct, frozen=True):
    """A notice on its way to one channel of one recipient."""

    incident: int
    kind: NoticeKind
    recipient: str
    channel: str
    notice: Notice


class Message(Struct, frozen=True):
    """A notice in a recipient's words."""

    subject: str
    text: str
    html: str
