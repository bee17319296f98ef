"""The RTP packets of an odd camera's stream (RFC 3550), in the format of its codec (RFC 6184, 7798, 2435)."""

import struct

from fuzzing.odd_camera import PICTURES, OddCamera
from fuzzing.odd_footage import QUALITY, is_key, is_set, jpegs, units
from pantau_simcam.footage.jpeg import payloads_jpeg
from tests.agent.rtsp.footage import FPS

RTP, RTCP = 0, 1
"""What a packet is."""
PAYLOAD_TYPES = {"h264": 96, "h265": 96, "mjpeg": 26}
"""The payload type of each codec; JPEG's is static."""

Packet = tuple[int, bytes]
"""RTP or RTCP, and its bytes."""

_SSRC, _MTU = 0x1234ABCD, 300
_START_CODE = b"\x00\x00\x00\x01"


def pictures(camera: OddCamera) -> list[list[Packet]]:
    """Return the packets of each picture of the stream."""
    sender = _Sender(camera)
    sent = [sender.picture(number) for number in range(PICTURES)]
    return _swapped(sent) if camera.has("order", "pairs swapped") else sent


def goodbye() -> bytes:
    """Return the control packet that ends a stream (RFC 3550, 6.6)."""
    return struct.pack("!BBHI", 0x81, 203, 1, _SSRC)


