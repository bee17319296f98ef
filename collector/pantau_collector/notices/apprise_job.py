"""What is to be sent through Apprise, and what became of it, as one process tells another."""

from msgspec import Struct

from pantau_collector.notices.message import AttachedPicture


class AppriseJob(Struct, frozen=True):
    """A message for one channel. `url` is the Apprise URL, with its secrets; `kind` is an Apprise `NotifyType`.

    `target` is the number of the only address to send to, counted from 1, or None for all. `together` says that
    words and pictures go in one request; otherwise the words are sent first, and then each picture. Words and each
    picture may take `within_s` seconds each.
    """

    url: str
    key: str
    target: int | None
    title: str
    body: str
    kind: str
    together: bool
    within_s: float
    pictures: tuple[AttachedPicture, ...] = ()


class Outcome(Struct, frozen=True):
    """What became of the words, or of one picture. An empty `error` says that it was sent.

    `for_good` is as in `ChannelError`. Secrets are not taken out of `error`.
    """

    error: str = ""
    for_good: bool = False
