"""The dashboard's queries, in InfluxQL, which InfluxDB 1, 2 and 3 all support (3 without SLIMIT).

Every query is bounded by `$timeFilter` at each level that groups by time: InfluxDB 1 fills an unbounded one with
empty intervals up to the end of its calendar. Grafana fills in `$site`, `$camera`, `$timeFilter`, `$__interval`.
"""
# ruff: noqa: INP001, S608 # a module beside its program, no package; all parts of the queries are constants here

from pantau_collector.ledger import Bucket
from pantau_collector.sinks.downsampling import DAY_WINDOW
from pantau_collector.sinks.schema import STATE_CODES
from pantau_contract.states import State

_SITES = '"site" =~ /^$site$/ AND $timeFilter'
_CAMERAS = f'"camera" =~ /^$camera$/ AND {_SITES}'
_OVER_TIME = "GROUP BY time($__interval)"
_LAST_STATE = f'SELECT last("state_code") AS "code", "state", "cause" FROM "camera" WHERE {_CAMERAS}'

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
"""Batches skipped by number. A restarted agent counts from 0 again: that step is negative, and not counted."""

POWER = (
    'SELECT max("throttled") AS "throttled", max("undervoltage") AS "undervoltage",'
    ' sum("starved_s") AS "starved_s", last("disk_free_mb") AS "disk_free_mb"'
    f' FROM "host" WHERE {_SITES} GROUP BY "site"'
)

CAMERA_STATES = (
    f'SELECT last("state_code") FROM "camera" WHERE {_CAMERAS} {_OVER_TIME}, "site", "camera" fill(null)'
)

_BY_DAY = f'GROUP BY time({DAY_WINDOW}), "site" fill(none)'
"""Each day by itself, at its beginning, whatever the zone in which that is midnight."""
_OF_DAYS = f'FROM "camera_day" WHERE {_CAMERAS}'
_SUMS = (
    'SELECT sum("online_ms") AS "online", sum("intact_ms") AS "intact", sum("judged_ms") AS "judged",'
    f' sum("measured_ms") AS "measured", sum("service_ms") AS "service" {_OF_DAYS}'
)
_RATES = (
    'SELECT 100 * "online" / "judged" AS "online", 100 * "intact" / "judged" AS "intact",'
    ' 100 * "measured" / "service" AS "measured"'
)
RATES = f'{_RATES} FROM ({_SUMS} GROUP BY "site") WHERE "judged" > 0 GROUP BY "site"'
"""Percent, as docs/availability.md defines them without a contract. InfluxDB 1 says 0 where nothing was judged."""
ONLINE_BY_DAY = f'SELECT 100 * sum("online_ms") / sum("judged_ms") {_OF_DAYS} AND "judged_ms" > 0 {_BY_DAY}'
MEASURED_BY_DAY = f'SELECT 100 * sum("measured_ms") / sum("service_ms") {_OF_DAYS} AND "service_ms" > 0 {_BY_DAY}'
MINUTES = (
    "SELECT "
    + ", ".join(f'sum("{bucket}_ms") / 60000 AS "{bucket}"' for bucket in Bucket)
    + f' {_OF_DAYS} GROUP BY "site"'
)


def cameras_in(state: State) -> str:
    """Return the query for the number of cameras whose last state was this one."""
    return (
        f'SELECT count("code") FROM ({_LAST_STATE} GROUP BY "site", "camera") WHERE "code" = {STATE_CODES[state]}'
    )


def cameras_in_over_time(state: State) -> str:
    """Return the query for the number of cameras in a state at the end of each interval."""
    return (
        f'SELECT count("code") FROM ({_LAST_STATE} {_OVER_TIME}, "site", "camera")'
        f' WHERE $timeFilter AND "code" = {STATE_CODES[state]} {_OVER_TIME} fill(0)'
    )


def minutes_by_day(bucket: Bucket) -> str:
    """Return the query for the minutes of all cameras that each day has in a bucket."""
    return f'SELECT sum("{bucket}_ms") / 60000 {_OF_DAYS} GROUP BY time({DAY_WINDOW}) fill(none)'


def machine_maximum(field: str) -> str:
    """Return the query for the maximum of a field of the agents' machines in each interval."""
    return f'SELECT max("{field}") FROM "host" WHERE {_SITES} {_OVER_TIME}, "site" fill(null)'


def camera_mean(field: str) -> str:
    """Return the query for the mean of a field of the cameras in each interval."""
    return f'SELECT mean("{field}") FROM "camera" WHERE {_CAMERAS} {_OVER_TIME}, "site", "camera" fill(null)'
