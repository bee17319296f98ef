"""Time-lapses: the pictures of cameras as a film, one of each day or hour, with the date in the picture."""

from pantau_collector.timelapse.choose import Every, Moment, choose
from pantau_collector.timelapse.job import Job, Made, Part, Progress
from pantau_collector.timelapse.running import CannotMakeError, run

__all__ = ["CannotMakeError", "Every", "Job", "Made", "Moment", "Part", "Progress", "choose", "run"]
