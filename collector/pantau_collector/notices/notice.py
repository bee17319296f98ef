"""What a notice says, before it is put into anyone's words, and the letters that notices go out in."""

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class NoticeKind(StrEnum):
    """What is told. `escalated`: nobody has taken it for long. `flapping`: it comes and goes, and no more of that.

    `maintenance` is about to begin; it belongs to no incident.
    """

    OPENED = "opened"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    ESCALATED = "escalated"
    FLAPPING = "flapping"
    MAINTENANCE = "maintenance"


TELL_OF_OUTAGE = frozenset({NoticeKind.OPENED, NoticeKind.ESCALATED, NoticeKind.FLAPPING})
"""Who has had one of these knows of the outage, and is told of its end."""


class NoticeCamera(Struct, frozen=True):
    """A camera that concerns the recipient. Owner and maintainer by their names; empty where nobody is known."""

    id: str
    name: str
    owner: str = ""
    maintainer: str = ""
    project: str = ""
    site: str = ""
    site_name: str = ""


class Notice(Struct, frozen=True):
    """The facts, as they were when it came to this.

    `camera` is None for what takes down more than one, `device` and `uplink` are the names of such. `state` is the
    camera's present state, `unknown` for all else; `detail` the agent's evidence in a few words. `by` has
    acknowledged it until `until_ms`. `level` is the escalation's, after `waited_min`. `outlived`: it was not told
    before, for it began in maintenance. For maintenance `since_ms` and `until_ms` are its beginning and end,
    `detail` its reason, `incident` 0. Times are UTC ms.
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
    device: str = ""
    uplink: str = ""
    sites: int = 1
    by: str = ""
    until_ms: int | None = None
    level: int = 0
    waited_min: float = 0
    outlived: bool = False

    @property
    def place(self) -> str:
        """What it is about, for a subject: `Simpang Kabil / Kamera Timur`."""
        return self.uplink or " / ".join(part for part in (self.site_name, self.device, self.camera_name) if part)


class Telling(Struct, frozen=True):
    """A notice for one recipient. The same `kind` and `step` of an incident are told once.

    It is not told before `ready_ms`; `held`: it waits for a digest, not for others of its kind.
    """

    recipient: str
    notice: Notice
    ready_ms: int
    held: bool = False
    step: str = ""


class Waiting(NamedTuple):
    """A notice that is in no letter yet. `gathers`: it was to wait for others of its kind."""

    id: int
    incident: int
    kind: NoticeKind
    recipient: str
    ready_ms: int
    held: bool
    gathers: bool


class Form(StrEnum):
    """How a letter speaks: of one notice, of several of a kind, or of all that was held back."""

    SINGLE = "single"
    GROUP = "group"
    DIGEST = "digest"


class Letter(Struct, frozen=True):
    """What goes out to one recipient as one message."""

    form: Form
    notices: tuple[Notice, ...]

    @property
    def kind(self) -> NoticeKind:
        """Of its last notice: in a digest, what it came to."""
        return self.notices[-1].kind


class Picture(Struct, frozen=True):
    """A JPEG that goes with a message. `name` is a file's, `caption` says what it shows and when."""

    name: str
    caption: str
    jpeg: bytes


class Message(Struct, frozen=True):
    """A letter in its recipient's words. `html` refers to pictures as `cid:` and their name.

    `thread` is the same for all that is said of an outage. `acknowledge` is the link, empty where there is none.
    """

    subject: str
    text: str
    html: str = ""
    pictures: tuple[Picture, ...] = ()
    thread: str = ""
    acknowledge: str = ""
    notices: tuple[Notice, ...] = ()
