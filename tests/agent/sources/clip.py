"""Some seconds of H.264 in a file, for servers that need one."""

from fractions import Fraction
from pathlib import Path

import av

from tests.agent.rtsp.footage import FPS, SIZE, encoded


def write_clip(path: Path) -> Path:
    """Write the clip; the name's suffix chooses the container."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height = SIZE
        for number, unit in enumerate(encoded()):
            packet = av.Packet(unit)
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            packet.is_keyframe = number % FPS == 0
            container.mux(packet)
    return path
