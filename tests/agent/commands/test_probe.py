"""`pantau-agent probe` as people and programs run it, against third-party cameras."""

import asyncio
import json
import signal
import struct
import time
from collections.abc import AsyncIterator, Container
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import pytest
import pytest_asyncio

from pantau_agent.host import clock_may_be_right
from tests.agent.commands.probe_process import probe, start_probe
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.eventually import eventually
from tests.agent.rtsp.scripted import Camera, Visitor, footage, interleaved, never, saying, serving
from tests.agent.slow_machine import SLOW_CAUSES
from tests.servers.gst_cameras import GstCameras
from tests.servers.process import free_port

KEYS = {
    "state",
    "cause",
    "detail",
    "remedy",
    "codec",
    "transport",
    "width",
    "height",
    "fps",
    "bitrate_kbps",
    "keyframe_interval_s",
    "rtp_loss_pct",
    "jitter_ms",
    "connect_ms",
    "first_packet_ms",
    "first_keyframe_ms",
    "clock_offset_s",
    "picture_unseen",
    "model",
    "firmware",
    "firmware_status",
    "firmware_why",
    "firmware_source",
}
USER, PASSWORD = GstCameras.user, GstCameras.password

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests("cameras", "folder", at_once=4)


class Cameras(NamedTuple):
    """GStreamer's cameras: without a login, and with digest or basic authentication."""

    open: GstCameras
    digest: GstCameras
    basic: GstCameras


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(
    request: pytest.FixtureRequest, gst_cameras: GstCameras, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    folder = tmp_path_factory.mktemp("probe")
    with (
        GstCameras(folder / "digest", authentication="digest") as digest,
        GstCameras(folder / "basic", authentication="basic") as basic,
    ):
        assert isinstance(digest, GstCameras)
        assert isinstance(basic, GstCameras)
        async with concurrently.running(request, cameras=Cameras(gst_cameras, digest, basic), folder=folder):
            yield


@concurrently
@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
async def test_a_working_camera_is_ok_and_measured(codec: str, cameras: Cameras, folder: Path) -> None:
    picture = folder / f"{codec}.jpg"
    for _ in range(3):  # on a busy machine the encoder stumbles, which is rightly reported
        run = await probe(cameras.open.url(codec), "--json", "--seconds", "4", "--snapshot", str(picture))
        if run.code == 0:
            break
    report = run.report
    assert set(report) == KEYS
    if run.code == 0:
        assert (report["state"], report["cause"], report["remedy"]) == ("ok", None, None), report
    else:
        assert (run.code, report["state"], report["cause"] in SLOW_CAUSES) == (1, "degraded", True), report
    assert (report["codec"], report["width"], report["height"]) == (codec, GstCameras.width, GstCameras.height)
    assert report["fps"] > 0  # how many a machine encodes depends on its load
    assert report["rtp_loss_pct"] == 0
    each_s = 1 / GstCameras.fps if codec == "mjpeg" else 1
    slower = max(1.0, GstCameras.fps / report["fps"])
    assert report["bitrate_kbps"] > 50 / slower
    # An encoder that stumbles sends late keyframes in a burst; a steady one counts frames, so is only ever slower.
    assert report["keyframe_interval_s"] > (0.8 * each_s if run.code == 0 else 0)
    assert 0 < report["connect_ms"] < report["first_packet_ms"] <= report["first_keyframe_ms"]
    if report["jitter_ms"] is not None:  # left out where the encoder falls behind, or begins by a burst
        assert report["jitter_ms"] >= 0
    saved = cv2.imread(str(picture))
    assert saved is not None
    assert saved.shape == (GstCameras.height, GstCameras.width, 3)


@concurrently
@pytest.mark.parametrize("guarded", ["digest", "basic"])
async def test_the_right_password_opens(guarded: str, cameras: Cameras, folder: Path) -> None:
    file = folder / f"{guarded}-password"
    file.write_text(PASSWORD + "\n")
    url = getattr(cameras, guarded).url("h264")
    permission = ["--allow-basic"] if guarded == "basic" else []
    run = await probe(url, "--json", "--seconds", "1", "--user", USER, "--password-file", str(file), *permission)
    assert run.code in {0, 1}, run  # degraded on a busy machine, but not down


@concurrently
@pytest.mark.parametrize("guarded", ["digest", "basic"])
@pytest.mark.parametrize("password", ["wrong", None])
async def test_a_wrong_password_and_none_are_told(guarded: str, password: str | None, cameras: Cameras) -> None:
    url = getattr(cameras, guarded).url("h264")
    user = ["--user", USER] if password else []
    run = await probe(url, "--json", *user, password=password)
    assert (run.code, run.report["state"], run.report["cause"]) == (2, "down", "auth_failed")
    assert "password" in run.report["remedy"]
    assert set(run.report) == KEYS


@concurrently
async def test_a_path_that_the_camera_does_not_know(cameras: Cameras) -> None:
    run = await probe(cameras.open.url("nowhere"), "--json")
    assert (run.code, run.report["cause"]) == (2, "not_found")


@concurrently
async def test_a_camera_that_is_off(cameras: Cameras) -> None:
    del cameras
    run = await probe(f"rtsp://127.0.0.1:{free_port()}/h264", "--json")
    assert (run.code, run.report["cause"]) == (2, "refused")
    assert run.report["codec"] is None


@concurrently
async def test_a_camera_that_hangs_and_one_that_was_stopped(folder: Path) -> None:
    with GstCameras(folder / "stopped") as camera:
        assert isinstance(camera, GstCameras)
        camera.pause()
        hanging = await probe(camera.url("h264"), "--json", "--timeout", "2.5")
        camera.resume()
        await asyncio.to_thread(camera.stop)
        stopped = await probe(camera.url("h264"), "--json")
    assert (hanging.code, hanging.report["cause"]) == (2, "timeout")
    assert (stopped.code, stopped.report["cause"]) == (2, "refused")


@concurrently
async def test_people_get_a_table_with_cause_and_remedy_in_their_language() -> None:
    async with serving(Camera({"SETUP": saying("453 Not Enough Bandwidth")})) as camera:
        english = await probe(camera.url)
        indonesian = await probe(camera.url, "--language", "id")
    assert english.code == indonesian.code == 2
    assert "sessions_full" in english.out
    assert "Close other viewers" in english.out
    assert "Tutup penonton lain" in indonesian.out
    assert "453" in indonesian.out


@concurrently
async def test_a_camera_that_takes_udp_only_says_udp(cameras: Cameras) -> None:
    run = await probe(cameras.open.url("udp"), "--json", "--seconds", "1")
    assert (run.report["transport"], run.report["codec"]) == ("udp", "h264")


@pytest.mark.parametrize("more", [[], ["--watch"]])
@concurrently
async def test_a_cameras_clock_is_judged_where_this_machines_may_be_right(more: list[str]) -> None:
    async def an_hour_ahead(visitor: Visitor) -> None:
        seconds = int(time.time()) + 2_208_988_800 + 3600
        report = struct.pack("!BBHIIIIII", 0x80, 200, 6, 7, seconds, 0, 0, 1, 1)
        visitor.writer.write(interleaved(report, 1))
        await footage()(visitor)

    async with serving(Camera(media=an_hour_ahead)) as camera:
        if more:
            report = await watched(camera.url, {"clock_wrong" if clock_may_be_right() else None, *SLOW_CAUSES})
        else:
            report = (await probe(camera.url, "--json")).report
    if clock_may_be_right():
        assert report["cause"] in {"clock_wrong", *SLOW_CAUSES}
        assert report["clock_offset_s"] == pytest.approx(3600, abs=60)
    else:
        assert report["cause"] != "clock_wrong"
        assert report["clock_offset_s"] is None


async def watched(url: str, causes: Container[str | None]) -> dict[str, Any]:
    """Return the first report of `--watch` with one of the causes, or the last after a minute."""
    process = await start_probe(url, "--json", "--watch")
    assert process.stdout is not None
    for _ in range(60):
        report: dict[str, Any] = json.loads(await process.stdout.readline())
        if report["cause"] in causes:
            break
    process.send_signal(signal.SIGINT)
    await process.communicate()
    return report


@concurrently
async def test_degraded_is_one() -> None:
    async with serving(Camera(media=footage())) as camera:
        run = await probe(camera.url, "--seconds", "5", "--expected-fps", "60", "--json")
    assert (run.code, run.report["state"], run.report["cause"]) == (1, "degraded", "low_fps")


@concurrently
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rtsp://admin:geheim@127.0.0.1/x"], "list of processes"),
        (["rtsp://127.0.0.1/user=a_password=geheim_channel=1_stream=0.sdp"], "list of processes"),
        (["camera"], "/etc/pantau/agent.toml"),
        (["rtsp://127.0.0.1/x", "--all"], "--all goes with"),
        (["rtsp://127.0.0.1/x", "--watch", "--snapshot", "x.jpg"], "--watch"),
        (["rtsp://127.0.0.1/x", "--user", "u"], "no password for u"),
        (["rtsp://127.0.0.1:99999/x"], "host and port"),
        ([], "give a URL"),
        (["rtsp://127.0.0.1/x", "--vendor", "axis"], "give a URL"),
        (["--vendor", "hikvison", "--host", "127.0.0.1"], "hikvision"),
        (["rtsp://127.0.0.1/x", "--no-such-option"], "--no-such-option"),
        (["rtsp://127.0.0.1/x", "--seconds", "soon"], "--seconds"),
        (["rtsp://127.0.0.1/x", "--language", "de"], "must be one of"),
        (["rtsp://127.0.0.1/x", "--user", "u", "--password-file", "/no/such/file"], "/no/such/file"),
    ],
)
async def test_wrong_usage_is_three_and_told(arguments: list[str], expected: str) -> None:
    run = await probe(*arguments)
    assert run.code == 3
    assert expected in run.err
    assert "geheim" not in run.err + run.out
    assert "Traceback" not in run.err


