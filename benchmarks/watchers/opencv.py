"""OpenCV's usual way: `VideoCapture.read()`, a thread a stream."""

import os
import sys
import threading

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp|threads;1"

import cv2


def read(url: str) -> None:
    """Decodes every picture and drops it."""
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    while capture.read()[0]:
        pass


if __name__ == "__main__":
    cv2.setNumThreads(1)
    threads = [threading.Thread(target=read, args=(url,)) for url in sys.argv[1:]]
    for thread in threads:
        thread.start()
