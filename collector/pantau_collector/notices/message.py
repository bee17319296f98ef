"""A letter in its recipient's words, ready to be sent."""

from collections.abc import Callable

from msgspec import Struct

from pantau_collector.notices.notice import Notice


class AttachedPicture(Struct, frozen=True):
    """A JPEG that goes with a message. `name` is its file name; `caption` describes what it shows and when."""

    name: str
    caption: str
    jpeg: bytes


class RenderedMessage(Struct, frozen=True):
    """A letter in its recipient's words. `html` refers to a picture as `cid:` and the picture's name.

    `thread` is the same for all messages about an outage. `acknowledge` is the link, empty if there is none.
    `shorten` returns the text with fewer cameras and outages, and their count, so that it passes a test.
    """

    subject: str
    text: str
    html: str = ""
    pictures: tuple[AttachedPicture, ...] = ()
    thread: str = ""
    acknowledge: str = ""
    notices: tuple[Notice, ...] = ()
    shorten: Callable[[Callable[[str], bool]], str] | None = None
