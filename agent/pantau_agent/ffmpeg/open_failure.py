"""Turns FFmpeg's error and log into the failure to open a stream. No I/O.

FFmpeg's errors do not distinguish the steps of opening, but its log does. The texts are those of libavformat's
tcp.c, tls_*.c and rtmpproto.c.
"""

import re
from collections.abc import Sequence

from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_agent.streams.refusal import printable
from pantau_agent.streams.url import redact
from pantau_contract.words.evidence import detail

_SERVER_ERROR = re.compile(r"Server error: (.*)")
_ABSENT = re.compile(r"not ?found|no such|not exist|unknown stream", re.IGNORECASE)
_REFUSED = re.compile(r"auth|denied|forbidden|rejected|password|not allowed", re.IGNORECASE)


def failure_of(code: int, message: str, log: Sequence[str], *, late: bool, password: bool) -> Failure:
    """Return the failure of a stream that could not be opened.

    `code` is FFmpeg's, an errno if it has one, and `message` its text. `late` says that the deadline ended the
    attempt, `password` that one was sent.
    """
    text, message = "\n".join(log), printable(redact(message))
    if "Successfully connected" not in text:
        kind = Kind.SILENT if late else Kind.OS_ERROR
        return Failure(Step.CONNECT, kind, detail("rtmp_unconnected", said=message), errno=None if late else code)
    if (refusal := _SERVER_ERROR.search(text)) is not None:
        return _refusal(printable(redact(refusal[1])), password=password)
    if "Handshaking..." not in text:
        step, kind, evidence = Step.TLS, Kind.SILENT if late else Kind.WRONG_PROTOCOL, detail("no_tls_there")
    elif "Sending play command" in text:
        step, kind = Step.PLAY, Kind.NO_MEDIA if late else Kind.CLOSED
        evidence = detail("play_in_vain") if late else detail("play_ended", said=message)
    elif late:
        step, kind, evidence = Step.OPTIONS, Kind.SILENT, detail("rtmp_silent")
    elif "Type answer" in text and "Creating stream" not in text:
        step, kind, evidence = Step.OPTIONS, Kind.WRONG_PROTOCOL, detail("not_rtmp")
    else:
        step, kind, evidence = Step.OPTIONS, Kind.CLOSED, detail("rtmp_handshake", said=message)
    return Failure(step, kind, evidence)


def _refusal(reason: str, *, password: bool) -> Failure:
    answer = detail("play_answered", reason=reason)
    if _ABSENT.search(reason):
        return Failure(Step.PLAY, Kind.STATUS, answer, status=404, reason=reason)
    if _REFUSED.search(reason):
        kind = Kind.WRONG_PASSWORD if password else Kind.NO_PASSWORD
        return Failure(Step.PLAY, kind, answer, status=401, reason=reason)
    return Failure(Step.PLAY, Kind.STATUS, answer, reason=reason)
