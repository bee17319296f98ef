"""How often somebody may try to sign in.

Failures fill buckets that empty by themselves: one for the account, one for the address. A browser that has signed
in to the account before has a bucket of its own instead of both, and a one-time link needs none. So strangers can
slow each other down, also those who come from the same address as a person, and cannot keep the person out.
"""

from typing import NamedTuple


class Limit(NamedTuple):
    """So many failures at once; a full bucket is empty again after `window_s` seconds."""

    most: int
    window_s: int

    def level(self, level: float, since_ms: int, now_ms: int) -> float:
        """Return how full a bucket is now that was so full then (UTC ms)."""
        return max(level - max(now_ms - since_ms, 0) / 1000 * self.most / self.window_s, 0.0)

    def wait_s(self, level: float) -> float:
        """Return the seconds until one more attempt fits in, 0 if it does now."""
        return max(level + 1 - self.most, 0.0) * self.window_s / self.most


PER_ACCOUNT = Limit(most=10, window_s=900)
"""Failures of strangers with one account, from wherever they come."""
PER_ADDRESS = Limit(most=20, window_s=900)
"""Failures of strangers from one address, with whatever account."""
PER_DEVICE = Limit(most=10, window_s=900)
"""Failures with one account of a browser that has signed in to it before."""


def limits(account: str, address: str, device: str) -> dict[str, Limit]:
    """Return the buckets of an attempt. `device` is empty unless the browser has signed in to the account before.

    `account` is empty if the name given can be no account's.
    """
    if device:
        return {f"device:{device}": PER_DEVICE}
    found = {f"address:{address}": PER_ADDRESS}
    return found | {f"account:{account}": PER_ACCOUNT} if account else found
