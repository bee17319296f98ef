"""Test the way from camera to mail with every program and every server real."""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tomli_w

from pantau_collector.journal.reader import JournalReader
from pantau_contract.snapshot import read_stamp
from tests.agent.slow_machine import SLOW_CAUSES
from tests.servers.gst_cameras import GstCameras
from tests.servers.influxdb import Database
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port, is_listening, until
from tests.servers.screen import WEB, asked
from tests.servers.smtp import Mailbox


class City:
    """One site with an agent and a collector, in a folder of the test."""

    def __init__(
        self, folder: Path, broker: Mosquitto, database: Database, mailbox: Mailbox, cameras: Sequence[str]
    ) -> None:
        self.folder = folder
        self.broker = broker
        self.wall = free_port()
        self._write("inventory.toml", inventory(cameras))
        self._collector = self._write(
            "collector.toml",
            {
                "data_dir": str(folder / "collector"),
                "inventory": "inventory.toml",
                "broker": {"port": broker.port},
                "influx": {"version": 1, "url": database.url, "database": database.name},
                "web": {"port": self.wall, **WEB},
                "incidents": {"settle_s": 1, "recovery_s": 1, "restart_grace_s": 0, "new_camera_grace_s": 0},
                "recipient": [
                    {
                        "id": "dishub",
                        "language": "en",
                        "owners": ["dishub"],
                        "urls": [f"mailto://127.0.0.1:{mailbox.port}/?from=pantau@example.org&to=it@example.org"],
                    }
                ],
            },
        )
        self.collector = Server(
            [sys.executable, "-m", "pantau_collector", "run", "--config", str(self._collector)],
            ready=lambda: is_listening(self.wall),
            log=folder / "collector.log",
        )

    def agent(self, cameras: list[dict[str, Any]]) -> Server:
        """Return the site's agent for these cameras; it is ready once the wall shows the site online."""
        config = self._write(
            "agent.toml",
            {
                "site": {"id": "kabil", "name": "Simpang Kabil"},
                "broker": {"host": "127.0.0.1", "port": self.broker.port},
                "report": {"interval_s": 1, "snapshot_interval_s": 3},
                "spool": {"path": str(self.folder / "spool.sqlite")},
                "camera": [{"picture_interval_s": 2, "timeout_s": 5} | camera for camera in cameras],
            },
        )
        return Server(
            [sys.executable, "-m", "pantau_agent", "run", "--config", str(config)],
            ready=lambda: any(site["online"] for site in self.sites()),
            log=self.folder / "agent.log",
        )

    def sites(self) -> list[dict[str, Any]]:
        sites: list[dict[str, Any]] = json.loads(self.get("api/city"))["sites"]
        return sites

    def states(self) -> dict[str, tuple[str, str | None]]:
        """Return state and cause of each camera on the wall."""
        return {
            camera["id"]: (camera["state"], camera["cause"]) for site in self.sites() for camera in site["cameras"]
        }

    def is_healthy(self, cameras: Iterable[str]) -> bool:
        """Return True if the wall shows exactly these, each ok or merely slow, as on a busy machine."""
        states = self.states()
        return states.keys() == set(cameras) and all(
            state == "ok" or cause in SLOW_CAUSES for state, cause in states.values()
        )

    def get(self, path: str) -> bytes:
        while True:
            try:
                with urllib.request.urlopen(asked(f"http://127.0.0.1:{self.wall}/{path}"), timeout=60) as answer:
                    return bytes(answer.read())
            except urllib.error.HTTPError as error:
                if error.code != 429:  # asked too often: this test polls faster than any page
                    raise
                time.sleep(0.5)

    def _write(self, name: str, content: dict[str, Any]) -> Path:
        path = self.folder / name
        path.write_text(tomli_w.dumps(content))
        return path


def inventory(cameras: Sequence[str]) -> dict[str, Any]:
    return {
        "owner": [{"id": "dishub", "name": "Dinas Perhubungan"}],
        "site": [{"id": "kabil", "name": "Simpang Kabil"}],
        "camera": [
            {"site": "kabil", "id": camera, "name": f"Kamera {camera}", "owner": "dishub"} for camera in cameras
        ],
    }


