import datetime as dt
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pantau_agent import vendors
from pantau_agent.streams import url as rtsp_url
from pantau_agent.vendors import VendorError, fill_credentials, load_notes, still_url, stream_url, take_credentials

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT / "firmware-notes"

STREAMS = [
    ("hikvision", 1, "main", "/Streaming/Channels/101"),
    ("hikvision", 16, "sub", "/Streaming/Channels/1602"),
    ("dahua", 4, "sub", "/cam/realmonitor?channel=4&subtype=1"),
    ("axis", 2, "main", "/axis-media/media.amp?camera=2&videocodec=h264"),
    ("uniview", 1, "sub", "/media/video2"),
    ("uniview-nvr", 3, "main", "/unicast/c3/s0/live"),
    ("hanwha", 1, "main", "/profile2/media.smp"),
    ("hanwha-multi", 1, "main", "/0/profile2/media.smp"),
    ("tplink", 1, "sub", "/stream2"),
    ("reolink", 1, "main", "/Preview_01_main"),
    ("reolink", 12, "sub", "/Preview_12_sub"),
    ("ezviz", 1, "main", "/h264_stream"),
    ("xmeye", 1, "main", "/user={user}_password={password}_channel=1_stream=0.sdp?real_stream"),
    ("generic-onvif", 1, "main", "/live/ch00_1"),
]


@pytest.mark.parametrize(("vendor", "channel", "stream", "path"), STREAMS)
def test_a_stream_has_the_address_that_its_vendor_documents(
    vendor: str, channel: int, stream: str, path: str
) -> None:
    assert stream_url(vendor, "10.1.2.3", channel=channel, stream=stream) == f"rtsp://10.1.2.3:554{path}"


def test_a_recorder_with_an_own_port_is_asked_there_unless_told_otherwise() -> None:
    assert stream_url("hanwha-nvr", "nvr", channel=2) == "rtsp://nvr:558/LiveChannel/1/media.smp"
    assert stream_url("hanwha-nvr", "nvr", channel=2, port=4524) == "rtsp://nvr:4524/LiveChannel/1/media.smp"


def test_a_still_picture_has_its_address_and_none_where_there_is_none() -> None:
    assert still_url("hikvision", "h", channel=2) == "http://h:80/ISAPI/Streaming/channels/201/picture"
    assert still_url("dahua", "h", port=8080) == "http://h:8080/cgi-bin/snapshot.cgi?channel=1"
    assert still_url("ezviz", "h") is None


def test_every_vendor_of_the_mission_has_a_note() -> None:
    wanted = [
        "hikvision",
        "dahua",
        "axis",
        "uniview",
        "hanwha",
        "tplink",
        "reolink",
        "ezviz",
        "xmeye",
        "generic-onvif",
    ]
    assert set(wanted) <= set(vendors.vendors())
    for name in wanted:
        assert vendors.note(name).vendor == name


@pytest.mark.parametrize(
    ("alias", "vendor"),
    [("HiLook", "hikvision"), ("annke", "hikvision"), ("amcrest", "dahua"), ("imou", "dahua"), ("tapo", "tplink"),
     ("VIGI", "tplink"), (" Xiongmai ", "xmeye"), ("wisenet-nvr", "hanwha")],
)  # fmt: skip
def test_a_brand_is_found_by_its_own_name_whatever_the_case(alias: str, vendor: str) -> None:
    assert vendors.note(alias).vendor == vendor


@pytest.mark.parametrize("file", sorted(NOTES.glob("*.toml")), ids=lambda file: file.stem)
def test_each_note_is_named_as_its_file_and_every_address_in_it_can_be_used(file: Path) -> None:
    note = vendors.note(file.stem)
    assert note.vendor == file.stem == note.device[0].id
    assert note.sources
    assert len({quirk.id for quirk in note.quirk}) == len(note.quirk) > 0
    for device in note.device:
        for stream in device.stream:
            address = rtsp_url.parse(stream_url(device.id, "10.0.0.1", stream=stream))
            assert (address.host, address.port) == ("10.0.0.1", device.port)
            assert still_url(device.id, "10.0.0.1", stream=stream) is None or stream in device.still


def test_the_table_for_people_lists_what_the_files_hold() -> None:
    table = re.findall(r"^\| (`.+?) \|.*\| (.*?) ?\|$", (NOTES / "README.md").read_text(), re.MULTILINE)
    listed = {
        ids: set(re.findall(r"[\w-]+", aliases)) for ids, aliases in table[: len(list(NOTES.glob("*.toml")))]
    }
    assert sorted(name for ids in listed for name in re.findall(r"[\w-]+", ids)) == vendors.vendors()
    for ids, aliases in listed.items():
        devices = vendors.note(re.findall(r"[\w-]+", ids)[0]).device
        assert aliases == {alias for device in devices for alias in device.aliases}


def test_an_unknown_vendor_is_told_with_the_nearest_names() -> None:
    with pytest.raises(VendorError, match=r"'hikvison'.*Did you mean hikvision\?"):
        stream_url("hikvison", "h")
    with pytest.raises(VendorError, match=r"'q'.*Known: axis, dahua.*give its `url`"):
        stream_url("q", "h")


