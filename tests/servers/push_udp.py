"""Run a camera by rtsp-rs, which serves UDP only: `push_udp.py PORT FILE`. A line on stdin stops its packets.

FILE holds Annex B access units, each preceded by its length in four bytes.
"""

import itertools
import select
import sys
import time
from pathlib import Path

import rtsp  # type: ignore[import-not-found] # installed only in the environment that runs this

FPS = 25


def main() -> None:
    """Serve and send until a line arrives on stdin; then serve without sending until the next line."""
    data, units = Path(sys.argv[2]).read_bytes(), []
    while data:
        length = int.from_bytes(data[:4])
        units.append(data[4 : 4 + length])
        data = data[4 + length :]
    server = rtsp.Server(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    for unit in itertools.cycle(units):
        server.send_frame(unit, 90_000 // FPS)
        time.sleep(1 / FPS)
        if select.select([sys.stdin], [], [], 0)[0]:
            break
    sys.stdin.readline()
    sys.stdin.readline()


if __name__ == "__main__":
    main()
