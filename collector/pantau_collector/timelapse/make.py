"""Makes a time-lapse out of archived pictures, one at a time: in a process of its own, see `running.py`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image

from pantau_collector.daylight.picture import NotAPictureError, decode, measure
from pantau_collector.snapshots import Snapshot, files
from pantau_collector.snapshots.keeping import local_time, minutes_from_noon
from pantau_collector.snapshots.light import score
from pantau_collector.timelapse.choose import Moment
from pantau_collector.timelapse.frame import FrameMaker
from pantau_collector.timelapse.job import Failed, Job, Made, Progress
from pantau_collector.timelapse.video import VideoWriter, encoder, open_video


def make(job: Job, report: Callable[[Progress], None]) -> Made | Failed:
    """Make the time-lapse, and report how far it is after each moment; the file is whole, or not there.

    Raises:
        OSError: it cannot be written.
    """
    out = Path(job.out)
    half = out.with_name(f".{out.name}.half")
    try:
        made = _write(job, half, report)
        if isinstance(made, Made):
            half.replace(out)
    finally:
        half.unlink(missing_ok=True)
    return made


def _write(job: Job, half: Path, report: Callable[[Progress], None]) -> Made | Failed:
    zone, frames, done = ZoneInfo(job.zone), 0, 0
    maker: FrameMaker | None = None
    with ExitStack() as stack:
        writer: VideoWriter | None = None
        for name, moment in _moments(job):
            done += 1
            found = _first_by_day(job, moment, zone)
            if found is not None:
                snapshot, picture = found
                if maker is None or writer is None:
                    maker = FrameMaker(picture.size)
                    writer = stack.enter_context(open_video(half, maker.size, job.frames_a_second))
                when = f"{local_time(snapshot.taken_ms, zone):%d/%m/%Y %H:%M}"
                writer.add(maker.make(picture, name, when))
                frames += 1
            report(Progress(done, job.moments, frames))
    if maker is None:
        return Failed(f"none of the pictures of {job.moments} moments can be decoded and shows the day")
    width, height = maker.size
    size, seconds = half.stat().st_size, frames / job.frames_a_second
    return Made(frames, done - frames, width, height, encoder(), seconds, size)


def _moments(job: Job) -> Iterator[tuple[str, Moment]]:
    for part in job.parts:
        name = " · ".join(filter(None, dict.fromkeys((job.title, part.name))))
        for moment in part.moments:
            yield name, moment


def _first_by_day(job: Job, moment: Moment, zone: ZoneInfo) -> tuple[Snapshot, Image.Image] | None:
    """Return the first picture of a moment that can be decoded and shows no night, or None."""
    for each in moment.candidates:
        jpeg = files.read(Path(job.directory), each)
        try:
            picture = decode(jpeg) if jpeg is not None else None
        except NotAPictureError:
            continue
        if picture is not None and score(measure(picture), minutes_from_noon(each.taken_ms, zone)) > 0:
            return each, picture
    return None