class _Sender:
    """Packetises the pictures of one camera."""

    def __init__(self, camera: OddCamera) -> None:
        self._camera = camera
        self._has = camera.has
        self._ssrc = _SSRC
        self._sequence = 65_500 if camera.has("sequence", "wraps around") else 1000
        self._previous: Packet | None = None

    def picture(self, number: int) -> list[Packet]:
        has = self._has
        if has("content", "no packets"):
            return []
        if has("content", "control data only"):
            report = struct.pack("!BBHIIIIII", 0x80, 200, 6, _SSRC, 0x83AA7E80 + number, 0, 0, 0, 0)
            return [(RTCP, report)] if number % FPS == 0 else []
        if has("sequence", "starts again") and number == PICTURES // 2:
            self._sequence = 30_000
        if has("sender", "changes its SSRC") and number == PICTURES // 2:
            self._ssrc, self._sequence = 0x77777777, 5
        if has("sender", "has an SSRC for each picture"):
            self._ssrc = number
        if has("sequence", "begins anew in each picture"):
            self._sequence = 0
        timestamp = self._timestamp(number)
        if self._camera.codec == "mjpeg":
            sent = self._packets([(payload, True) for payload in self._jpeg(number)], timestamp)
        else:
            sent = self._of_units(self._units(number), timestamp)
        if has("foreign packets", "of another payload type"):
            sent.append((RTP, struct.pack("!BBHII", 0x80, 107, number, number * 3600, 77) + bytes(20)))
        if has("loss", "ten packets each 2 s") and number % (2 * FPS) == FPS // 2:
            return sent[10:]
        return sent

    def _of_units(self, found: list[bytes], timestamp: int) -> list[Packet]:
        codec = self._camera.codec
        if self._has("content", "no keyframes") and any(is_key(codec, unit) for unit in found):
            return []
        sets = [unit for unit in found if is_set(codec, unit)]
        before: list[Packet] = []
        if self._has("parameter sets", "with a timestamp of their own") and sets:
            before = self._packets([(payload, False) for payload in self._payloads(sets)], timestamp - 1000)
            found = [unit for unit in found if unit not in sets]
        payloads = self._payloads(found)
        return before + self._packets([(payload, True) for payload in payloads], timestamp)

    def _units(self, number: int) -> list[bytes]:
        codec = self._camera.codec
        found = list(units(codec, number))
        sets = [unit for unit in found if is_set(codec, unit)]
        others = [unit for unit in found if unit not in sets]
        if self._has("content", "noise"):
            head = 1 if codec == "h264" else 2
            others = [unit[:head] + _noise(number, len(unit) - head) for unit in others]
        if self._has("parameter sets", "described only") or self._has("parameter sets", "missing"):
            return others
        return (sets[::-1] if self._has("parameter sets", "PPS first") else sets) + others

    def _jpeg(self, number: int) -> list[bytes]:
        """Return a picture's payloads (RFC 2435, 3.1)."""
        jpeg = jpegs()[number % len(jpegs())]
        payloads = payloads_jpeg(jpeg)
        first = payloads[0]
        tables, data = first[12:140], b"".join((first[140:], *(payload[8:] for payload in payloads[1:])))
        if self._has("content", "noise"):
            data = _noise(number, len(data))
        size = 150 if self._has("fragments", "small") else 1000
        in_band = bool(self._camera.how("tables"))
        # A number from 128 to 254 stands for tables that are sent once, and 255 for tables in each picture.
        quality = {"in each picture": 255, "in the first picture": 200}.get(self._camera.how("tables"), QUALITY)
        found = []
        for at in range(0, len(data), size):
            head = struct.pack("!I", at) + first[4:5] + bytes((quality,)) + first[6:8]
            if in_band and at == 0:
                sent = tables if quality == 255 or number == 0 else b""
                head += struct.pack("!BBH", 0, 0, len(sent)) + sent
            found.append(head + data[at : at + size])
        return found

    def _timestamp(self, number: int) -> int:
        if self._has("timestamps", "constant"):
            return 5000
        if self._has("timestamps", "in milliseconds"):
            return 5000 + number * 1000 // FPS
        jump = 5 * 90_000 if self._has("timestamps", "jump of 5 s") and number > PICTURES // 2 else 0
        first = (1 << 32) - 90_000 if self._has("timestamps", "wrap around") else 5000
        return first + jump + number * 90_000 // FPS

    def _payloads(self, found: list[bytes]) -> list[bytes]:
        """Return the payloads of NAL units."""
        payloads: list[bytes] = []
        if self._camera.how("framing").startswith("start codes"):
            found = [_START_CODE.join(found)]
        small = [unit for unit in found if len(unit) < _MTU // 2]
        if self._has("framing", "aggregated") and len(small) > 1 and found[: len(small)] == small:
            header = b"\x78" if self._camera.codec == "h264" else b"\x60\x01"
            payloads.append(header + b"".join(struct.pack("!H", len(unit)) + unit for unit in small))
            found = found[len(small) :]
        for unit in found:
            whole = self._has("framing", "start codes in one unit")
            payloads += [unit] if whole else self._fragments(unit)
        return payloads

    def _fragments(self, unit: bytes) -> list[bytes]:
        """Return the unit as it is, or as packets of a part each (RFC 6184, 5.8; RFC 7798, 4.4.3)."""
        if len(unit) <= _MTU:
            return [unit]
        if self._camera.codec == "h264":
            kind, head, body = unit[0] & 31, bytes((unit[0] & 0xE0 | 28,)), unit[1:]
        else:
            kind, head, body = unit[0] >> 1 & 63, bytes((unit[0] & 0x81 | 49 << 1, unit[1])), unit[2:]
        pieces = [body[at : at + _MTU] for at in range(0, len(body), _MTU)]
        later = 1 if self._has("fragments", "later ones of another type") else kind
        return [
            head + bytes(((0x80 | kind if at == 0 else later) | (at == len(pieces) - 1) << 6,)) + piece
            for at, piece in enumerate(pieces)
        ]

    def _packets(self, payloads: list[tuple[bytes, bool]], timestamp: int) -> list[Packet]:
        """Return the packets of payloads, each with whether it may have the marker of a picture's last packet."""
        found: list[Packet] = []
        for at, (payload, may_end) in enumerate(payloads):
            marked = may_end and (at == len(payloads) - 1 or self._has("markers", "on each packet"))
            found += self._packet(payload, timestamp, marked=marked and not self._has("markers", "none"))
        return found

    def _packet(self, payload: bytes, timestamp: int, *, marked: bool) -> list[Packet]:
        first, extra = 0x80, b""
        if self._has("header", "extension"):
            first, extra = 0x90, struct.pack("!HHI", 0xABAC, 1, 0)
        elif self._has("header", "sources"):
            first, extra = 0x82, bytes(8)
        elif self._has("header", "padding"):
            first, payload = 0xA0, payload + b"\x00\x00\x00\x04"
        elif self._has("header", "version 0"):
            first = 0
        second = PAYLOAD_TYPES[self._camera.codec] | marked << 7
        header = struct.pack("!BBHII", first, second, self._number(), timestamp & 0xFFFFFFFF, self._ssrc)
        packet = RTP, header + extra + payload
        repeats = self._has("sequence", "repeated packets") and self._sequence % 7 == 0
        sent = [self._previous] if repeats and self._previous is not None else []
        lost = self._has("loss", "each 40th packet") and self._sequence % 40 == 0
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._previous = packet
        return sent if lost else [*sent, packet]

    def _number(self) -> int:
        """Return the next packet's sequence number as it is sent."""
        if self._has("sequence", "always 0"):
            return 0
        if self._has("sequence", "bytes swapped"):
            return self._sequence >> 8 | (self._sequence & 0xFF) << 8
        return self._sequence


def _noise(number: int, size: int) -> bytes:
    return bytes(at * 89 + number & 0xFF for at in range(size))


def _swapped(sent: list[list[Packet]]) -> list[list[Packet]]:
    """Return the packets with each tenth one in the place of its successor within the picture."""
    at = 0
    for packets in sent:
        for position in range(len(packets) - 1):
            at += 1
            if at % 10 == 0:
                packets[position], packets[position + 1] = packets[position + 1], packets[position]
    return sent
