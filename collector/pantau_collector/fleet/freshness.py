"""Whether a site's agent is heard. While it is not, the site's cameras are unknown, whatever their last state."""

from typing import NamedTuple

from pantau_collector.fleet.model import Site


class Freshness(NamedTuple):
    """Whether a site is `online`, or not since `since_s`; without a new message it is judged again at `next_s`."""

    online: bool
    since_s: float
    next_s: float


def judge(site: Site, now_s: float, *, silence_factor: float) -> Freshness:
    """Judge a site's silence: its agent is gone if it has died, or after `silence_factor` silent intervals."""
    if site.dead:
        return Freshness(online=False, since_s=site.dead_s, next_s=float("inf"))
    deadline = site.heard_s + silence_factor * site.interval_s
    if now_s >= deadline:
        return Freshness(online=False, since_s=site.heard_s, next_s=float("inf"))
    return Freshness(online=True, since_s=site.heard_s, next_s=deadline)
