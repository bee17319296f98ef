import pytest

from pantau_agent.rtsp.nal_codec import codec_of


@pytest.mark.parametrize(
    ("payload", "codec"),
    [
        (b"\x67\x64\x00\x1f", "h264"),
        (b"\x27\x42\x00\x1f", "h264"),
        (b"\x78\x00\x0a\x67\x4d\x00\x1f", "h264"),  # STAP-A
        (b"\x40\x01\x0c\x01", "h265"),
        (b"\x42\x01\x01\x01", "h265"),
        (b"\x60\x01\x00\x18\x40\x01\x0c\x01", "h265"),  # AP
        (b"\x67\x01\x00\x1f", ""),  # no profile of H.264
        (b"\x41\x9a\x00\x00", ""),
        (b"\x02\x01\xd0\x00", ""),
        (b"\x68", ""),
        (b"", ""),
    ],
)
def test_parameter_sets_tell_their_codec(payload: bytes, codec: str) -> None:
    assert codec_of(b"head" + payload, 4, 4 + len(payload)) == codec
