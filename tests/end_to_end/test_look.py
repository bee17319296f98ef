"""Look now, with every program real: what an operator asks for reaches a camera, and its picture comes back."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from pantau_simcam import Fault
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port, is_listening, until


class Camera:
    """A simulated camera, whose fault is set over its control interface."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        listing = json.loads(process.stdout.readline())
        ((self._name, self.url),) = listing["cameras"].items()
        self._control = listing["control"]

    def set(self, fault: Fault) -> None:
        url = f"{self._control}/cameras/{self._name}/fault"
        body = json.dumps({"fault": fault.value}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="PUT")
        with urllib.request.urlopen(request, timeout=60):
            pass


@pytest.fixture
def camera() -> Iterator[Camera]:
    command = [sys.executable, "-m", "pantau_simcam", "--json", "--control-port", "0", "--cameras", "1"]
    with subprocess.Popen(
        [*command, "--fps", "5", "--bitrate", "150"], stdout=subprocess.PIPE, text=True
    ) as process:
        yield Camera(process)
        process.terminate()


class Desk:
    """A program of an operator at the collector: it opens pages and sends their forms."""

    def __init__(self, root: str, token: str) -> None:
        self._root = root
        self._headers = {"Authorization": f"Bearer {token}"}

    def open(self, path: str, form: dict[str, str] | None = None) -> tuple[str, bytes]:
        """Return the address at which a page or form ended, and what is there."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        address = urllib.parse.urljoin(self._root, path)
        with urllib.request.urlopen(urllib.request.Request(address, data, self._headers), timeout=60) as response:
            return response.url, response.read()

    def text(self, path: str) -> str:
        return self.open(path)[1].decode()

    def press(self, action: str) -> str:
        """Send a form; return the address that it leads to."""
        return self.open(f"{action}?lang=en", {"once": ""})[0]


def operator(config: Path) -> str:
    """Return a token by which an operator's program asks."""
    command = [sys.executable, "-m", "pantau_collector", "token", "add", "desk", "--role", "operator"]
    made = subprocess.run(
        [*command, "--config", str(config), "--json"], check=True, capture_output=True, text=True
    )
    return str(json.loads(made.stdout)["token"])


def test_an_operator_looks_now_and_accepts_a_new_view(
    tmp_path: Path, mosquitto: Mosquitto, camera: Camera
) -> None:
    wall = free_port()
    (tmp_path / "collector.toml").write_text(
        tomli_w.dumps(
            {"data_dir": str(tmp_path / "data"), "broker": {"port": mosquitto.port}, "web": {"port": wall}}
        )
    )
    (tmp_path / "agent.toml").write_text(
        tomli_w.dumps(
            {
                "site": {"id": "kabil"},
                "broker": {"host": "127.0.0.1", "port": mosquitto.port},
                "report": {"interval_s": 600, "snapshot_interval_s": 3600},
                "spool": {"path": str(tmp_path / "spool.sqlite")},
                "camera": [{"id": "gate", "url": camera.url, "picture_interval_s": 3600, "timeout_s": 5}],
            }
        )
    )

    def program(name: str, **ready: object) -> Server:
        command = [sys.executable, "-m", f"pantau_{name}", "run", "--config", str(tmp_path / f"{name}.toml")]
        return Server(command, log=tmp_path / f"{name}.log", **ready)  # type: ignore[arg-type] # ready

    with program("collector", ready=lambda: is_listening(wall)):
        desk = Desk(f"http://127.0.0.1:{wall}/", operator(tmp_path / "collector.toml"))

        def states() -> list[tuple[bool, str]]:
            sites = json.loads(desk.text("api/city"))["sites"]
            return [(site["online"], each["state"]) for site in sites for each in site["cameras"]]

        def answer(address: str, what: str) -> bool:
            return what in desk.text(address + "&part=1")

        with program("agent", ready=lambda: any(online for online, _ in states())):
            assert until(lambda: states() == [(True, "ok")], within_s=120), states()
            looked = desk.press("cameras/kabil/gate/look")
            assert until(lambda: answer(looked, 'class="fresh"'), within_s=60), desk.text(looked)
            assert answer(looked, 'class="state ok"')
            picture = re.findall('class="fresh" src="([^"?]+)', desk.text(looked))[0]
            assert desk.open(urllib.parse.urljoin(looked, picture))[1].startswith(b"\xff\xd8")

            camera.set(Fault.MOVED)
            accepted = desk.press("cameras/kabil/gate/accept-view")
            assert until(lambda: answer(accepted, "is its right view"), within_s=60), desk.text(accepted)
        assert until(lambda: not any(online for online, _ in states()), within_s=120), states()
        with pytest.raises(urllib.error.HTTPError) as refused:
            desk.press("cameras/kabil/gate/look")
        assert refused.value.code == 409
        assert "is not connected" in refused.value.read().decode()
