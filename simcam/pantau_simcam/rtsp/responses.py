"""Encodes RTSP responses (RFC 2326, 7)."""

from collections.abc import Iterable

from pantau_simcam.rtsp.requests import Request

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
}


class RtspError(Exception):
    """A request whose response is an error status."""

    def __init__(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(f"{status} {REASONS[status]}")
        self.status = status
        self.headers = headers


def response(
    request: Request | None, status: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
) -> bytes:
    """Encode the response to a request; `request` is None if it could not be parsed."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}"]
    if request is not None and "cseq" in request.headers:
        lines.append(f"CSeq: {request.headers['cseq']}")
    lines.append("Server: pantau-simcam")
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
