"""The kind of source for each URL."""

from pantau_agent.clock import Clock
from pantau_agent.sources.ffmpeg_source import FfmpegSource
from pantau_agent.sources.rtsp_source import RtspSource
from pantau_agent.sources.source import Source, SourceFactory
from pantau_agent.sources.target import Target
from pantau_agent.sources.web_source import WebSource
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_contract.words.evidence import detail

SOURCES: dict[str, SourceFactory] = {
    "rtsp": RtspSource,
    "rtsps": RtspSource,
    "rtsp+http": RtspSource,
    "rtsps+http": RtspSource,
    "http": WebSource,
    "https": WebSource,
    "rtmp": FfmpegSource,
    "rtmps": FfmpegSource,
}
"""Kinds of source by URL scheme. A new kind is a module beside this one and a line here."""


def make_source(target: Target, clock: Clock) -> Source:
    """Return the source for a target, not yet connected.

    Raises:
        LookError: there is no kind for its scheme, or its URL lacks a password.
    """
    if target.lacks_password:
        raise LookError(Failure(Step.RESOLVE, Kind.NO_PASSWORD, detail("password_missing")))
    make = SOURCES.get(target.url.scheme)
    if make is None:
        known = ", ".join(f"{scheme}://" for scheme in SOURCES)
        unwatchable = detail("unwatchable", scheme=target.url.scheme, known=known)
        raise LookError(Failure(Step.RESOLVE, Kind.NO_VIDEO, unwatchable))
    return make(target, clock)
