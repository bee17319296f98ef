"""Cameras by GStreamer's RTSP server, an implementation independent of simcam."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests.servers.process import Server, free_port, is_listening
from tests.servers.programs import fail_or_skip, require_program

_PYTHON = "/usr/bin/python3"
_IMPORTS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@cache
def _installed() -> bool:
    require_program(_PYTHON)
    return subprocess.run([_PYTHON, "-c", _IMPORTS], capture_output=True, check=False).returncode == 0


class GstCameras(Server):
    """A server with the mounts `/h264`, `/h265`, `/mjpeg`, `/udp` (no TCP) and `/audio` (audio before the video).

    With `authentication` digest or basic, it requires `user` and `password`.
    """

    width, height, fps = 640, 360, 15
    user, password = "operator", "p@ss:w#rd%1"

    def __init__(self, folder: Path, *, authentication: str | None = None) -> None:
        if not _installed():
            fail_or_skip("GStreamer's RTSP server is not installed (on Debian: sudo make servers)")
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        command = [_PYTHON, str(Path(__file__).with_name("gst_server.py")), str(self.port)]
        command += [str(self.width), str(self.height), str(self.fps)]
        if authentication:
            command += [authentication, self.user, self.password]
        super().__init__(command, ready=lambda: is_listening(self.port), log=folder / "gst.log")

    def url(self, mount: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{mount}"


@pytest.fixture(scope="session")
def gst_cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GstCameras]:
    """Yield cameras without a login, shared by all tests; a test must not stop them."""
    with GstCameras(tmp_path_factory.mktemp("gst")) as cameras:
        assert isinstance(cameras, GstCameras)
        yield cameras


@pytest.fixture
def start_gst_cameras(tmp_path: Path) -> Iterator[Callable[..., GstCameras]]:
    """Yield a function that starts cameras for this test alone, which it may stop."""
    with ExitStack() as stack:

        def start(*, authentication: str | None = None) -> GstCameras:
            cameras = GstCameras(tmp_path / f"gst_{authentication}", authentication=authentication)
            stack.callback(cameras.stop)
            cameras.start()
            return cameras

        yield start
