"""The decode worker: keyframes in, verdicts and JPEGs out. A process of its own, with a memory limit; it may die.

`python -m pantau_agent.picture.worker`, over its standard input and output (see `exchange`).
"""

import logging
import os
import resource
import signal
import sys
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO, cast

import av
import cv2
import msgspec
import numpy as np
from av.codec.context import Flags, Flags2
from numpy.typing import NDArray

from pantau_agent.picture.exchange import LENGTH, MAX_MESSAGE, Answer, Job, PictureError, pack
from pantau_agent.picture.judge import Judge
from pantau_agent.picture.verdict import Verdict

MEMORY = 512 << 20
"""Octets that may be used beyond what the libraries take by being loaded."""
MAX_PIXELS = 40_000_000
JPEG_WIDTH = 1280
JPEG_QUALITY = 80
MAX_CAMERAS = 1024
NICENESS = 5
"""Reading packets goes before decoding."""

_log = logging.getLogger(__name__)

Picture = NDArray[np.uint8]

_FFMPEG = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}


class UndecodableError(Exception):
    """A keyframe gives no picture. Says in `error` what it looks like."""

    def __init__(self, error: PictureError, detail: str) -> None:
        super().__init__(detail)
        self.error = error


def decode(codec: str, data: bytes) -> tuple[Picture, bool]:
    """The keyframe as BGR, and whether the decoder had to conceal errors. One thread, without the loop filter.

    Raises:
        UndecodableError: no picture comes out.
    """
    context = cast("av.VideoCodecContext", av.CodecContext.create(_FFMPEG[codec], "r"))
    context.thread_count = 1
    context.options = {"skip_loop_filter": "all", "max_pixels": str(MAX_PIXELS)}
    context.flags |= Flags.output_corrupt
    context.flags2 |= Flags2.show_all
    try:
        frames = [*context.decode(av.Packet(data)), *context.decode(None)]
        if frames:
            picture = cast("Picture", frames[0].to_ndarray(format="bgr24"))
            return picture, frames[0].is_corrupt
        detail = "the decoder gives no picture"
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        detail = f"the decoder says: {error.strerror if isinstance(error, av.error.FFmpegError) else error!r}"
    if looks_encrypted(codec, data):
        raise UndecodableError(PictureError.ENCRYPTED, f"{detail}; the slices begin with what is no slice header")
    raise UndecodableError(PictureError.UNDECODABLE, detail)


def looks_encrypted(codec: str, data: bytes) -> bool:
    """Whether the framing is right and the content is not: no slice begins as a keyframe's first slice must.

    H.264, 7.3.3: first_mb_in_slice 0 and an I slice; H.265, 7.3.6.1: first_slice_segment_in_pic_flag. Of random
    octets 7 % and 50 % begin so: a later keyframe settles it.
    """
    for unit in data.split(b"\x00\x00\x01")[1:]:
        if codec == "h264" and len(unit) > 2 and unit[0] & 0x1F in {1, 5}:
            return not (unit[1] == 0x88 or unit[1] >> 4 == 0xB)
        if codec == "h265" and len(unit) > 3 and unit[0] >> 1 & 0x3F < 32:
            return not unit[2] & 0x80
    return False


def encode(picture: Picture) -> bytes | None:
    """The picture as a JPEG, no wider than `JPEG_WIDTH`."""
    height, width = picture.shape[:2]
    if width > JPEG_WIDTH:
        size = JPEG_WIDTH, max(1, round(height * JPEG_WIDTH / width))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return jpeg.tobytes() if done else None


class Bench:
    """The judges of all cameras; the ones longest not asked go first."""

    def __init__(self) -> None:
        self._judges: OrderedDict[str, Judge] = OrderedDict()

    def judge(self, camera: str, interval_s: float) -> Judge:
        """The camera's own."""
        judge = self._judges.get(camera)
        if judge is None:
            judge = self._judges[camera] = Judge(interval_s=interval_s)
        self._judges.move_to_end(camera)
        if len(self._judges) > MAX_CAMERAS:
            self._judges.popitem(last=False)
        return judge


def work(job: Job, bench: Bench) -> Answer:
    """Decodes and judges one keyframe."""
    judge = bench.judge(job.camera, job.interval_s)
    try:
        picture, concealed = decode(job.codec, job.data)
    except UndecodableError as error:
        verdict = _judged(judge, None, job.time_ms, damaged=job.damaged)
        return Answer(job.id, cause=verdict.cause, reason=verdict.reason, error=error.error, detail=str(error))
    verdict = _judged(judge, picture, job.time_ms, damaged=job.damaged or concealed)
    height, width = picture.shape[:2]
    evidence = {str(cause): float(value) for cause, value in verdict.evidence.items()}
    return Answer(job.id, width, height, encode(picture), verdict.cause, evidence, verdict.reason)


def _judged(judge: Judge, picture: Picture | None, time_ms: int, *, damaged: bool) -> Verdict:
    """The judge's verdict. A fault of the judge's own says nothing of the camera."""
    try:
        return judge.update(picture, time_ms, damaged=damaged)
    except Exception:  # noqa: BLE001 # whatever it is, the camera is not to blame
        _log.exception("the judge of pictures failed")
        return Verdict(None, {}, "cannot tell: the judge failed")


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answers jobs one after another, until they end."""
    bench = Bench()
    decoder = msgspec.msgpack.Decoder(Job)
    answers.write(pack(Answer(0)))
    answers.flush()
    while len(head := jobs.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        if length > MAX_MESSAGE:
            return
        answers.write(pack(work(decoder.decode(jobs.read(length)), bench)))
        answers.flush()


def main() -> None:
    """Sets the limits and serves."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the agent, which then closes our input
    os.nice(NICENESS)
    av.logging.set_level(av.logging.PANIC)
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # A library that prints must not do so into the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
