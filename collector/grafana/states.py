"""How states, causes and buckets are shown, in one language: by colour, and by a sign or words of their own."""

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import dashboard as model

from grafana.colours import BAD, STATE_COLOURS, STATE_SIGNS
from grafana.panels import COLOURED, Properties, mapped, shown_as, titled
from pantau_collector.ledger import Bucket
from pantau_collector.sinks.schema import STATE_CODES
from pantau_contract.states import WIRE_NAMES, Cause, State
from pantau_contract.words import Words


def state_name(say: Words, state: State) -> str:
    """Return the name of a state behind its sign."""
    return f"{STATE_SIGNS[state]} {say.state(state)}"


def bucket_name(say: Words, bucket: Bucket) -> str:
    """Return the name of a bucket of the ledger."""
    return say(f"ledger.bucket.{bucket}")


def column(say: Words, name: str, *, unit: str = "") -> Properties:
    """Return the properties of a column of a table: its heading, and its unit."""
    return titled(say(f"grafana.column.{name}"), unit=unit)


def state_column(say: Words) -> Properties:
    """Return the properties of a column of states."""
    shown = {state.value: shown_as(state_name(say, state), STATE_COLOURS[state]) for state in State}
    return [*column(say, "state"), *mapped(shown), *COLOURED]


def cause_column(say: Words) -> Properties:
    """Return the properties of a column of causes, of cameras and of incidents."""
    causes = {cause.value: shown_as(say.meaning(cause)) for cause in Cause}
    causes |= {former: causes[cause.value] for cause, former in WIRE_NAMES.items()}  # in older points
    parents = ("site_dark", "power_lost", "link_lost", "device_down", "uplink_down", "unlisted_cameras")
    causes |= {parent: shown_as(say.meaning(parent)) for parent in parents}
    return [*column(say, "cause"), *mapped(causes)]


def camera_columns(panel: table.Panel, say: Words) -> table.Panel:
    """Say how the columns of a table of cameras are shown: name, state, cause, since when, and whose each is."""
    return (
        panel.override_by_name("name", column(say, "name"))
        .override_by_name("state", state_column(say))
        .override_by_name("cause", cause_column(say))
        .override_by_name("since_ms", column(say, "since", unit="dateTimeFromNow"))
        .override_by_name("owner", column(say, "owner"))
        .override_by_name("maintainer", column(say, "maintainer"))
        .override_by_name("project", column(say, "project"))
    )


def state_codes(say: Words) -> list[model.ValueMapping]:
    """Return the mapping of `state_code` to names and colours."""
    return [
        model.ValueMap(
            {
                str(code): shown_as(state_name(say, state), STATE_COLOURS[state])
                for state, code in STATE_CODES.items()
            }
        )
    ]


def yes_or_no(say: Words) -> Properties:
    """Return the properties of a column of 0 and 1, where 1 is bad."""
    yes, no = say("grafana.value.yes"), say("grafana.value.no")
    return [*mapped({"0": shown_as(no), "1": shown_as(yes, BAD)}), *COLOURED]
