"""Writes the session description (RFC 8866): the video with its codec's parameters, and any audio."""

import base64

from pantau_simcam.footage.footage import Footage
from pantau_simcam.footage.take import Codec

VIDEO, AUDIO = TRACKS = "trackID=1", "trackID=2"
"""The names of the tracks in URLs: video, then audio."""
PAYLOAD_TYPE = {Codec.H264: 96, Codec.H265: 96, Codec.MJPEG: 26}


def describe(footage: Footage, name: str, *, audio: bool) -> bytes:
    """Return the response body of DESCRIBE; audio comes first, to reveal clients that take the first track."""
    take = footage.take
    kind = PAYLOAD_TYPE[take.codec]
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        *(["m=audio 0 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", f"a=control:{AUDIO}"] if audio else []),
        f"m=video 0 RTP/AVP {kind}",
        f"b=AS:{footage.kbps:.0f}",
        *_format(footage, kind),
        f"a=framerate:{take.fps:g}",
        f"a=control:{VIDEO}",
        "",
    ]
    return "\r\n".join(lines).encode()


def _format(footage: Footage, kind: int) -> list[str]:
    sets = [base64.b64encode(unit).decode() for unit in footage.parameter_sets]
    match footage.take.codec:
        case Codec.H264:
            profile = footage.parameter_sets[0][1:4].hex().upper()
            parameters = f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={','.join(sets)}"
            return [f"a=rtpmap:{kind} H264/90000", f"a=fmtp:{kind} {parameters}"]
        case Codec.H265:
            vps, sps, pps = sets
            parameters = f"sprop-vps={vps};sprop-sps={sps};sprop-pps={pps}"
            return [f"a=rtpmap:{kind} H265/90000", f"a=fmtp:{kind} {parameters}"]
        case Codec.MJPEG:
            return [f"a=rtpmap:{kind} JPEG/90000"]