def test_an_unknown_stream_is_told_with_the_known_ones() -> None:
    with pytest.raises(VendorError, match=r"tplink has no stream 'third', only: main, sub"):
        stream_url("tapo", "h", stream="third")


@pytest.mark.parametrize("channel", [0, -1])
def test_a_channel_below_one_is_refused(channel: int) -> None:
    with pytest.raises(VendorError, match="count from 1"):
        stream_url("dahua", "h", channel=channel)


def test_a_second_channel_on_a_camera_is_refused_and_the_recorder_named() -> None:
    with pytest.raises(VendorError, match=r"channel 2: a uniview camera has 1; for a recorder .*'uniview-nvr'"):
        stream_url("uniview", "h", channel=2)


@pytest.mark.parametrize("host", ["", "a b", "user@h", "h/path", "h:554", "rtsp://h", "[::1", "h#"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(VendorError, match="host"):
        stream_url("dahua", host)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(VendorError, match="1 to 65535"):
        stream_url("dahua", "h", port=port)


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("::1", "[::1]"),
        ("[FD00::0:1]", "[fd00::1]"),
        ("fe80::1%eth0", "[fe80::1%25eth0]"),
        ("cam-1.lan", "cam-1.lan"),
    ],
)
def test_a_host_is_written_as_a_url_wants_it(host: str, written: str) -> None:
    assert stream_url("ezviz", host) == f"rtsp://{written}:554/h264_stream"


@pytest.mark.parametrize("way", ["as made", "after parsing"])
def test_credentials_are_filled_in_only_at_the_request_and_percent_encoded(way: str) -> None:
    url = stream_url("xmeye", "10.0.0.1")
    if way == "after parsing":
        url = rtsp_url.parse(url).without_credentials
    assert vendors.wants_credentials(url)
    filled = fill_credentials(url, "a{password}", "p@ss/w:rd %é{user}")
    assert "/user=a%7Bpassword%7D_password=p%40ss%2Fw%3Ard%20%25%C3%A9%7Buser%7D_channel=1_" in filled
    assert "/user=admin_password=_channel=1_" in fill_credentials(url, "admin", None)


def test_a_url_that_wants_no_credentials_stays_as_it_is() -> None:
    url = stream_url("hikvision", "h")
    assert not vendors.wants_credentials(url)
    assert fill_credentials(url, "admin", "secret") == url


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("rtsp://h/user=admin_password=s%40x_channel=1_stream=0.sdp?real_stream",
         "rtsp://h/user={user}_password={password}_channel=1_stream=0.sdp?real_stream"),
        ("rtsp://h/user=admin&password=s%40x&channel=1&stream=0.sdp",
         "rtsp://h/user={user}&password={password}&channel=1&stream=0.sdp"),
    ],
)  # fmt: skip
def test_credentials_in_the_path_of_a_copied_url_are_taken_out(url: str, kept: str) -> None:
    assert take_credentials(url) == (kept, "admin", "s@x")
    assert fill_credentials(kept, "admin", "s@x") == url
    assert take_credentials(kept) == (kept, None, None)
    assert take_credentials("rtsp://h/stream1") == ("rtsp://h/stream1", None, None)


def test_a_range_of_firmware_is_read_in_each_of_its_three_forms() -> None:
    hikvision, recorder = (
        next(f for f in vendors.note("hikvision").firmware if key in f.models[0]) for key in ("2CD", "96")
    )
    assert (hikvision.versions.first, hikvision.versions.last) == ("V5.2.0 build 140721", "V5.4.0 build 160530")
    assert recorder.versions.built_before == dt.date(2025, 8, 7)
    assert vendors.note("vigi").firmware[0].versions.before == "3.1.0_Build_250820_Rel.57668n"


NOTE = """
vendor = "x"
name = "X"
summary = "x"
checked = "documents"
sources = ["x/y#1"]
[[device]]
id = "x"
what = "camera"
stream = { main = "/1" }
"""


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("what =", "wath ="), r"x.toml: .*wath.*\$\.device\[0\]"),
        (('name = "X"\n', ""), r"x.toml: .*name"),
        (('"documents"', '"perhaps"'), r"x.toml: .*perhaps.*checked"),
        (('"/1"', '"/{chanel}"'), r"x.toml: device x, stream.main: unknown {chanel}; known are {channel}"),
        (('"/1"', '"/{channel"'), r"x.toml: device x, stream.main: unknown {channel"),
        (('"/1"', '"1"'), r"x.toml: device x, stream.main: .*begins with /"),
        (('id = "x"', 'id = "x"\naliases = ["x"]'), r"x.toml: the name 'x' is taken by x.toml"),
        (("[[device]]", "[[device]"), r"x.toml: "),
    ],
)
def test_a_wrong_note_is_told_by_file_and_key(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    assert change[0] in NOTE
    (tmp_path / "x.toml").write_text(NOTE)
    assert load_notes(tmp_path)[0].vendor == "x"
    (tmp_path / "x.toml").write_text(NOTE.replace(*change))
    with pytest.raises(VendorError, match=problem):
        load_notes(tmp_path)


def test_an_installed_wheel_carries_the_notes(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = "from pantau_agent import vendors; print(vendors.__file__, vendors.stream_url('tapo', 'h'))"
    environment = {"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]}
    result = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == [str(tmp_path / "pantau_agent/vendors.py"), "rtsp://h:554/stream1"]
