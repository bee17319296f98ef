"""PyAV's demuxer: packets only, a thread a stream."""

import sys
import threading

import av


def read(url: str) -> None:
    """Takes every packet and drops it."""
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=30) as container:
        for _ in container.demux(video=0):
            pass


if __name__ == "__main__":
    threads = [threading.Thread(target=read, args=(url,)) for url in sys.argv[1:]]
    for thread in threads:
        thread.start()
