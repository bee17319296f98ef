"""Incidents: the table of their steps, and the marks in plots."""

from grafana_foundation_sdk.builders import table

from grafana.board import to_camera, to_site
from grafana.panels import FULL, rows
from grafana.states import cause_column, column
from pantau_contract.words import Words

OF_SITES = '("site" =~ /^$site$/ OR "site" = \'-\') AND $timeFilter'
"""Incidents of the chosen sites, and of uplinks, which are of no single site."""
OF_CAMERA = '"site" =~ /^$site$/ AND ("camera" =~ /^$camera$/ OR "camera" = \'-\') AND $timeFilter'
"""Incidents of the chosen camera, and of what takes it down."""
OF_ALL = "$timeFilter"


def marks(where: str) -> str:
    """Return the query of the incidents that begin, for the marks in plots."""
    return (
        'SELECT "cause", "site", "camera", "kind" FROM "incident"'
        f" WHERE {where} AND (\"kind\" = 'opened' OR \"kind\" = 'split')"
    )


def steps_table(say: Words, where: str) -> table.Panel:
    """Return the table of the newest steps of incidents."""
    query = (
        'SELECT "kind", "site", "camera", "device", "uplink", "cause", "cameras", "lasted_s", "id" FROM "incident"'
        f" WHERE {where} ORDER BY time DESC LIMIT 200"
    )
    return (
        rows(say("grafana.panel.incidents"), query)
        .override_by_name("Time", column(say, "happened"))
        .override_by_name("kind", column(say, "step"))
        .override_by_name("site", [*column(say, "site"), to_site(say)])
        .override_by_name("camera", [*column(say, "camera"), to_camera(say)])
        .override_by_name("device", column(say, "device"))
        .override_by_name("uplink", column(say, "uplink"))
        .override_by_name("cause", cause_column(say))
        .override_by_name("cameras", column(say, "cameras"))
        .override_by_name("lasted_s", column(say, "lasted_s", unit="s"))
        .override_by_name("id", column(say, "id"))
        .span(FULL)
    )
