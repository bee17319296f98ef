"""Recognises a device's vendor, and whether it wants a password in clear, by how its stream asks for a login."""

import asyncio
import re

from pantau_agent.streams.authentication import parse_challenges

_TIMEOUT_S = 3.0
"""Seconds for the camera's answer."""
_MAX_BYTES = 4096
"""Most bytes of an answer that are read."""
_VENDOR_PATTERNS = (
    (re.compile(r'realm="Login to '), "dahua"),
    (re.compile(r'realm="(?:IP Camera\(|Hikvision|Embedded Net DVR|HikvisionDS)'), "hikvision"),
    (re.compile(r'realm="AXIS_|^Server: *GStreamer RTSP Server.*AXIS', re.MULTILINE), "axis"),
    (re.compile(r'realm="iPolis|realm="Hanwha', re.IGNORECASE), "hanwha"),
    (re.compile(r'realm="TP-LINK|realm="TP-Link IP-Camera', re.IGNORECASE), "tplink"),
)
"""Patterns of the authentication challenge, by vendor."""
_CHALLENGE = re.compile(r"^WWW-Authenticate: *([^\r\n]*)", re.MULTILINE | re.IGNORECASE)


def vendor_of_answer(answer: str) -> str | None:
    """Return the `vendor` to configure, by an answer to DESCRIBE, or None if it is not recognised."""
    return next((vendor for pattern, vendor in _VENDOR_PATTERNS if pattern.search(answer)), None)


def wants_password_in_clear(answer: str) -> bool:
    """Return whether an answer to DESCRIBE asks for a login, and offers nothing but Basic."""
    challenges = parse_challenges(_CHALLENGE.findall(answer))
    return bool(challenges) and all(challenge.scheme == "basic" for challenge in challenges)


async def describe_answer(host: str, port: int, path: str = "/") -> str | None:
    """Return a camera's answer to DESCRIBE without a login, up to a limit, or None if it does not speak RTSP."""
    address = f"[{host}]" if ":" in host else host
    request = f"DESCRIBE rtsp://{address}:{port}{path} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request.encode())
                answer = b""
                while b"\r\n\r\n" not in answer and len(answer) < _MAX_BYTES:
                    chunk = await reader.read(_MAX_BYTES)
                    if not chunk:
                        break
                    answer += chunk
            finally:
                writer.transport.abort()
    except OSError:
        return None
    return answer.decode("utf-8", "replace") if answer.startswith(b"RTSP/1.") else None
