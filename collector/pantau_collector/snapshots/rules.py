"""The configuration's table `snapshots`: which pictures are kept, for how long, and in how much room."""

from datetime import time
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Days = Annotated[int, Field(ge=0, le=3660)]


class SnapshotRules(BaseModel):
    """What is kept of the pictures that agents send. 0 days keep no picture of that kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    hourly_days: _Days = 7
    """Days for which one picture an hour is kept of each camera."""
    daily_days: _Days = 92
    """Days for which one picture a day is kept of each camera."""
    project_days: _Days = 1100
    """The same of a camera that watches a project: the picture in the best light of the day."""
    change_days: _Days = 31
    """Days for which the pictures before and after each change of state are kept."""
    changes_a_day: Annotated[int, Field(ge=0, le=100)] = 8
    """Changes of one camera's state in a day of which pictures are kept, at most."""
    max_gb: Annotated[float, Field(gt=0, le=100_000)] = 100
    """10^9 bytes of all of them at most, if that is below `disk_share`."""
    disk_share: Annotated[float, Field(gt=0, le=0.9)] = 0.3
    """Share of the free disk that they may have; what they have already counts as free."""
    daylight_from: time = time(6)
    """When the day begins at the earliest, by the wall clock: a picture before it is one of the night."""
    daylight_to: time = time(18)
    """When the day ends at the latest."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.project_days < self.daily_days:
            raise ValueError(
                f"expected project_days of at least daily_days ({self.daily_days}), got {self.project_days}"
            )
        if any(each.tzinfo is not None for each in (self.daylight_from, self.daylight_to)):
            raise ValueError(
                "expected daylight_from and daylight_to by the wall clock, such as 06:00, without zone"
            )
        if self.daylight_from >= self.daylight_to:
            raise ValueError(
                f"expected daylight_from before daylight_to, got {self.daylight_from:%H:%M} and"
                f" {self.daylight_to:%H:%M}"
            )
        return self

    @property
    def longest_days(self) -> int:
        """The days after which nothing is kept any more."""
        return max(self.hourly_days, self.project_days, self.change_days) + 1
