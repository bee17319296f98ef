import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import pytest_asyncio

from pantau_agent.commands.sheet_page import CameraRow, sheet_page
from pantau_contract.words import words
from tests.agent.commands.test_no_password import agent
from tests.agent.rtsp.scripted import Camera, footage, serving
from tests.servers.process import free_port

FACTS = {"site": "north", "machine": "pi", "broker": "b:1", "version": "1", "made": "now"}


@pytest_asyncio.fixture
async def config(tmp_path: Path) -> AsyncIterator[Path]:
    async with serving(Camera(media=footage())) as camera:
        file = tmp_path / "agent.toml"
        file.write_text(
            '[site]\nid = "north"\nname = "Simpang <Utara>"\n[broker]\nhost = "mqtt.example"\nuser = "geheim-1"\n'
            'password = "geheim-2"\n[spool]\npath = "spool.sqlite"\n'
            f'[[camera]]\nid = "gate"\nname = "Gerbang"\nurl = "{camera.url}"\nuser = "geheim-3"\n'
            'password = "geheim-4"\n[camera.picture]\nprivate = [[0, 0, 0.5, 1]]\n'
            f'[[camera]]\nid = "dead"\nurl = "rtsp://127.0.0.1:{free_port()}/x"\n'
            '[[camera]]\nid = "shy"\nurl = "rtsp://127.0.0.1/y"\nuser = "geheim-5"\n'
            '[[camera]]\nid = "spare"\nurl = "rtsp://127.0.0.1/z"\nenabled = false\n'
        )
        file.chmod(0o600)
        yield file


async def test_the_page_shows_each_camera_and_whom_to_call_and_no_secret(config: Path) -> None:
    out = config.with_name("sheet.html")
    arguments = ("--out", str(out), "--config", str(config), "--call", "Budi <0812>", "--language", "en")
    code, said = await agent("sheet", *arguments)
    assert code == 0, said
    page = out.read_text()
    for part in ("Simpang &lt;Utara&gt; (north)", "Budi &lt;0812&gt;", "mqtt.example:1883", "Gerbang", "spare"):
        assert part in page
    assert "geheim-1" not in page + said
    for secret in ("geheim-2", "geheim-3", "geheim-4"):
        assert secret not in page + said
    assert page.count("data:image/jpeg;base64,") == 1
    assert "Check the port" in page, "what to do about the dead one"
    assert "run this with sudo" in page.lower(), "of the one whose password is not known"


async def test_what_nobody_may_see_is_black_in_the_page_and_in_a_probes_picture(config: Path) -> None:
    page, picture = config.with_name("sheet.html"), config.with_name("gate.jpg")
    code, said = await agent("sheet", "--out", str(page), "--config", str(config))
    assert code == 0, said
    code, said = await agent("probe", "gate", "--snapshot", str(picture), "--config", str(config))
    found = re.search(r"base64,([^\"]+)", page.read_text())
    assert found is not None
    for jpeg in (base64.b64decode(found[1]), picture.read_bytes()):
        pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        half = pixels.shape[1] // 2
        assert pixels[:, : half - 8].mean() < 2
        assert pixels[:, half + 8 :].mean() > 10


@pytest.mark.parametrize("language", ["en", "id"])
def test_what_cameras_and_people_wrote_is_no_markup(language: str) -> None:
    row = CameraRow("<b>", "<script>", "h:1", "<i>\n", True, failed="<u>")
    page = sheet_page(FACTS, ["<x>"], [row], words(language))
    assert not re.search(r"<(script|i|u|x)>", page)
    assert f"<html lang={language}>" in page


async def test_a_page_that_cannot_be_written_is_told(config: Path) -> None:
    code, said = await agent("sheet", "--no-look", "--out", "/proc/none.html", "--config", str(config))
    assert (code, "/proc/none.html" in said) == (1, True)