@concurrently
async def test_a_picture_that_cannot_be_saved_is_told_after_the_result(folder: Path) -> None:
    async with serving(Camera(media=footage())) as camera:
        for seconds in ("1", "10", "60"):  # a busy machine takes longer to decode the first picture
            file = str(folder / "no" / "such.jpg")
            run = await probe(camera.url, "--seconds", seconds, "--json", "--snapshot", file)
            if run.code == 3:
                break
    assert run.report["codec"] == "h264"
    assert run.code == 3
    assert "cannot be written" in run.err


@concurrently
async def test_a_vendors_url_is_made() -> None:
    async with serving(Camera({"DESCRIBE": saying("404 Not Found")})) as camera:
        run = await probe(
            "--vendor", "hikvision", "--host", "127.0.0.1", "--port", str(camera.port), "--channel", "2", "--json"
        )
    assert run.report["cause"] == "not_found"
    assert camera.asked[-1].uri == f"rtsp://127.0.0.1:{camera.port}/Streaming/Channels/202"


@concurrently
async def test_a_password_that_belongs_into_the_path_is_put_there_and_not_shown() -> None:
    async with serving(Camera({"DESCRIBE": saying("404 Not Found")})) as camera:
        arguments = ("--vendor", "xmeye", "--host", "127.0.0.1", "--port", str(camera.port), "--user", "admin")
        run = await probe(*arguments, password="g/eheim")
    assert "/user=admin_password=g%2Feheim_channel=1_" in camera.asked[-1].uri
    assert "eheim" not in run.out + run.err


