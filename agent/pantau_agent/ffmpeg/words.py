"""How FFmpeg failed to open a stream, out of its error and its own log: pure.

FFmpeg's errors tell no step apart; its log does. The texts are those of libavformat's tcp.c, tls_*.c, rtmpproto.c.
"""

import re
from collections.abc import Sequence

from pantau_agent.failure import Failure, Kind, Step
from pantau_agent.rtsp.dialogue import printable
from pantau_agent.rtsp.url import redact

_SERVER_ERROR = re.compile(r"Server error: (.*)")
_ABSENT = re.compile(r"not ?found|no such|not exist|unknown stream", re.IGNORECASE)
_REFUSED = re.compile(r"auth|denied|forbidden|rejected|password|not allowed", re.IGNORECASE)


def failure_of(code: int, said: str, log: Sequence[str], *, late: bool, password: bool) -> Failure:
    """What is known of a stream that did not open.

    `code` is FFmpeg's, an errno where it has one; `said` is its text. `late` tells that the deadline ended it,
    `password` that one was sent.
    """
    text, detail = "\n".join(log), printable(redact(said))
    if "Successfully connected" not in text:
        kind = Kind.SILENT if late else Kind.OS_ERROR
        return Failure(Step.CONNECT, kind, f"connecting: {detail}", errno=None if late else code)
    if (refusal := _SERVER_ERROR.search(text)) is not None:
        return _refusal(printable(redact(refusal[1])), password=password)
    if "Handshaking..." not in text:
        step, kind, detail = Step.TLS, Kind.SILENT if late else Kind.NOT_RTSP, "no TLS is spoken there"
    elif "Sending play command" in text:
        step, kind = Step.PLAY, Kind.NO_MEDIA if late else Kind.CLOSED
        detail = "play was asked for, and no picture came" if late else f"play: {detail} before anything came"
    elif late:
        step, kind, detail = Step.OPTIONS, Kind.SILENT, "it takes the connection and does not answer RTMP"
    elif "Type answer" in text and "Creating stream" not in text:
        step, kind, detail = Step.OPTIONS, Kind.NOT_RTSP, "what came is not RTMP"
    else:
        step, kind, detail = Step.OPTIONS, Kind.CLOSED, f"RTMP handshake: {detail}"
    return Failure(step, kind, detail)


def _refusal(reason: str, *, password: bool) -> Failure:
    detail = f"play was answered: {reason}"
    if _ABSENT.search(reason):
        return Failure(Step.PLAY, Kind.STATUS, detail, status=404, reason=reason)
    if _REFUSED.search(reason):
        kind = Kind.WRONG_PASSWORD if password else Kind.NO_PASSWORD
        return Failure(Step.PLAY, kind, detail, status=401, reason=reason)
    return Failure(Step.PLAY, Kind.STATUS, detail, reason=reason)
