"""A camera by rtsp-rs, which speaks UDP only: `push_udp.py PORT FILE`. Once a line comes in it sends no more.

FILE holds one Annex-B access unit after another, each with its length before it in four octets.
"""

import itertools
import select
import sys
import time
from pathlib import Path

import rtsp  # type: ignore[import-not-found] # it is installed where this is run

FPS = 25


def main() -> None:
    """Serves and sends until told not to; then only serves."""
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
