"""The parameter sets of one stream, each replaced by a newer one of the same kind and number, in any order."""

from collections.abc import Iterable

from pantau_agent.rtsp.bits import BitReader

MAX_PARAMETER_SETS = 16
"""Most parameter sets that are kept of one stream."""
MAX_PARAMETER_SET = 4096
"""Largest parameter set that is kept, in bytes."""
MAX_ID_BYTES = 64
"""Bytes of a parameter set within which its number stands: H.265's longest profile_tier_level has 96."""

_H264_SPS, _H264_PPS = {7, 15}, 8
_H265_VPS, _H265_SPS, _H265_PPS = 32, 33, 34


class ParameterSets:
    """Parameter sets by kind and number. `codec` is h264 or h265.

    Cameras send them in any order, and some give each a timestamp of its own, so that nothing but the number says
    which one is replaced.
    """

    def __init__(self, codec: str, initial: Iterable[tuple[int, bytes]] = ()) -> None:
        self._codec = codec
        self._sets: dict[tuple[int, int], bytes] = {}
        for kind, nal in initial:
            self.add(kind, nal)

    def add(self, kind: int, nal: bytes) -> None:
        """Keep a parameter set of that NAL unit type, in place of the one with the same number."""
        if len(nal) > MAX_PARAMETER_SET or nal in self._sets.values():
            return
        self._sets.pop(key := (kind, _number(self._codec, kind, nal)), None)
        self._sets[key] = nal
        if len(self._sets) > MAX_PARAMETER_SETS:
            self._sets.pop(next(iter(self._sets)))

    def in_order(self) -> list[bytes]:
        """Return them in the order in which a decoder needs them: each behind those that it refers to."""
        return [self._sets[key] for key in sorted(self._sets, key=lambda key: key[0])]


def _number(codec: str, kind: int, nal: bytes) -> int:
    """Return a parameter set's number, or 0 if it cannot be read."""
    try:
        if codec == "h264":
            return _h264_number(kind, nal)
        return _h265_number(kind, BitReader(nal[2 : 2 + 2 * MAX_ID_BYTES]))
    except ValueError:
        return 0


def _h264_number(kind: int, nal: bytes) -> int:
    if kind in _H264_SPS:
        return BitReader(nal[4 : 4 + MAX_ID_BYTES]).read_ue()  # behind the profile, the constraints and the level
    return BitReader(nal[1 : 1 + MAX_ID_BYTES]).read_ue() if kind == _H264_PPS else 0


def _h265_number(kind: int, bits: BitReader) -> int:
    """Return the number of a VPS, SPS or PPS (H.265, 7.3.2.1 to 7.3.2.3)."""
    if kind == _H265_VPS:
        return bits.read(4)
    if kind == _H265_PPS:
        return bits.read_ue()
    bits.read(4)
    sub_layers = bits.read(3)
    bits.read(1 + 96)
    present = [(bits.read(1), bits.read(1)) for _ in range(8 if sub_layers else 0)]
    for profile, level in present[:sub_layers]:
        bits.read(88 * profile + 8 * level)
    return bits.read_ue()
