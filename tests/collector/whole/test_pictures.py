"""A picture on its way through a real collector, and what is left of it when its camera is gone."""

import base64
import re
import urllib.error
import urllib.request
from pathlib import Path

from pantau_contract.messages import Birth, CameraAbout
from pantau_contract.snapshot import read_stamp
from pantau_contract.states import Cause
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.collector.commands.command import called_json
from tests.collector.intake.messages import Publisher, about, jpeg
from tests.collector.whole.city import Agent, Collector, now_ms
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until
from tests.servers.screen import asked

SCRIPT = b"<script>alert(1)</script>"


def test_a_picture_is_shown_without_what_stands_behind_it_and_goes_with_its_camera(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with Collector(tmp_path, mosquitto.port) as collector, Publisher(mosquitto.port) as publisher:
        agent = Agent(publisher, cameras=2)
        agent.birth()
        taken = about(now_ms(), site="kabil", camera="cam2")
        publisher.send(str(Topic("kabil", TopicKind.SNAPSHOT, "cam2")), jpeg(taken) + SCRIPT)
        address = f"http://127.0.0.1:{collector.port}/pictures/kabil/cam2.jpg"

        def answer() -> tuple[str | None, str | None, bytes]:
            try:
                with urllib.request.urlopen(asked(address), timeout=60) as found:
                    return found.headers["Content-Type"], found.headers["X-Content-Type-Options"], found.read()
            except urllib.error.HTTPError as error:
                return str(error.code), None, b""

        assert until(lambda: answer()[0] == "image/jpeg")
        assert answer() == ("image/jpeg", "nosniff", jpeg(taken))
        files = collector.data / "pictures" / "kabil"
        assert (files / "cam2" / "latest.jpg").is_file()
        one = Birth("kabil", "b1", 2, now_ms(), "1", 30, cameras=(CameraAbout("cam1"),))
        publisher.send(str(Topic("kabil", TopicKind.AGENT)), encode(one), retain=True)
        assert until(lambda: not files.exists())
        assert until(lambda: answer()[0] == "404")


def test_the_pictures_before_and_after_an_outage_stay_for_its_dossier_until_the_camera_goes(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with Collector(tmp_path, mosquitto.port) as collector, Publisher(mosquitto.port) as publisher:
        agent = Agent(publisher, cameras=2)
        agent.birth()

        def photograph() -> int:
            taken = about(now_ms(), site="kabil", camera="cam2")
            publisher.send(str(Topic("kabil", TopicKind.SNAPSHOT, "cam2")), jpeg(taken))
            return taken.time

        kept = collector.data / "outage-pictures" / "1" / "kabil" / "cam2"
        before = photograph()
        assert until((collector.data / "pictures" / "kabil" / "cam2").exists)
        with agent.reporting():
            agent.set("cam2", Cause.STALLED)
            assert until((kept / "before.jpg").exists)
            agent.set("cam2", None)
            assert until(lambda: "incident 1 resolved" in collector.new_log())
            after = photograph()
            assert until((kept / "after.jpg").exists)
            photograph()
        out = tmp_path / "claim.html"
        told = called_json("dossier", "1", "--out", out, "--config", collector.config)
        assert (told["cameras"], told["open"]) == (1, False)
        shown = re.findall(r"data:image/jpeg;base64,([\w+/=]+)", out.read_text("utf-8"))
        assert [read_stamp(base64.b64decode(each)).time for each in shown] == [before, after]
        one = Birth("kabil", "b1", 2, now_ms(), "1", 30, cameras=(CameraAbout("cam1"),))
        publisher.send(str(Topic("kabil", TopicKind.AGENT)), encode(one), retain=True)
        assert until(lambda: not kept.exists())
