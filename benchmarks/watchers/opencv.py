"""Watches as OpenCV is usually used: `VideoCapture.read()`, one thread per stream."""

import os
import sys
import threading

os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp|threads;1"

import cv2


def read(url: str) -> None:
    """Decode every picture and discard it."""
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    while capture.read()[0]:
        pass


if __name__ == "__main__":
    cv2.setNumThreads(1)
    threads = [threading.Thread(target=read, args=(url,)) for url in sys.argv[1:]]
    for thread in threads:
        thread.start()