@concurrently
async def test_interrupted_it_takes_leave_of_the_camera() -> None:
    async with serving(Camera(media=footage())) as camera:
        process = await start_probe(camera.url, "--seconds", "60")
        assert await eventually(lambda: camera.count("PLAY"))
        process.send_signal(signal.SIGINT)
        await process.communicate()
        assert process.returncode == 3
        assert await eventually(lambda: camera.methods()[-1] == "TEARDOWN")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], "does not start on this machine"),
        (["--json"], "does not start on this machine"),
        (["--watch"], "does not start on this machine"),
        (["--language", "id"], "tidak mau jalan di mesin ini"),
        (["--watch", "--language", "id"], "tidak mau jalan di mesin ini"),
    ],
)
@concurrently
async def test_a_machine_that_cannot_start_ffmpeg_is_told_as_such(
    more: list[str], expected: str, folder: Path
) -> None:
    # each has its own folder: these tests run at once, and a half-written file has no effect
    ill = folder / f"ill{'_'.join(more)}"
    ill.mkdir()
    (ill / "sitecustomize.py").write_text(
        "import os, sys\nif 'pantau_agent.ffmpeg.reader' in sys.orig_argv:\n    os._exit(1)\n"
    )
    run = await probe("rtmp://127.0.0.1/live/gate", *more, path=ill)
    assert run.code == 3
    assert expected in run.err
    assert "free -m" in run.err
    assert "Traceback" not in run.err


@concurrently
async def test_silence_ends_at_the_deadline() -> None:
    async with serving(Camera({"DESCRIBE": never})) as camera:
        run = await probe(camera.url, "--json", "--timeout", "1")
    assert (run.code, run.report["cause"]) == (2, "timeout")
