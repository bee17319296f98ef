"""Watches with PyAV's demuxer: packets only, one thread per stream."""

import sys
import threading

import av


def read(url: str) -> None:
    """Read every packet and discard it."""
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=30) as container:
        for _ in container.demux(video=0):
            pass


if __name__ == "__main__":
    threads = [threading.Thread(target=read, args=(url,)) for url in sys.argv[1:]]
    for thread in threads:
        thread.start()
