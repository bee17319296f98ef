"""Look now, with every program real: what an operator asks for reaches a camera, and its picture comes back."""

import http.cookiejar
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
    """An operator's browser at the collector: it keeps cookies and sends forms."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}/"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def open(self, path: str, form: dict[str, str] | None = None) -> tuple[str, str]:
        """Return the address at which a page or form ended, and the page."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        address = urllib.parse.urljoin(self._root, path)
        with self._opener.open(urllib.request.Request(address, data), timeout=60) as response:
            return response.url, response.read().decode()

    def press(self, page: str, action: str) -> str:
        """Press the button of a form on a page; return the address that it leads to."""
        _, text = self.open(f"{page}?lang=en")
        csrf = re.findall('name="csrf" value="([^"]+)"', text)[0]
        return self.open(f"{action}?lang=en", {"csrf": csrf})[0]


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

    desk = Desk(wall)

    def city() -> list[dict[str, object]]:
        return [
            each | {"online": site["online"]}
            for site in json.loads(desk.open("api/city")[1])["sites"]
            for each in site["cameras"]
        ]

    def answer(address: str, what: str) -> bool:
        return what in desk.open(address + "&part=1")[1]

    with program("collector", ready=lambda: is_listening(wall)):
        with program("agent", ready=lambda: any(each["online"] for each in city())):
            assert until(lambda: [each["state"] for each in city()] == ["ok"], within_s=120), city()
            asked = desk.press("cameras/kabil/gate/actions", "cameras/kabil/gate/look")
            assert until(lambda: answer(asked, 'class="fresh"'), within_s=60), desk.open(asked)[1]
            assert answer(asked, 'class="state ok"')
            picture = re.findall('class="fresh" src="([^"?]+)', desk.open(asked)[1])[0]
            with desk._opener.open(urllib.parse.urljoin(asked, picture), timeout=60) as response:
                assert response.read(2) == b"\xff\xd8"

            camera.set(Fault.MOVED)
            asked = desk.press("cameras/kabil/gate/actions", "cameras/kabil/gate/accept-view")
            assert until(lambda: answer(asked, "is its right view"), within_s=60), desk.open(asked)[1]
        assert until(lambda: not any(each["online"] for each in city()), within_s=120), city()
        with pytest.raises(urllib.error.HTTPError) as refused:
            desk.press("cameras/kabil/gate/actions", "cameras/kabil/gate/look")
        assert refused.value.code == 409
        assert "is not connected" in refused.value.read().decode()
