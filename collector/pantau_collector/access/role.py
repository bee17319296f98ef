"""The roles, each of which may do what the ones below it may."""

from enum import IntEnum


class Role(IntEnum):
    """What somebody may do.

    `SCREEN`: a wall that shows and may do nothing. `VIEWER`: sees all pages. `OPERATOR`: acknowledges, plans
    maintenance, corrects the inventory. `ADMIN`: also decides who else may.
    """

    SCREEN = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3
