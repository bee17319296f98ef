"""Valid input: conversations, descriptions, challenges, URLs and packets as cameras send them."""

import base64
import struct
from collections.abc import Iterable

_SDP = """v=0
o=- 1 1 IN IP4 192.0.2.1
s=Media
c=IN IP4 0.0.0.0
t=0 0
a=control:{control}
m=video 0 RTP/AVP {kind}
b=AS:500
{lines}
a=control:trackID=1
m=audio 0 RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=control:trackID=2
"""
_SPS, _PPS = bytes.fromhex("6764001facd9405005bb011000000300100000030320f183196000"), bytes.fromhex("68ebecb22c")


def _sdp(kind: int, *lines: str, control: str = "*") -> bytes:
    text = _SDP.format(control=control, kind=kind, lines="\n".join(lines))
    return text.replace("\n", "\r\n").encode()


_SETS = ",".join(base64.b64encode(one).decode() for one in (_SPS, _PPS))
DESCRIPTIONS = (
    _sdp(96, "a=rtpmap:96 H264/90000", f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={_SETS}"),
    _sdp(98, "a=rtpmap:98 H265/90000", "a=fmtp:98 sprop-vps=QAEM; sprop-sps=QgEB; sprop-pps=RAHA"),
    _sdp(26, "a=framerate:15", control="rtsp://192.0.2.1/cam/"),
)
CHALLENGES = (
    b'Digest realm="Login to 4F00", nonce="1c8e0f", qop="auth,auth-int", algorithm=SHA-256, stale="FALSE"',
    b'Digest realm="IP Camera(C1234)", nonce="abc", opaque="x", Basic realm="IP Camera"',
    b'Basic realm="gate"',
)
URLS = (
    b"rtsp://user:p%40ss@192.0.2.1:554/cam/realmonitor?channel=1&subtype=0",
    b"rtsps://[2001:db8::1]:322/Streaming/Channels/101",
    b"rtsp://gate.example/user=admin_password=x_channel=1_stream=0.sdp",
)


def rtp(sequence: int, timestamp: int, payload: bytes, *, marker: bool, kind: int = 96) -> bytes:
    """Build one RTP packet."""
    return struct.pack("!BBHII", 0x80, kind | marker << 7, sequence & 0xFFFF, timestamp, 7) + payload


def joined(packets: Iterable[bytes]) -> bytes:
    """Join packets, each preceded by its length in two bytes."""
    return b"".join(struct.pack("!H", len(packet)) + packet for packet in packets)


def split(data: bytes) -> list[bytes]:
    """Reverse `joined`; a damaged length cuts the last packet short."""
    found, at = [], 0
    while at + 2 <= len(data):
        length = data[at] << 8 | data[at + 1]
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return found


def _stream(units: list[list[bytes]], *, kind: int = 96) -> list[bytes]:
    packets: list[bytes] = []
    for number, payloads in enumerate(units):
        for i, payload in enumerate(payloads):
            last = i == len(payloads) - 1
            packets.append(rtp(65530 + len(packets), 3600 * number, payload, marker=last, kind=kind))
    return packets


def _aggregate(head: bytes, *units: bytes) -> bytes:
    return head + b"".join(struct.pack("!H", len(unit)) + unit for unit in units)


_IDR, _DELTA = b"\x88\x84" + bytes(range(120)), b"\x9a" + bytes(range(40))
_H264 = _stream(
    [
        [_SPS, _PPS, b"\x65" + _IDR],
        [b"\x41" + _DELTA],
        [_aggregate(b"\x78", _SPS, _PPS, b"\x65" + _IDR)],
        [_SPS, _PPS, b"\x7c\x85" + _IDR, b"\x7c\x05" + _IDR, b"\x7c\x45" + _IDR],
    ]
)
_VPS_SPS_PPS = bytes.fromhex("40010c01"), bytes.fromhex("42010101"), bytes.fromhex("4401c0f2")
_H265 = _stream(
    [
        [*_VPS_SPS_PPS, b"\x26\x01" + _IDR],
        [b"\x02\x01" + _DELTA],
        [_aggregate(b"\x60\x01", *_VPS_SPS_PPS, b"\x26\x01" + _IDR)],
        [*_VPS_SPS_PPS, b"\x62\x01\x93" + _IDR, b"\x62\x01\x13" + _IDR, b"\x62\x01\x53" + _IDR],
    ]
)


def _jpeg_unit(kind: int, quality: int, more: bytes = b"") -> list[bytes]:
    heads = [struct.pack("!IBBBB", at, kind, quality, 40, 30) for at in (0, 120)]
    return [heads[0] + more + bytes(range(120)), heads[1] + (more[:4] if kind >= 64 else b"") + bytes(range(90))]


_TABLES = struct.pack("!BBH", 0, 0, 128) + bytes(range(1, 129))
_JPEG = _stream(
    [_jpeg_unit(1, 60), _jpeg_unit(0, 255, _TABLES), _jpeg_unit(65, 80, struct.pack("!HH", 4, 0xFFFF))]
)
PACKETS = {"h264": (joined(_H264),), "h265": (joined(_H265),), "jpeg": (joined(_JPEG),)}

_REPORT = struct.pack("!BBHIIIIII", 0x80, 200, 6, 7, 3_990_000_000, 1 << 31, 90_000, 10, 1000)
_NAME = struct.pack("!BBHIBB", 0x81, 202, 2, 7, 1, 1) + b"c\x00"
_BYE = struct.pack("!BBHI", 0x81, 203, 1, 7)
REPORTS = (_REPORT + _NAME, _REPORT + _BYE)


PLAYLISTS = (
    b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:41\n#EXTINF:2.0,\nlive41.ts\n#EXTINF:2.0,\nlive42.ts\n",
    b"#EXTM3U\r\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\nlow.m3u8\r\n#EXT-X-ENDLIST\r\n",
)
_JPEG_FILE = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x04cd" + bytes(60) + b"\xff\xd9"
MULTIPARTS = (
    b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 76\r\n\r\n" + _JPEG_FILE + b"\r\n--frame--\r\n",
    b"--frame--\nContent-Length: -1\n\n" + _JPEG_FILE + b"--frame--\n\n" + _JPEG_FILE + _JPEG_FILE,
)
HTTP_RESPONSES = (
    b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\nContent-Type: multipart/x-mixed-replace;boundary=frame\n\n" + MULTIPARTS[0],
)


def _answer(number: int, *headers: str, status: str = "200 OK", body: bytes = b"") -> bytes:
    lines = [f"RTSP/1.0 {status}", f"CSeq: {number}", *headers]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def _interleaved(packets: Iterable[bytes], channel: int = 0) -> bytes:
    return b"".join(struct.pack("!BBH", 0x24, channel, len(packet)) + packet for packet in packets)


def _conversation(sdp: bytes, packets: list[bytes], transport: str, *challenges: str) -> bytes:
    answers = [_answer(1, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER")]
    if challenges:
        asked = [f"WWW-Authenticate: {challenge}" for challenge in challenges]
        answers.append(_answer(2, *asked, status="401 Unauthorized"))
    first = len(answers) + 1
    base = "Content-Base: rtsp://192.0.2.1/cam/"
    answers += [
        _answer(first, base, "Content-Type: application/sdp", body=sdp),
        _answer(first + 1, "Session: 8A31;timeout=60", f"Transport: {transport}"),
        _answer(first + 2, "Session: 8A31", "RTP-Info: url=trackID=1;seq=1;rtptime=0"),
    ]
    return b"".join(answers) + _interleaved(packets) + _interleaved(REPORTS, 1)


_TCP = "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=00000007"
_MOVED = _answer(1) + _answer(2, "Location: rtsp://192.0.2.2/cam", status="302 Moved")
_REFUSES_TCP = _conversation(DESCRIPTIONS[0], [], _TCP).replace(
    b"RTSP/1.0 200 OK\r\nCSeq: 3", _answer(3, status="461 Unsupported Transport") + b"RTSP/1.0 200 OK\r\nCSeq: 4"
)
_ASKS_TOO = b"OPTIONS rtsp://192.0.2.9/ RTSP/1.0\r\nCSeq: 9\r\n\r\n"
CONVERSATIONS = (
    _conversation(DESCRIPTIONS[0], _H264, _TCP),
    _conversation(DESCRIPTIONS[1], _H265, _TCP, *(text.decode() for text in CHALLENGES)),
    _conversation(DESCRIPTIONS[2], _JPEG, _TCP, CHALLENGES[0].decode()) + _ASKS_TOO + _interleaved(_JPEG),
    _MOVED + _conversation(DESCRIPTIONS[0], _H264, _TCP),
    _REFUSES_TCP,
)

RECURRENCES = [
    b"FREQ=WEEKLY;BYDAY=SU",
    b"RRULE:FREQ=MONTHLY;BYDAY=1MO,-1FR;BYHOUR=1,13;UNTIL=20301231T235959Z",
    b"DTSTART;TZID=Asia/Jakarta:20261129T220000\r\nRRULE:FREQ=DAILY;INTERVAL=2;COUNT=900\r\nEXDATE:20261201T150000Z",
    b"FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=-1;BYSETPOS=-1;WKST=SU\nRDATE;VALUE=DATE:20280101",
    b"FREQ=HOURLY;INTERVAL=5;BYWEEKNO=1,-1;BYYEARDAY=1,-1",
]
"""Recurrence text as calendars export it."""
