"""The decode worker: keyframes in, verdicts and JPEGs out, in a process of its own that may crash.

`python -m pantau_agent.picture.worker` serves its standard input and output (see `exchange`). It handles
strangers' pictures, so it has nothing but these pipes and its memory, which is limited (see
`sandbox.lock_down`).
"""

import os
import signal
import sys
from typing import BinaryIO, cast

import av
import cv2
import msgspec
import numpy as np
import numpy.fft  # NumPy loads these two when they are first used, which is too late here
import numpy.ma
from av.codec.context import Flags, Flags2
from numpy.typing import NDArray

from pantau_agent.picture.exchange import LAST, LENGTH, MAX_MESSAGE, Job, JobResult, PictureError, pack
from pantau_agent.picture.judge_pool import JudgePool, Outcome
from pantau_agent.picture.private_regions import hide
from pantau_agent.sandbox.loading import load_whole
from pantau_agent.sandbox.lock_down import PURE, lock_down
from pantau_agent.streams.failure import EvidenceError
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail, together

MEMORY_BYTES = 512 << 20
"""Bytes that may be used beyond what the loaded libraries take."""
MAX_PIXELS = 50_000_000
"""Pixels of the largest picture that is decoded."""
JPEG_WIDTH = 1280
"""Pixels: wider pictures are scaled down before they are encoded."""
JPEG_QUALITY = 80
"""Quality of JPEGs, 0 to 100."""
MAX_JPEG_TRAILER = 1024
"""Bytes at a JPEG's end within which its end marker is sought: some cameras append texts of their own."""
NICENESS = 5
"""Added to the process's niceness: reading packets takes precedence over decoding."""

_JPEG_END = b"\xff\xd9"

BgrPicture = NDArray[np.uint8]
"""A picture, H x W x 3 in 8-bit BGR."""

_FFMPEG_CODECS = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}
"""FFmpeg's names of the codecs."""


class UndecodableError(EvidenceError):
    """A keyframe gives no picture; `error` says what kind of failure it looks like."""

    def __init__(self, error: PictureError, detail: Detail) -> None:
        super().__init__(detail)
        self.error = error


def decode(codec: str, data: bytes) -> tuple[BgrPicture, bool]:
    """Return the keyframe as BGR, and whether the decoder had to conceal errors.

    It uses one thread and no loop filter.

    Raises:
        UndecodableError: no picture comes out.
    """
    context = cast("av.VideoCodecContext", av.CodecContext.create(_FFMPEG_CODECS[codec], "r"))
    context.thread_count = 1
    context.options = {"skip_loop_filter": "all", "max_pixels": str(MAX_PIXELS)}
    may_be_cut = codec == "mjpeg" and _JPEG_END not in data[-MAX_JPEG_TRAILER:]
    if may_be_cut:
        context.options |= {"err_detect": "explode"}  # else the missing rest would be shown as grey
    context.flags |= Flags.output_corrupt
    context.flags2 |= Flags2.show_all
    try:
        # Without an I picture at its beginning it is a refresh: the picture is whole with the last one.
        is_refresh = looks_encrypted(codec, data)
        packets = [*context.parse(data), *context.parse(b"")] if is_refresh else [av.Packet(data)]
        frames = [frame for packet in (*packets, None) for frame in context.decode(packet)]
        if frames:
            picture = cast("BgrPicture", frames[-1].to_ndarray(format="bgr24"))
            return picture, frames[-1].is_corrupt
        reason = detail("decoder_silent")
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        message = error.strerror if isinstance(error, av.error.FFmpegError) else repr(error)
        reason = detail("cut_jpeg", count=len(data)) if may_be_cut else detail("decoder_says", said=message)
    if looks_encrypted(codec, data):
        raise UndecodableError(PictureError.ENCRYPTED, together(reason, detail("no_slice_header")))
    raise UndecodableError(PictureError.UNDECODABLE, reason)


def looks_encrypted(codec: str, data: bytes) -> bool:
    """Return whether the framing is right but no slice begins as a keyframe's first slice must.

    H.264, 7.3.3: first_mb_in_slice 0 and an I slice; H.265, 7.3.6.1: first_slice_segment_in_pic_flag. 7 % and 50 %
    of random bytes begin so; a later keyframe then settles it.
    """
    for unit in data.split(b"\x00\x00\x01")[1:]:
        if codec == "h264" and len(unit) > 2 and unit[0] & 0x1F in {1, 5}:
            return not (unit[1] == 0x88 or unit[1] >> 4 == 0xB)
        if codec == "h265" and len(unit) > 3 and unit[0] >> 1 & 0x3F < 32:
            return not unit[2] & 0x80
    return False


def encode_jpeg(picture: BgrPicture) -> bytes | None:
    """Return the picture as a JPEG no wider than `JPEG_WIDTH`, or None if it cannot be encoded."""
    height, width = picture.shape[:2]
    if width > JPEG_WIDTH:
        size = JPEG_WIDTH, max(1, round(height * JPEG_WIDTH / width))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return jpeg.tobytes() if done else None


def work(job: Job, pool: JudgePool) -> JobResult:
    """Decode and judge one keyframe."""
    try:
        picture, concealed = decode(job.codec, job.data)
    except UndecodableError as error:
        outcome = pool.judge(job, None, damaged=job.damaged)
        return _result(job, outcome, error=error.error, reason=error.detail)
    picture = hide(picture, job.settings.private)  # from here on nothing has them
    outcome = pool.judge(job, picture, damaged=job.damaged or concealed)
    height, width = picture.shape[:2]
    return _result(job, outcome, width, height, encode_jpeg(picture))


def _result(
    job: Job,
    outcome: Outcome,
    width: int = 0,
    height: int = 0,
    jpeg: bytes | None = None,
    *,
    error: PictureError | None = None,
    reason: Detail = NO_DETAIL,
) -> JobResult:
    verdict = outcome.verdict
    evidence = {} if error else {str(cause): float(value) for cause, value in verdict.evidence.items()}
    return JobResult(
        *(job.id, width, height, jpeg, verdict.cause, evidence, verdict.reason, error, reason),
        *(outcome.memories, outcome.evicted, outcome.explanation, outcome.accepted),
    )


def serve(jobs: BinaryIO, answers: BinaryIO, pool: JudgePool, unfiltered: str = "") -> None:
    """Answer jobs one after another until the input ends, then send what was learned.

    `unfiltered` is why the kernel does not filter system calls, if so.
    """
    decoder = msgspec.msgpack.Decoder(Job)
    answers.write(pack(JobResult(0, unfiltered=unfiltered)))
    answers.flush()
    while len(head := jobs.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        if length > MAX_MESSAGE:
            return
        answers.write(pack(work(decoder.decode(jobs.read(length)), pool)))
        answers.flush()
    answers.writelines(pack(JobResult(LAST, memories=memories)) for memories in pool.memories())
    answers.flush()


def main() -> None:
    """Lock the process down and serve."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are meant for the agent, which then closes our input
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    av.logging.set_level(av.logging.PANIC)
    # a library that prints must not print into the answers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    detail("no_picture")  # reads the phrases, which are in files
    load_whole("av")
    jobs = sys.stdin.buffer
    serve(jobs, answers, JudgePool(), lock_down(PURE, memory=MEMORY_BYTES))


if __name__ == "__main__":
    main()
