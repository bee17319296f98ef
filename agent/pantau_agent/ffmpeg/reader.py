"""Reads one stream (RTMP, HLS, HTTP) with FFmpeg and reports what came: a process of its own that may crash.

Run as `python -m pantau_agent.ffmpeg.reader`, it talks over its standard input and output (see `exchange`). It
handles a stranger's stream, so it has nothing else but its memory (see `sandbox.lock_down`) and, for RTMP, its
connection.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import msgspec
from av.video.stream import VideoStream

from pantau_agent.ffmpeg.exchange import (
    BEAT_S,
    AgentMessage,
    Ended,
    KeyframeRequest,
    Opened,
    Piece,
    Progress,
    ReaderMessage,
    Ready,
    RequestedKeyframe,
    Start,
    pack,
)
from pantau_agent.ffmpeg.open_failure import failure_of
from pantau_agent.ffmpeg.picture_counter import PictureCounter
from pantau_agent.ffmpeg.playback_pace import PlaybackPace
from pantau_agent.ffmpeg.remote_file import RemoteFiles
from pantau_agent.picture.exchange import LENGTH
from pantau_agent.sandbox.loading import load_whole
from pantau_agent.sandbox.lock_down import CONNECTING, PURE, lock_down
from pantau_agent.streams.budget import Budget
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.keyframe import MAX_KEYFRAME_BYTES
from pantau_contract.words.evidence import NO_DETAIL, detail

MEMORY = 256 << 20
"""Memory limit in bytes, beyond what the loaded libraries take."""
NICENESS = 5
"""Added to the process's nice value."""
REPORT_S = 0.2
"""Seconds between two reports, at least."""
MAX_CPU = 0.5
"""Share of a processor core that reading may take; a stream that costs more is ended, as in `streams.budget`.

It is more than in the agent itself, because here no other camera waits for its turn.
"""
READ_TIMEOUT_S = 60.0
"""Seconds after which FFmpeg gives up a stream that sends nothing; the agent gives up much sooner."""
CODECS = {"h264": "h264", "hevc": "h265", "mjpeg": "mjpeg"}
"""The supported codecs by FFmpeg's names."""
_TO_ANNEX_B = {"h264": "h264_mp4toannexb", "h265": "hevc_mp4toannexb"}
_COMMON = {"analyzeduration": "1000000", "probesize": "1000000"}
_RTMP = _COMMON | {"rtmp_live": "live", "protocol_whitelist": "rtmp,rtmps,tcp,tls"}
_ANY_NAME = {"extension_picky": "0", "allowed_extensions": "ALL", "allowed_segment_extensions": "ALL"}
_HLS = _COMMON | _ANY_NAME | {"http_persistent": "0", "http_multiple": "0"}
"""FFmpeg's options for HLS. Cameras name segments as they like: .cgi, .jpg, or without an ending.

FFmpeg checks names so that a playlist cannot have it open files. Here it opens none: the agent fetches each.
"""


