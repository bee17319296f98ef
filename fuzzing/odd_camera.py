"""Ten seconds of a camera that is odd in several ways at once, as its description and its bytes."""

import base64
import struct
from dataclasses import dataclass

from tests.agent.rtsp.footage import FPS, access_units

SECONDS = 10
"""Length of the stream."""
PICTURES = SECONDS * FPS
"""Number of pictures in the stream."""

ODDITIES: dict[str, tuple[str, ...]] = {
    "parameter sets": ("described only", "sent only", "PPS first", "with a timestamp of their own", "missing"),
    "framing": ("aggregated", "start codes in one unit", "start codes in fragments"),
    "fragments": ("later ones of another type",),
    "markers": ("none", "on each unit"),
    "timestamps": ("constant", "in milliseconds", "jump of 5 s", "wrap around"),
    "foreign packets": ("of another payload type",),
    "between packets": ("line breaks", "stray bytes"),
    "header": ("extension", "padding", "sources"),
    "sequence": ("starts again", "repeated packets", "wraps around"),
    "content": ("no keyframes", "noise", "no packets", "control data only"),
}
"""What a camera may be odd in, and how."""

_PAYLOAD_TYPE, _SSRC, _MTU = 96, 0x1234ABCD, 300


@dataclass(frozen=True, slots=True)
class OddCamera:
    """A camera, by its oddities: of each key of `ODDITIES` at most one."""

    oddities: tuple[tuple[str, str], ...] = ()

    def has(self, what: str, how: str) -> bool:
        """Return whether the camera has this oddity."""
        return (what, how) in self.oddities

    def description(self) -> bytes:
        """Return the SDP."""
        sent_only = self.has("parameter sets", "sent only") or self.has("parameter sets", "missing")
        sets = ",".join(base64.b64encode(unit).decode() for unit in _parameter_sets())
        fmtp = "packetization-mode=1" + ("" if sent_only else f";sprop-parameter-sets={sets}")
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 0.0.0.0", "t=0 0", "m=video 0 RTP/AVP 96"]
        lines += ["a=rtpmap:96 H264/90000", f"a=fmtp:96 {fmtp}", "a=control:track1"]
        return "".join(f"{line}\r\n" for line in lines).encode()

    def pictures(self) -> list[bytes]:
        """Return what is sent for each picture, framed for channels 0 and 1."""
        sender = _Sender(self)
        return [sender.picture(number) for number in range(PICTURES)]


