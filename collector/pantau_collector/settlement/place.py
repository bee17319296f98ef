"""The places in which the milliseconds of a period lie."""

from enum import IntEnum


class Place(IntEnum):
    """Where a moment lies. A site is in the first of these that any of its cameras is in."""

    LOST = 0
    AVAILABLE = 1
    EXCLUDED = 2
    OUT_OF_SERVICE = 3
    OUTSIDE_HOURS = 4
    NOT_COVERED = 5