class Reader:
    """Reads one stream. `keyframe_requested` is set to have the next keyframe sent."""

    def __init__(self, start: Start, out: BinaryIO) -> None:
        self.keyframe_requested = threading.Event()
        self._start = start
        self._hls = start.demuxer == "hls"
        self._files = RemoteFiles(self._send, start.timeout_s, READ_TIMEOUT_S) if start.fetched else None
        self._out = out
        self._counter = PictureCounter()
        self._pace = PlaybackPace()
        self._reported = 0.0
        self._remark = NO_DETAIL
        self._sending = threading.Lock()

    def keep_watch(self) -> None:
        """Give signs of life, and end the process if the stream costs too much. Called by a thread of its own."""
        budget, used_s, packets = Budget(max_cpu=MAX_CPU), time.process_time(), 0
        while not budget.exceeded:
            time.sleep(BEAT_S)
            counts, before_s, used_s = self._counter.counts, used_s, time.process_time()
            budget.spend(time.monotonic(), pieces=counts.packets - packets, cpu_s=used_s - before_s)
            packets = counts.packets
            self._send(Progress(counts, self._remark))
        self._send(Ended(budget.failure))
        os._exit(0)

    def handle(self, message: AgentMessage) -> None:
        """Handle a message of the agent. Called by another thread than `read`."""
        match message:
            case KeyframeRequest():
                self.keyframe_requested.set()
            case Piece() if self._files is not None:
                self._files.deliver(message)

    def read(self) -> None:
        """Read and report until the stream ends, which raises `LookError`."""
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
            self._send(Opened(codec))
            if self._files is not None:
                self._files.opening_until = None
            self._reported = time.monotonic()  # what FFmpeg has read ahead is reported at once
            try:
                self._follow(container, stream, codec)
            except (av.error.FFmpegError, MemoryError) as error:
                reason = error.strerror if isinstance(error, av.error.FFmpegError) else detail("out_of_memory")
                broke = detail("reading_broke", said=reason)
                raise LookError(Failure(Step.STREAM, Kind.CLOSED, broke)) from None
        raise LookError(Failure(Step.STREAM, Kind.CLOSED, detail("stream_ended")))

    def _open(self) -> av.container.InputContainer:
        av.logging.set_level(av.logging.DEBUG)  # FFmpeg's errors alone do not show how far it came
        options = _HLS if self._hls else _COMMON if self._files is not None else _RTMP
        deadline = time.monotonic() + self._start.timeout_s
        with av.logging.Capture(local=False) as log:
            try:
                return av.open(
                    self._start.url,
                    format=self._start.demuxer,
                    options=options,
                    timeout=(self._start.timeout_s, READ_TIMEOUT_S),
                    io_open=self._files.open if self._files is not None else None,
                )
            except av.error.FFmpegError as error:
                late = time.monotonic() >= deadline
                raise LookError(self._failure_of(error, [text for _, _, text in log], late=late)) from None
            finally:
                av.logging.set_level(av.logging.PANIC)

    def _failure_of(self, error: av.error.FFmpegError, log: list[str], *, late: bool) -> Failure:
        message = error.strerror or ""
        problem = self._files.problem if self._files is not None else NO_DETAIL
        if self._hls:
            if late:
                in_vain = detail("playlist_in_vain", seconds=f"{self._start.timeout_s:g}")
                return Failure(Step.STREAM, Kind.NO_MEDIA, in_vain)
            return Failure(Step.STREAM, Kind.NO_MEDIA, detail("playlist_unread", said=problem or message))
        if self._files is not None:
            no_stream = detail("no_stream", seconds=f"{self._start.timeout_s:g}")
            broke = detail("reading_broke", said=problem or message)
            return Failure(Step.STREAM, Kind.NO_MEDIA, no_stream if late else broke)
        return failure_of(error.errno or 0, message, log, late=late, password="@" in self._start.url)

    def _follow(self, container: av.container.InputContainer, stream: VideoStream, codec: str) -> None:
        for packet in container.demux(stream):
            if packet.dts is None or packet.time_base is None:
                continue  # at the end comes an empty one
            at, now = float(packet.dts * packet.time_base), time.monotonic()
            if self._hls:
                if self._pace.jumps(at):
                    self._counter.add_restart()
                wait_s = self._pace.wait_s(at, now)
                if wait_s > REPORT_S:
                    self._report(now)
                time.sleep(wait_s)
                now = time.monotonic()
            self._counter.add(packet.size, at, now, key=packet.is_keyframe)
            if packet.is_keyframe and self.keyframe_requested.is_set():
                self._deliver(packet, stream, codec)
            if now - self._reported >= REPORT_S:
                self._report(now)

    def _deliver(self, packet: Any, stream: VideoStream, codec: str) -> None:
        if packet.size > MAX_KEYFRAME_BYTES:
            self._remark = detail("cut_picture", megabytes=MAX_KEYFRAME_BYTES >> 20)
            return
        damaged, name = packet.is_corrupt, _TO_ANNEX_B.get(codec)
        data = b"".join(_converted(packet, stream, name)) if name else bytes(packet)
        if data:
            self.keyframe_requested.clear()
            self._send(RequestedKeyframe(data, damaged))

    def _report(self, now: float) -> None:
        self._reported = now
        self._send(Progress(self._counter.counts, self._remark))

    def _send(self, message: ReaderMessage) -> None:
        with self._sending:
            self._out.write(pack(message))
            self._out.flush()


def _converted(packet: Any, stream: VideoStream, name: str) -> Iterator[bytes]:
    """Convert a keyframe to start codes and parameter sets, as the decode worker needs it."""
    convert = av.BitStreamFilterContext(name, stream)
    for one in (*convert.filter(packet), *convert.filter(None)):
        yield bytes(one)


def _handle_messages(messages: Iterator[AgentMessage], reader: Reader) -> None:
    """Handle the agent's messages, and end the process once the agent closes the pipe."""
    for message in messages:
        reader.handle(message)
    os._exit(0)


def _messages(pipe: BinaryIO) -> Iterator[AgentMessage]:
    decoder = msgspec.msgpack.Decoder(AgentMessage)
    while len(head := pipe.read(LENGTH.size)) == LENGTH.size:
        yield decoder.decode(pipe.read(LENGTH.unpack(head)[0]))


def main() -> None:
    """Lock the process down and read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the agent, which then ends this process
    os.nice(NICENESS)
    # Keep libraries from printing into our messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    out.write(pack(Ready()))
    out.flush()
    detail("no_video")  # reads the phrases, which are in files
    load_whole("av")
    messages = _messages(sys.stdin.buffer)
    start = next(messages)
    assert isinstance(start, Start)  # noqa: S101 # for the type checker: the agent begins by it
    lock_down(PURE if start.fetched else CONNECTING, memory=MEMORY)
    reader = Reader(start, out)
    threading.Thread(target=_handle_messages, args=(messages, reader), daemon=True).start()
    threading.Thread(target=reader.keep_watch, daemon=True).start()
    try:
        reader.read()
    except LookError as error:
        out.write(pack(Ended(error.failure)))
        out.flush()


if __name__ == "__main__":
    main()
