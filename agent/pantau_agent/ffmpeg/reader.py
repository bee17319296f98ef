"""Reads one RTMP or HLS stream by FFmpeg, and tells what came. A process with a memory limit, which may die.

`python -m pantau_agent.ffmpeg.reader`, over its standard input and output (see `exchange`).
"""

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import av
import msgspec
from av.video.stream import VideoStream

from pantau_agent.ffmpeg.exchange import Ended, Opened, Picture, Ready, Said, Seen, Start, pack
from pantau_agent.ffmpeg.open_failure import failure_of
from pantau_agent.ffmpeg.picture_counter import PictureCounter
from pantau_agent.ffmpeg.playback_pace import PlaybackPace
from pantau_agent.picture.exchange import LENGTH
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.keyframe import MAX_KEYFRAME
from pantau_contract.words.evidence import NO_DETAIL, detail

MEMORY = 256 << 20
"""Octets that may be used beyond what the libraries take by being loaded."""
NICENESS = 5
TELL_S = 0.2
"""What came is told so often at most."""
PATIENCE_S = 60.0
"""Of FFmpeg with a stream that sends nothing any more; the agent's is much shorter."""
CODECS = {"h264": "h264", "hevc": "h265", "mjpeg": "mjpeg"}
_TO_ANNEX_B = {"h264": "h264_mp4toannexb", "h265": "hevc_mp4toannexb"}
_COMMON = {"analyzeduration": "1000000", "probesize": "1000000"}
_RTMP = _COMMON | {"rtmp_live": "live", "protocol_whitelist": "rtmp,rtmps,tcp,tls"}
_HLS = _COMMON | {"protocol_whitelist": "http,https,tcp,tls,crypto"}
"""No stream may have FFmpeg open a file, or speak what it was not asked for."""


class Reader:
    """One stream. `wanted` is set by whoever wants the next keyframe."""

    def __init__(self, start: Start, out: BinaryIO) -> None:
        self.wanted = threading.Event()
        self._start = start
        self._hls = start.url.startswith("http")
        self._out = out
        self._counter = PictureCounter()
        self._pace = PlaybackPace()
        self._told = 0.0
        self._remark = NO_DETAIL

    def read(self) -> None:
        """Reads and tells until it ends, which is told as a `LookError`."""
        with self._open() as container:
            if not container.streams.video:
                if self._hls:
                    raise LookError(Failure(Step.STREAM, Kind.NO_MEDIA, detail("playlist_empty")))
                raise LookError(Failure(Step.STREAM, Kind.NO_VIDEO, detail("no_video")))
            stream = container.streams.video[0]
            codec = CODECS.get(stream.codec_context.name)
            if codec is None:
                other = detail("offers", offered=stream.codec_context.name, jpeg="MJPEG")
                raise LookError(Failure(Step.STREAM, Kind.NO_VIDEO, other))
            self._say(Opened(codec))
            self._told = time.monotonic()  # what FFmpeg has read ahead is told as one
            try:
                self._follow(container, stream, codec)
            except (av.error.FFmpegError, MemoryError) as error:
                said = error.strerror if isinstance(error, av.error.FFmpegError) else detail("out_of_memory")
                broke = detail("reading_broke", said=said)
                raise LookError(Failure(Step.STREAM, Kind.CLOSED, broke)) from None
        raise LookError(Failure(Step.STREAM, Kind.CLOSED, detail("stream_ended")))

    def _open(self) -> av.container.InputContainer:
        av.logging.set_level(av.logging.DEBUG)  # FFmpeg's errors alone do not tell how far it came
        options, form = (_HLS, "hls") if self._hls else (_RTMP, "flv")
        deadline = time.monotonic() + self._start.timeout_s
        with av.logging.Capture(local=False) as log:
            try:
                return av.open(
                    self._start.url, format=form, options=options, timeout=(self._start.timeout_s, PATIENCE_S)
                )
            except av.error.FFmpegError as error:
                late = time.monotonic() >= deadline
                raise LookError(self._failure_of(error, [text for _, _, text in log], late=late)) from None
            finally:
                av.logging.set_level(av.logging.PANIC)

    def _failure_of(self, error: av.error.FFmpegError, log: list[str], *, late: bool) -> Failure:
        said = error.strerror or ""
        if self._hls:
            if late:
                in_vain = detail("playlist_in_vain", seconds=f"{self._start.timeout_s:g}")
                return Failure(Step.STREAM, Kind.NO_MEDIA, in_vain)
            return Failure(Step.STREAM, Kind.NO_MEDIA, detail("playlist_unread", said=said))
        return failure_of(error.errno or 0, said, log, late=late, password="@" in self._start.url)

    def _follow(self, container: av.container.InputContainer, stream: VideoStream, codec: str) -> None:
        for packet in container.demux(stream):
            if packet.dts is None or packet.time_base is None:
                continue  # at the end an empty one comes
            at, now = float(packet.dts * packet.time_base), time.monotonic()
            if self._hls:
                if self._pace.jumps(at):
                    self._counter.add_restart()
                wait_s = self._pace.wait_s(at, now)
                if wait_s > TELL_S:
                    self._tell(now)
                time.sleep(wait_s)
                now = time.monotonic()
            self._counter.add(packet.size, at, now, key=packet.is_keyframe)
            if packet.is_keyframe and self.wanted.is_set():
                self._deliver(packet, stream, codec)
            if now - self._told >= TELL_S:
                self._tell(now)

    def _deliver(self, packet: Any, stream: VideoStream, codec: str) -> None:
        if packet.size > MAX_KEYFRAME:
            self._remark = detail("cut_picture", megabytes=MAX_KEYFRAME >> 20)
            return
        damaged, name = packet.is_corrupt, _TO_ANNEX_B.get(codec)
        data = b"".join(_converted(packet, stream, name)) if name else bytes(packet)
        if data:
            self.wanted.clear()
            self._say(Picture(data, damaged))

    def _tell(self, now: float) -> None:
        self._told = now
        self._say(Seen(self._counter.counts, self._remark))

    def _say(self, message: Said) -> None:
        self._out.write(pack(message))
        self._out.flush()


def _converted(packet: Any, stream: VideoStream, name: str) -> Iterator[bytes]:
    """A keyframe with start codes and parameter sets, as the decode worker wants it."""
    convert = av.BitStreamFilterContext(name, stream)
    for one in (*convert.filter(packet), *convert.filter(None)):
        yield bytes(one)


def _listen(jobs: BinaryIO, reader: Reader) -> None:
    """Until the agent lets go; then nobody needs this process any more."""
    while jobs.read(1):
        reader.wanted.set()
    os._exit(0)


def main() -> None:
    """Sets the limits and reads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the agent, which then ends us
    os.nice(NICENESS)
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # A library that prints must not do so into what we say.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    out.write(pack(Ready()))
    out.flush()
    jobs = sys.stdin.buffer
    (length,) = LENGTH.unpack(jobs.read(LENGTH.size))
    reader = Reader(msgspec.msgpack.decode(jobs.read(length), type=Start), out)
    threading.Thread(target=_listen, args=(jobs, reader), daemon=True).start()
    try:
        reader.read()
    except LookError as error:
        out.write(pack(Ended(error.failure)))
        out.flush()


if __name__ == "__main__":
    main()
