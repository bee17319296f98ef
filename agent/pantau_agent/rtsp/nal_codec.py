"""Tells H.264 from H.265 by their parameter sets: some cameras announce one and send the other."""

_H264_PROFILES = frozenset({66, 77, 88, 100, 110, 118, 122, 128, 244})
"""The values of profile_idc in H.264's annexes A and H."""
_H264_SPS, _H264_STAP_A = 7, 24
_H265_SETS = frozenset({b"\x40\x01", b"\x42\x01", b"\x44\x01"})
"""The headers of H.265's VPS, SPS and PPS (H.265, 7.3.1.2). To H.264 they are units that no camera sends."""
_H265_AP = b"\x60\x01"


def codec_of(buffer: bytes, start: int, end: int) -> str:
    """Return h264 or h265 if a packet's payload begins with a parameter set of it; empty if it does not tell."""
    head = buffer[start : min(end, start + 8)]
    if head[:2] == _H265_AP:
        head = head[4:]  # behind the size of the first unit (RFC 7798, 4.4.2)
    elif head[:1] and head[0] & 0x9F == _H264_STAP_A:
        head = head[3:]  # RFC 6184, 5.7.1
    if head[:2] in _H265_SETS:
        return "h265"
    # To H.265 it is a unit of a layer above the 31st.
    is_sps = len(head) > 1 and head[0] & 0x9F == _H264_SPS and head[1] in _H264_PROFILES
    return "h264" if is_sps else ""
