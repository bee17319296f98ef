"""The people or chats that one URL names. Each is a delivery of its own, so that one that fails affects no other.

The delivery to one of several is written as the URL with its number: `mailto://...#target=2`.
"""

import re
from functools import lru_cache

from apprise import NotifyBase

from pantau_collector.notices.channel import WEBHOOKS, ChannelError, open_channel, schema
from pantau_collector.notices.mail import addresses, is_plain

_NUMBERED = re.compile(r"#target=(\d+)$")
"""The number of a target, counted from 1, at the end of a URL."""
_LISTS = ("targets", "channels", "rooms", "topics")
"""The attributes in which the services of Apprise keep whom they send to."""


@lru_cache(maxsize=4096)
def split_targets(url: str) -> tuple[str, ...]:
    """Return a URL for each target of a URL; the URL itself if it has one, or cannot be used."""
    if schema(url) in WEBHOOKS:
        return (url,)
    try:
        service = open_channel(url)
    except ChannelError:
        return (url,)
    count = len(addresses(service)) if is_plain(service) else len(_targets(service)[1])
    return tuple(f"{url}#target={number}" for number in range(1, count + 1)) if count > 1 else (url,)


def split_number(url: str) -> tuple[str, int | None]:
    """Return the URL as it is configured, and the number of the target; None for all of its targets."""
    found = _NUMBERED.search(url)
    return (url[: found.start()], int(found[1])) if found else (url, None)


def select_target(service: NotifyBase, number: int) -> None:
    """Make a service send to one of its targets only.

    Raises:
        ChannelError: the URL has fewer targets.
    """
    name, targets = _targets(service)
    if not 0 < number <= len(targets):
        raise ChannelError(f"the address has no target {number}")
    setattr(service, name, [targets[number - 1]])


def _targets(service: NotifyBase) -> tuple[str, list[object]]:
    """Return the name and value of the one list of targets that a service has, or empty ones."""
    found = [(name, value) for name in _LISTS if isinstance(value := getattr(service, name, None), list) and value]
    return found[0] if len(found) == 1 else ("", [])