class _Sender:
    """Packetises the pictures of one camera."""

    def __init__(self, camera: OddCamera) -> None:
        self._has = camera.has
        self._sequence = 65_500 if camera.has("sequence", "wraps around") else 1000
        self._previous = b""

    def picture(self, number: int) -> bytes:
        has = self._has
        if has("content", "no packets"):
            return b""
        if has("content", "control data only"):
            report = struct.pack("!BBHIIIIII", 0x80, 200, 6, _SSRC, 0x83AA7E80 + number, 0, 0, 0, 0)
            return struct.pack("!BBH", 0x24, 1, len(report)) + report if number % FPS == 0 else b""
        if has("sequence", "starts again") and number == PICTURES // 2:
            self._sequence = 30_000
        units = self._units(number)
        if has("content", "no keyframes") and any(unit[0] & 31 == 5 for unit in units):
            return b""
        if has("content", "noise"):
            units = [bytes((unit[0], *(at * 89 + number & 0xFF for at in range(len(unit) - 1)))) for unit in units]
        timestamp = self._timestamp(number)
        sets = [unit for unit in units if unit[0] & 31 in {7, 8}]
        sent = b""
        if has("parameter sets", "with a timestamp of their own") and sets:
            sent += self._packets(sets, timestamp - 1000, marked=False)
            units = [unit for unit in units if unit not in sets]
        sent += self._packets(units, timestamp, marked=True)
        if has("foreign packets", "of another payload type"):
            foreign = struct.pack("!BBHII", 0x80, 107, number, number * 3600, 77) + bytes(20)
            sent += struct.pack("!BBH", 0x24, 0, len(foreign)) + foreign
        if has("between packets", "line breaks"):
            sent += b"\r\n"
        if has("between packets", "stray bytes") and number % FPS == 3:
            sent += b"\x00\x01\x02"
        return sent

    def _units(self, number: int) -> list[bytes]:
        units = list(access_units()[number % len(access_units())])
        sets = [unit for unit in units if unit[0] & 31 in {7, 8}]
        others = [unit for unit in units if unit not in sets]
        if self._has("parameter sets", "described only") or self._has("parameter sets", "missing"):
            return others
        return (sets[::-1] if self._has("parameter sets", "PPS first") else sets) + others

    def _timestamp(self, number: int) -> int:
        if self._has("timestamps", "constant"):
            return 5000
        if self._has("timestamps", "in milliseconds"):
            return 5000 + number * 1000 // FPS
        jump = 5 * 90_000 if self._has("timestamps", "jump of 5 s") and number > PICTURES // 2 else 0
        first = (1 << 32) - 90_000 if self._has("timestamps", "wrap around") else 5000
        return first + jump + number * 90_000 // FPS

    def _packets(self, units: list[bytes], timestamp: int, *, marked: bool) -> bytes:
        payloads: list[tuple[bytes, bool]] = []
        if self._has("framing", "start codes in one unit") or self._has("framing", "start codes in fragments"):
            units = [b"\x00\x00\x00\x01".join(units)]
        small = [unit for unit in units if len(unit) < _MTU // 2]
        if self._has("framing", "aggregated") and len(small) > 1 and units[: len(small)] == small:
            joined = b"".join(struct.pack("!H", len(unit)) + unit for unit in small)
            payloads.append((b"\x78" + joined, True))
            units = units[len(small) :]
        for unit in units:
            whole = self._has("framing", "start codes in one unit")
            pieces = [unit] if whole else self._fragments(unit)
            payloads += [(piece, piece is pieces[-1]) for piece in pieces]
        last = len(payloads) - 1
        return b"".join(
            self._packet(payload, timestamp, marked=self._is_marked(ends=ends, last=at == last) and marked)
            for at, (payload, ends) in enumerate(payloads)
        )

    def _is_marked(self, *, ends: bool, last: bool) -> bool:
        if self._has("markers", "none"):
            return False
        return ends if self._has("markers", "on each unit") else last

    def _fragments(self, unit: bytes) -> list[bytes]:
        """Return the unit as it is, or as FU-A packets (RFC 6184, 5.8)."""
        if len(unit) <= _MTU:
            return [unit]
        kind, body = unit[0] & 31, unit[1:]
        pieces = [body[at : at + _MTU] for at in range(0, len(body), _MTU)]
        later = 1 if self._has("fragments", "later ones of another type") else kind
        return [
            bytes((unit[0] & 0xE0 | 28, (0x80 | kind if at == 0 else later) | (at == len(pieces) - 1) << 6))
            + piece
            for at, piece in enumerate(pieces)
        ]

    def _packet(self, payload: bytes, timestamp: int, *, marked: bool) -> bytes:
        first, extra = 0x80, b""
        if self._has("header", "extension"):
            first, extra = 0x90, struct.pack("!HHI", 0xABAC, 1, 0)
        elif self._has("header", "sources"):
            first, extra = 0x82, bytes(8)
        elif self._has("header", "padding"):
            first, payload = 0xA0, payload + b"\x00\x00\x00\x04"
        second = _PAYLOAD_TYPE | marked << 7
        header = struct.pack("!BBHII", first, second, self._sequence, timestamp & 0xFFFFFFFF, _SSRC)
        packet = header + extra + payload
        framed = struct.pack("!BBH", 0x24, 0, len(packet)) + packet
        repeated = self._previous if self._has("sequence", "repeated packets") and self._sequence % 7 == 0 else b""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._previous = framed
        return repeated + framed


def _parameter_sets() -> list[bytes]:
    return [unit for unit in access_units()[0] if unit[0] & 31 in {7, 8}]


def respond(camera: OddCamera, request: bytes) -> bytes:
    """Return the camera's response to an RTSP request."""
    head = request.decode().split("\r\n")
    method, uri, _ = head[0].split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    lines, body = ["RTSP/1.0 200 OK", f"CSeq: {fields['cseq']}"], b""
    if method == "OPTIONS":
        lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
    elif method == "DESCRIBE":
        body = camera.description()
        lines += [f"Content-Base: {uri}/", "Content-Type: application/sdp", f"Content-Length: {len(body)}"]
    elif method == "SETUP":
        lines += ["Session: 4711", f"Transport: {fields['transport']}"]
    else:
        lines.append("Session: 4711")
    return "\r\n".join([*lines, "", ""]).encode() + body
