"""The configuration's table `incidents`: the thresholds by which a problem becomes an outage."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pantau_contract.states import Cause, State


class IncidentRules(BaseModel):
    """Thresholds. All seconds are seconds of *attention*: time in which the collector was truly listening."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    settle_s: Annotated[float, Field(ge=0, le=86400)] = 20
    """Seconds that a problem must last before it is an outage."""
    settle_s_by_cause: dict[Cause, Annotated[float, Field(ge=0, le=86400)]] = {}
    """Seconds that a problem of a certain cause must last, in place of `settle_s`."""
    recovery_s: Annotated[float, Field(ge=0, le=86400)] = 20
    """Seconds that a recovery must last before it ends an outage."""
    silence_factor: Annotated[float, Field(ge=1.5, le=100)] = 3
    """Reporting intervals without a sign of life after which a site's agent is gone."""
    states: frozenset[State] = frozenset({State.DOWN, State.IMPAIRED})
    """States of a camera that are an outage."""
    new_camera_grace_s: Annotated[float, Field(ge=0, le=86400)] = 120
    """Seconds before a new camera or site that has never worked can have an outage."""
    restart_grace_s: Annotated[float, Field(ge=0, le=86400)] = 30
    """Seconds after the collector's start, or after a break in its listening, in which no outage is opened."""
    regroup_s: Annotated[float, Field(ge=0, le=86400)] = 90
    """Seconds that the children of a parent's outage have to come back before each has an outage of its own."""
    uplink_window_s: Annotated[float, Field(ge=0, le=86400)] = 90
    """Seconds within which all sites behind an uplink must be lost for the uplink to be the cause."""
    flap_interval_s: Annotated[float, Field(gt=0, le=86400)] = 30
    """Seconds each of the 20 results stands for that decide whether a camera flaps; see `flap.py`."""

    keep_days: Annotated[int, Field(ge=1, le=36_500)] = 400
    """Days for which resolved incidents are kept: enough for a year's reports, and some time to write them."""

    @field_validator("states")
    @classmethod
    def _can_be_outages(cls, states: frozenset[State]) -> frozenset[State]:
        allowed = {State.DOWN, State.IMPAIRED, State.DEGRADED}
        if not states or not states <= allowed:
            raise ValueError(f"expected some of {', '.join(sorted(allowed))}")
        return states
