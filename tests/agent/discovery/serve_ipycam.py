"""A camera by ipycam: `serve_ipycam.py ADDRESS USER PASSWORD`, in a network of its own."""

import sys
import time

import ipycam  # type: ignore[import-not-found] # it is installed where this is run
import numpy as np


def main() -> None:
    """Serve until killed."""
    config = ipycam.CameraConfig(local_ip=sys.argv[1], username=sys.argv[2], password=sys.argv[3])
    config.manufacturer, config.model, config.firmware_version = "Maker <&>", "Model 7", "1.2.3"
    config.main_fps = config.sub_fps = 2
    camera = ipycam.IPCamera(config)
    if not camera.start():
        sys.exit("it does not start")
    while True:
        camera.stream(np.full((config.main_height, config.main_width, 3), 90, np.uint8))
        time.sleep(0.5)


if __name__ == "__main__":
    main()
