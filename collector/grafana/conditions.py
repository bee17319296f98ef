"""The parts that queries share: what is asked of which cameras, from which points, over which time.

InfluxQL, which InfluxDB 1, 2 and 3 have. Every query is bounded by `$timeFilter` where it reads points, and at
each level that groups by time: InfluxDB 1 fills an unbounded one with empty intervals up to the end of its
calendar.
"""

SITES = '"site" =~ /^$site$/ AND $timeFilter'
CAMERAS = f'"camera" =~ /^$camera$/ AND {SITES}'
BELONGING = '"owner" =~ /^$owner$/ AND "maintainer" =~ /^$maintainer$/ AND "project" =~ /^$project$/'
LISTED = f"{SITES} AND {BELONGING}"
"""Cameras of the chosen owners, maintainers, projects and sites: for `listing`, where all of these are tags."""
OVER_TIME = "GROUP BY time($__interval)"
EVERY_POINT, SUMMARIES = "/^", '"long"./^'
"""The values of the variable `points`: the points as they came, and what `init-influx` keeps for years.

They are the beginning of a regular expression, because InfluxQL has no word for the default retention policy.
"""


def points_of(measurement: str) -> str:
    """Return the FROM clause of a measurement, of the points that are chosen."""
    return f"FROM ${{points:raw}}{measurement}$/"


def belongs() -> str:
    """Return the condition on cameras of the chosen owners, maintainers and projects, for `camera_day`.

    There all of these are fields, which days from before them do not have. They belong to nobody, and count where
    all are chosen: `none` is a tag that no point has, which InfluxDB takes for an empty one, and `.*` fits that.
    """
    return " AND ".join(
        f'("{name}" =~ /^${name}$/ OR "none" =~ /^${name}$/)' for name in ("owner", "maintainer", "project")
    )