@pytest.fixture
def city(tmp_path: Path, mosquitto: Mosquitto, influxdb: Database, smtp: Mailbox) -> Iterator[City]:
    city = City(tmp_path, mosquitto, influxdb, smtp, ("h264", "h265", "mjpeg", "locked"))
    with city.collector:
        yield city


def test_outages_are_mailed_and_measurements_are_stored(
    city: City,
    influxdb: Database,
    smtp: Mailbox,
    gst_cameras: GstCameras,
    start_gst_cameras: Callable[..., GstCameras],
) -> None:
    digest = start_gst_cameras(authentication="digest")
    cameras: list[dict[str, Any]] = [
        {"id": mount, "url": gst_cameras.url(mount)} for mount in ("h264", "h265", "mjpeg")
    ]
    private = {"picture": {"private": [[0.0, 0.0, 0.25, 0.5]]}}
    login = {"user": digest.user, "password": digest.password}
    cameras.append({"id": "locked", "url": digest.url("h264")} | login | private)
    with city.agent(cameras):
        names = ("h264", "h265", "mjpeg", "locked")
        assert until(lambda: city.is_healthy(names)), city.states()

        digest.stop()
        assert until(lambda: city.states()["locked"] == ("down", "refused")), city.states()
        assert until(lambda: mails_about_locked(smtp))
        (outage,) = mails_about_locked(smtp)
        check_outage(outage)

        digest.start()
        assert until(lambda: city.is_healthy(names)), city.states()
        assert until(lambda: len(mails_about_locked(smtp)) == 2)

        published = city.get("pictures/kabil/locked.jpg")
        assert read_stamp(published).camera == "locked"
        check_private(published)
        assert city.get("healthz")
        assert b"pantau" in city.get("metrics")

    assert until(lambda: not city.sites()[0]["online"]), "the agent reports its end"
    codecs = influxdb.query("SELECT last(codec) AS codec, last(fps) AS fps FROM camera GROUP BY camera")
    assert {row["camera"]: row["codec"] for row in codecs} == {
        "h264": "h264",
        "h265": "h265",
        "mjpeg": "mjpeg",
        "locked": "h264",
    }
    assert all(row["fps"] > 0 for row in codecs), codecs  # how many a machine encodes depends on its load
    assert influxdb.query("SELECT count(fps) FROM camera WHERE camera = 'h264'")[0]["count"] > 3
    assert influxdb.query("SELECT last(memory_used_pct) AS used FROM host")[0]["used"] > 0
    assert_no_password(city, digest.password)


def check_private(jpeg: bytes) -> None:
    """Check that the private region is black, and that no other picture stands in the file."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    height, width = picture.shape[:2]
    assert picture[: height // 2, : width // 4].max() <= 12
    assert picture[height // 2 :].max() > 100
    assert jpeg.count(b"\xff\xd8\xff") == 1


def mails_about_locked(mailbox: Mailbox) -> list[EmailMessage]:
    """Return the mails about that camera; on a busy machine another camera may have stalled."""
    return [mail for mail in mailbox.mails if "Kamera locked" in mail["Subject"]]


def check_outage(mail: EmailMessage) -> None:
    """Check subject, cause, remedy, owner, and the camera's last pictures."""
    assert "Kamera locked" in mail["Subject"]
    body = mail.get_body(("plain", "html"))
    assert body is not None
    text = body.get_content()
    assert "nothing listens on the stream's port" in text.replace("&#39;", "'")
    assert "restart the camera" in text
    assert "Dinas Perhubungan" in text
    pictures = [part.get_content() for part in mail.walk() if part.get_content_type() == "image/jpeg"]
    assert pictures
    assert {read_stamp(picture).camera for picture in pictures} == {"locked"}


def assert_no_password(city: City, password: str) -> None:
    """Check that the camera's password stands nowhere except in the agent's configuration."""
    for path in city.folder.rglob("*"):
        if path.is_file() and path.name != "agent.toml":
            assert password.encode() not in path.read_bytes(), path
    records, _ = JournalReader(city.folder / "collector" / "journal").read(0, 10**6)
    assert records
    assert all(password.encode() not in record.payload for record in records)
