"""The rules by which an outage is one, as the configuration gives them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pantau_contract.states import Cause, State


class IncidentRules(BaseModel):
    """When an outage is one. All seconds are of *attention*: time in which the collector was truly listening."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    settle_s: Annotated[float, Field(ge=0, le=86400)] = 20
    """A symptom has lasted so long before it is believed."""
    settle_s_by_cause: dict[Cause, Annotated[float, Field(ge=0, le=86400)]] = {}
    recovery_s: Annotated[float, Field(ge=0, le=86400)] = 20
    """A recovery has lasted so long before it is believed."""
    silence_factor: Annotated[float, Field(ge=1.5, le=100)] = 3
    """A site that has not been heard for so many of its reporting intervals is gone."""
    states: frozenset[State] = frozenset({State.DOWN, State.IMPAIRED})
    """A camera in one of these has an outage."""
    new_camera_grace_s: Annotated[float, Field(ge=0, le=86400)] = 120
    """A new camera, or site, that has never worked yet is given so long before it can have an outage."""
    restart_grace_s: Annotated[float, Field(ge=0, le=86400)] = 30
    """After a start of the collector, or a break of its listening, no outage is opened for so long."""
    regroup_s: Annotated[float, Field(ge=0, le=86400)] = 90
    """When a parent's outage ends, what it took down has so long to come back before each is told by itself."""
    uplink_window_s: Annotated[float, Field(ge=0, le=86400)] = 90
    """The sites behind one uplink that are lost within so long of each other are lost with it."""
    flap_interval_s: Annotated[float, Field(gt=0, le=86400)] = 30
    """Of the latest 20 results of a camera, one each so many seconds, 30 % or more were changes: it flaps."""

    keep_days: Annotated[int, Field(ge=1, le=36_500)] = 400
    """What is over is kept for so long: a year's reports, and some time to write them."""

    @field_validator("states")
    @classmethod
    def _can_be_outages(cls, states: frozenset[State]) -> frozenset[State]:
        allowed = {State.DOWN, State.IMPAIRED, State.DEGRADED}
        if not states or not states <= allowed:
            raise ValueError(f"expected some of {', '.join(sorted(allowed))}")
        return states
