"""GStreamer's RTSP server as cameras that nobody here wrote."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests.servers.process import Server, answers, free_port
from tests.servers.programs import absent, need

_PYTHON = "/usr/bin/python3"
_PARTS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@cache
def _installed() -> bool:
    need(_PYTHON)
    return subprocess.run([_PYTHON, "-c", _PARTS], capture_output=True, check=False).returncode == 0


class GstCameras(Server):
    """Mounts `/h264`, `/h265`, `/mjpeg`, `/udp` without TCP, `/audio` with audio before the video.

    With `authentication` digest or basic it asks for the user and password.
    """

    width, height, fps = 640, 360, 15
    user, password = "operator", "p@ss:w#rd%1"

    def __init__(self, folder: Path, *, authentication: str | None = None) -> None:
        if not _installed():
            absent("GStreamer's RTSP server is not installed (on Debian: sudo make servers)")
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        command = [_PYTHON, str(Path(__file__).with_name("gst_server.py")), str(self.port)]
        command += [str(self.width), str(self.height), str(self.fps)]
        if authentication:
            command += [authentication, self.user, self.password]
        super().__init__(command, ready=lambda: answers(self.port), log=folder / "gst.log")

    def url(self, mount: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{mount}"


@pytest.fixture(scope="session")
def gst_cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GstCameras]:
    """Open cameras, for all tests that leave them running: `.url("h264" | "h265" | "mjpeg")`."""
    with GstCameras(tmp_path_factory.mktemp("gst")) as cameras:
        assert isinstance(cameras, GstCameras)
        yield cameras


@pytest.fixture
def start_gst_cameras(tmp_path: Path) -> Iterator[Callable[..., GstCameras]]:
    """Starts cameras of this test's own: `start_gst_cameras(authentication="digest")`; they may be stopped."""
    with ExitStack() as stack:

        def start(*, authentication: str | None = None) -> GstCameras:
            cameras = GstCameras(tmp_path / f"gst_{authentication}", authentication=authentication)
            stack.callback(cameras.stop)
            cameras.start()
            return cameras

        yield start
