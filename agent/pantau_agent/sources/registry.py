"""Which kind of source a URL asks for."""

from pantau_agent.clock import Clock
from pantau_agent.sources.ffmpeg import FfmpegSource
from pantau_agent.sources.hls import HlsSource, is_playlist
from pantau_agent.sources.http import HttpSource
from pantau_agent.sources.rtsp import RtspSource
from pantau_agent.sources.source import Open, Source
from pantau_agent.sources.target import Target
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_contract.words.evidence import detail

SOURCES: dict[str, Open] = {
    "rtsp": RtspSource,
    "rtsps": RtspSource,
    "http": HttpSource,
    "https": HttpSource,
    "rtmp": FfmpegSource,
    "rtmps": FfmpegSource,
}
"""By URL scheme. A new kind is a module beside this one and a line here."""
PLAYLISTS: dict[str, Open] = {"http": HlsSource, "https": HlsSource}
"""Where the URL is that of an HLS playlist."""


def make_source(target: Target, clock: Clock) -> Source:
    """The source for a target; no connection is made yet.

    Raises:
        LookError: there is no kind for its scheme.
    """
    make = (PLAYLISTS if is_playlist(target.url) else SOURCES).get(target.url.scheme)
    if make is None:
        known = ", ".join(f"{scheme}://" for scheme in SOURCES)
        unwatchable = detail("unwatchable", scheme=target.url.scheme, known=known)
        raise LookError(Failure(Step.RESOLVE, Kind.NO_VIDEO, unwatchable))
    return make(target, clock)
