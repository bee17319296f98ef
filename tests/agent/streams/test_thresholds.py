"""Values that documents, RFCs and operators rely on, stated again, so that nobody changes them unnoticed."""

import pytest

from pantau_agent.ffmpeg import playback_pace, reader
from pantau_agent.http import client as http_client
from pantau_agent.http import multipart, playlist, rtsp_tunnel
from pantau_agent.identity import identify, identities
from pantau_agent.onvif import document, login, search
from pantau_agent.rtsp import (
    access_unit,
    client,
    keep_alive,
    low_water_mark,
    messages,
    receiver_report,
    reorder,
    rtp,
    sdp,
)
from pantau_agent.sources import hls_source
from pantau_agent.streams import authentication, budget, headers, keyframe, tcp, url

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (authentication.MAX_PROOFS, 2),
        (headers.MAX_LINE, 8192),
        (headers.MAX_HEADERS, 100),
        (keyframe.MAX_KEYFRAME_BYTES, 8 * MIB),
        (budget.MAX_OCTETS, 16 * MIB),
        (budget.MAX_PIECES, 20_000),
        (budget.MAX_CPU, 0.2),
        (budget.IN_ADVANCE_S, 2.0),
        (budget.PATIENCE_S, 5.0),
        (playlist.MAX_LINES, 20_000),
        (tcp.MAX_ADDRESSES, 4),
        (
            url.DEFAULT_PORTS,
            {"rtsp": 554, "rtsps": 322, "rtsp+http": 80, "rtsps+http": 443}
            | {"http": 80, "https": 443, "rtmp": 1935, "rtmps": 443},
        ),
        (rtsp_tunnel.POST_BYTES, 32_767),
        (multipart.MAX_BETWEEN, 65_536),
        (multipart.MAX_TRAILER, 1024),
        (http_client.MAX_COOKIES, 20),
        (http_client.MAX_COOKIE, 1024),
        (client.MAX_REDIRECTS, 3),
        (client.DEFAULT_SESSION_TIMEOUT_S, 60.0),  # RFC 2326, section 12.37
        (keep_alive.TIMEOUT_SHARE, 0.4),
        (low_water_mark.EVERY_S, 20.0),
        (messages.MAX_BODY, 262_144),
        (rtp.MAX_DROPOUT, 3000),  # RFC 3550, appendix A.1
        (rtp.MAX_MISORDER, 100),  # RFC 3550, appendix A.1
        (receiver_report.INTERVAL_S, 5.0),  # RFC 3550, section 6.2
        (reorder.HOLD_S, 0.1),
        (sdp.MAX_TRACKS, 64),
        (access_unit.MAX_DAMAGED_SKIPPED, 3),
        (http_client.MAX_REDIRECTS, 3),
        (multipart.MAX_PART, 8 * MIB),
        (playlist.MAX_PLAYLIST, MIB),
        (hls_source.STALL_TARGETS, 2.5),
        (playback_pace.JUMP_S, 10.0),
        (reader.MEMORY, 256 * MIB),
        (document.MAX_DOCUMENT, MIB),
        (login.TIMEOUT_S, 5.0),
        (search.PORT, 3702),
        (identities.AGAIN_S, 24 * 3600),
        (identify.WEB_PORTS, {"http": 80, "https": 443}),
    ],
)
def test_a_threshold_is_what_it_is_documented_to_be(value: object, expected: object) -> None:
    assert value == expected
