"""Whether a site is heard. A camera of one that is not is unknown, whatever was last told of it."""

from typing import NamedTuple

from pantau_collector.fleet.model import Site


class Freshness(NamedTuple):
    """A site is `online`, or not since `since_s`; if nothing comes it is to be judged again at `next_s`."""

    online: bool
    since_s: float
    next_s: float


def judge(site: Site, now_s: float, *, silence_factor: float) -> Freshness:
    """What the site's silence comes to: gone by its death, or not heard for so many of its own intervals."""
    if site.dead:
        return Freshness(online=False, since_s=site.dead_s, next_s=float("inf"))
    deadline = site.heard_s + silence_factor * site.interval_s
    if now_s >= deadline:
        return Freshness(online=False, since_s=site.heard_s, next_s=float("inf"))
    return Freshness(online=True, since_s=site.heard_s, next_s=deadline)
