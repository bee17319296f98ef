"""The questions to InfluxDB, in InfluxQL, which InfluxDB 1, 2 and 3 all speak (3 without SLIMIT).

Every query is bounded by `$timeFilter` at each level that groups by time: InfluxDB 1 fills an unbounded one with
empty intervals up to the end of its calendar. Grafana puts in `$site`, `$camera`, `$timeFilter`, `$__interval`.
"""
# ruff: noqa: INP001, S608 # beside the program that uses it, no package; and all of a query's parts stand here

from pantau_collector.sinks.schema import STATE_CODES
from pantau_contract.states import State

_SITES = '"site" =~ /^$site$/ AND $timeFilter'
_CAMERAS = f'"camera" =~ /^$camera$/ AND {_SITES}'
_OVER_TIME = "GROUP BY time($__interval)"
_LAST_STATE = f'SELECT last("state_code") AS "code", "state", "cause" FROM "camera" WHERE {_CAMERAS}'

ALL_SITES = 'SHOW TAG VALUES FROM "agent" WITH KEY = "site"'
CAMERAS_OF_SITES = 'SHOW TAG VALUES FROM "camera" WITH KEY = "camera" WHERE "site" =~ /^$site$/'

SITES_HEARD = f'SELECT count("seq") FROM (SELECT last("seq") AS "seq" FROM "agent" WHERE {_SITES} GROUP BY "site")'

NEED_SOMEONE = (
    f'SELECT "site", "camera", "state", "cause" FROM ({_LAST_STATE} GROUP BY "site", "camera")'
    f' WHERE "code" >= {STATE_CODES[State.DEGRADED]} AND "code" <= {STATE_CODES[State.DOWN]}'
)

WORST_LOSS = (
    'SELECT top("loss", 20) AS "loss", "site", "camera" FROM'
    f' (SELECT mean("rtp_loss_pct") AS "loss" FROM "camera" WHERE {_CAMERAS} GROUP BY "site", "camera")'
)

BATCHES = f'SELECT count("seq") FROM "agent" WHERE {_SITES} {_OVER_TIME}, "site" fill(0)'
NEWEST_BATCH = f'SELECT last("seq") AS "seq", "delay_s", "dropped" FROM "agent" WHERE {_SITES} GROUP BY "site"'
DELAY = f'SELECT max("delay_s") FROM "agent" WHERE {_SITES} {_OVER_TIME}, "site" fill(null)'
MISSING_BATCHES = (
    'SELECT sum("step") - count("step") FROM'
    f' (SELECT non_negative_difference("seq") AS "step" FROM "agent" WHERE {_SITES} GROUP BY "site")'
    f' WHERE $timeFilter {_OVER_TIME}, "site" fill(0)'
)
"""A restarted agent counts from 0: that step is negative, and so not counted."""

POWER = (
    'SELECT max("throttled") AS "throttled", max("undervoltage") AS "undervoltage",'
    f' last("disk_free_mb") AS "disk_free_mb" FROM "host" WHERE {_SITES} GROUP BY "site"'
)

CAMERA_STATES = (
    f'SELECT last("state_code") FROM "camera" WHERE {_CAMERAS} {_OVER_TIME}, "site", "camera" fill(null)'
)

_LOST = f'SELECT "state_code" & 2 AS "lost" FROM "camera" WHERE {_CAMERAS} AND "state_code" <= 3'
_AVAILABILITY = f'SELECT 100 - 50 * mean("lost") AS "availability" FROM ({_LOST}) WHERE $timeFilter'
"""Percent. Of the codes up to 3, impaired (2) and down (3) have the bit of 2; the codes above are left out."""
AVAILABILITY = f'{_AVAILABILITY} GROUP BY "site"'
AVAILABILITY_OVER_TIME = f'{_AVAILABILITY} {_OVER_TIME}, "site" fill(null)'


def cameras_in(state: State) -> str:
    """How many cameras were last in a state."""
    return (
        f'SELECT count("code") FROM ({_LAST_STATE} GROUP BY "site", "camera") WHERE "code" = {STATE_CODES[state]}'
    )


def cameras_in_over_time(state: State) -> str:
    """The same, at the end of each interval."""
    return (
        f'SELECT count("code") FROM ({_LAST_STATE} {_OVER_TIME}, "site", "camera")'
        f' WHERE $timeFilter AND "code" = {STATE_CODES[state]} {_OVER_TIME} fill(0)'
    )


def of_machines(field: str) -> str:
    """The highest of a machine's figure in each interval."""
    return f'SELECT max("{field}") FROM "host" WHERE {_SITES} {_OVER_TIME}, "site" fill(null)'


def of_cameras(field: str) -> str:
    """The mean of a camera's figure in each interval."""
    return f'SELECT mean("{field}") FROM "camera" WHERE {_CAMERAS} {_OVER_TIME}, "site", "camera" fill(null)'
