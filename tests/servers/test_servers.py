"""Test what other tests rely on in the servers."""

import smtplib
import socket
import subprocess
import urllib.request
from collections.abc import Callable

import pytest

from tests.servers import process
from tests.servers.gst_cameras import GstCameras
from tests.servers.influxdb import Database
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import is_listening
from tests.servers.programs import require_program
from tests.servers.smtp import Mailbox
from tests.servers.victoria_metrics import VictoriaMetrics


def test_no_two_workers_are_given_the_same_port_and_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "3")
    given: list[int] = []
    for worker in ("gw0", "gw1", "gw2"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        given += process.ports_of_this_worker()
    assert len(given) == len(set(given)) == 10_000
    assert max(given) < 32768, "Linux gives those from there on to outgoing connections"
    assert process.free_port() != process.free_port()


def test_mosquitto_can_be_killed_and_started_again(mosquitto: Mosquitto) -> None:
    mosquitto.kill()
    assert not is_listening(mosquitto.port)
    mosquitto.start()
    assert is_listening(mosquitto.port)


def test_influxdb_gives_back_what_was_written(influxdb: Database) -> None:
    url = f"{influxdb.url}/write?db={influxdb.name}&precision=ms"
    urllib.request.urlopen(url, data=b'camera,site=a fps=1.5,state="ok" 1790000000000').read()
    rows = influxdb.query("SELECT * FROM camera")
    assert rows == [{"time": 1790000000000, "site": "a", "fps": 1.5, "state": "ok"}]


def test_victoria_metrics_takes_a_v2_write(victoria_metrics: VictoriaMetrics) -> None:
    url = f"{victoria_metrics.url}/api/v2/write?bucket=b&org=o&precision=ms"
    urllib.request.urlopen(url, data=b"camera,site=a fps=1.5 1790000000000").read()
    (series,) = victoria_metrics.export()
    assert series["metric"] == {"__name__": "camera_fps", "site": "a"} | (
        {"db": "b"} if "db" in series["metric"] else {}
    )
    assert (series["values"], series["timestamps"]) == ([1.5], [1790000000000])


def test_smtp_keeps_a_mail(smtp: Mailbox) -> None:
    with smtplib.SMTP("127.0.0.1", smtp.port) as client:
        client.sendmail("a@example.org", ["b@example.org"], "Subject: hello\r\n\r\nthere")
    (mail,) = smtp.wait(1)
    assert mail["Subject"] == "hello"


def test_gst_cameras_send_the_codec_of_their_mount(gst_cameras: GstCameras) -> None:
    for mount in ("h264", "h265", "mjpeg"):
        shown = subprocess.run(
            [
                *(require_program("ffprobe"), "-v", "error", "-rtsp_transport", "tcp", "-of", "csv=p=0"),
                *("-show_entries", "stream=codec_name,width,height", gst_cameras.url(mount)),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        codec = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}[mount]
        assert shown.split()[0] == f"{codec},640,360"


def test_gst_cameras_ask_for_a_password(start_gst_cameras: Callable[..., GstCameras]) -> None:
    cameras = start_gst_cameras(authentication="digest")
    with socket.create_connection(("127.0.0.1", cameras.port), timeout=60) as client:
        client.sendall(f"DESCRIBE {cameras.url('h264')} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        answer = client.recv(4096)
    assert answer.startswith(b"RTSP/1.0 401")
    assert b"Digest" in answer
