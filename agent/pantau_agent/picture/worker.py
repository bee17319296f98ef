"""The decode worker: keyframes in, verdicts and JPEGs out. A process of its own, with a memory limit; it may die.

`python -m pantau_agent.picture.worker [MEMORIES]`, over its standard input and output (see `exchange`). MEMORIES
is the directory where it keeps what it remembers of the cameras.
"""

import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO, cast

import av
import cv2
import msgspec
import numpy as np
from av.codec.context import Flags, Flags2
from numpy.typing import NDArray

from pantau_agent.picture.exchange import LENGTH, MAX_MESSAGE, Job, JobResult, PictureError, pack
from pantau_agent.picture.judge_pool import JudgePool
from pantau_agent.streams.failure import EvidenceError
from pantau_contract.words.evidence import Detail, detail, together

MEMORY_BYTES = 512 << 20
"""Octets that may be used beyond what the libraries take by being loaded."""
MAX_PIXELS = 50_000_000
JPEG_WIDTH = 1280
JPEG_QUALITY = 80
NICENESS = 5
"""Reading packets goes before decoding."""

BgrPicture = NDArray[np.uint8]

_FFMPEG_CODECS = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}


class UndecodableError(EvidenceError):
    """A keyframe gives no picture. Says in `error` what it looks like."""

    def __init__(self, error: PictureError, detail: Detail) -> None:
        super().__init__(detail)
        self.error = error


def decode(codec: str, data: bytes) -> tuple[BgrPicture, bool]:
    """The keyframe as BGR, and whether the decoder had to conceal errors. One thread, without the loop filter.

    Raises:
        UndecodableError: no picture comes out.
    """
    context = cast("av.VideoCodecContext", av.CodecContext.create(_FFMPEG_CODECS[codec], "r"))
    context.thread_count = 1
    context.options = {"skip_loop_filter": "all", "max_pixels": str(MAX_PIXELS)}
    context.flags |= Flags.output_corrupt
    context.flags2 |= Flags2.show_all
    try:
        frames = [*context.decode(av.Packet(data)), *context.decode(None)]
        if frames:
            picture = cast("BgrPicture", frames[0].to_ndarray(format="bgr24"))
            return picture, frames[0].is_corrupt
        how = detail("decoder_silent")
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        said = error.strerror if isinstance(error, av.error.FFmpegError) else repr(error)
        how = detail("decoder_says", said=said)
    if looks_encrypted(codec, data):
        raise UndecodableError(PictureError.ENCRYPTED, together(how, detail("no_slice_header")))
    raise UndecodableError(PictureError.UNDECODABLE, how)


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


def encode_jpeg(picture: BgrPicture) -> bytes | None:
    """The picture as a JPEG, no wider than `JPEG_WIDTH`."""
    height, width = picture.shape[:2]
    if width > JPEG_WIDTH:
        size = JPEG_WIDTH, max(1, round(height * JPEG_WIDTH / width))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return jpeg.tobytes() if done else None


def work(job: Job, judges: JudgePool) -> JobResult:
    """Decodes and judges one keyframe."""
    try:
        picture, concealed = decode(job.codec, job.data)
    except UndecodableError as error:
        verdict = judges.judge(job, None, damaged=job.damaged)
        return JobResult(
            job.id, cause=verdict.cause, reason=verdict.reason, error=error.error, detail=error.detail
        )
    verdict = judges.judge(job, picture, damaged=job.damaged or concealed)
    height, width = picture.shape[:2]
    evidence = {str(cause): float(value) for cause, value in verdict.evidence.items()}
    return JobResult(job.id, width, height, encode_jpeg(picture), verdict.cause, evidence, verdict.reason)


def serve(jobs: BinaryIO, answers: BinaryIO, judges: JudgePool) -> None:
    """Answers jobs one after another, until they end; then writes down what was learned."""
    decoder = msgspec.msgpack.Decoder(Job)
    answers.write(pack(JobResult(0)))
    answers.flush()
    while len(head := jobs.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        if length > MAX_MESSAGE:
            return
        answers.write(pack(work(decoder.decode(jobs.read(length)), judges)))
        answers.flush()
    judges.save()


def main() -> None:
    """Sets the limits and serves."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the agent, which then closes our input
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    av.logging.set_level(av.logging.PANIC)
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # A library that prints must not do so into the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers, JudgePool(Path(sys.argv[1]) if len(sys.argv) > 1 else None))


if __name__ == "__main__":
    main()
