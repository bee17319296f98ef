import logging
import os
import tomllib
from pathlib import Path

import pytest

from pantau_agent.config import AgentConfig, Broker, Camera, Device, Report, Site, SpoolConfig, load
from pantau_agent.picture.config import PictureConfig
from pantau_agent.picture.settings import PictureSettings
from pantau_contract.states import Cause
from pantau_service.settings import ConfigError
from tests.agent.certificate import make_certificate

EXAMPLE = Path(__file__).parents[2] / "agent" / "agent.example.toml"
START = '[site]\nid = "north"\n[broker]\nhost = "broker"\n'


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PANTAU_AGENT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def load_text(folder: Path, text: str, *, mode: int = 0o600) -> AgentConfig:
    path = folder / "agent.toml"
    path.write_text(text)
    path.chmod(mode)
    return load(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_text(folder, text)
    return [problem.replace(f"{folder}/", "") for problem in error.value.problems]


def secret(of: Camera | Broker) -> str | None:
    return of.password.get_secret_value() if of.password else None


def test_the_example_loads_and_shows_every_key_and_the_defaults(tmp_path: Path) -> None:
    for name in ("broker.password", "kabil-utara.password"):
        (tmp_path / name).write_text("secret\n")
    (tmp_path / "cameras-ca.pem").write_bytes(make_certificate(tmp_path).certificate.read_bytes())
    config = load_text(tmp_path, EXAMPLE.read_text())
    assert [camera.id for camera in config.camera] == ["kabil-utara", "kabil-selatan"]
    shown = tomllib.loads(EXAMPLE.read_text())
    assert set(shown) == set(AgentConfig.model_fields)
    cameras = shown["camera"][0] | shown["camera"][1]
    assert set(shown["site"]) == set(Site.model_fields)
    assert set(shown["broker"]) == set(Broker.model_fields) - {
        "password",
        "tls_certificate",
        "tls_key",
    }  # in comments
    assert set(cameras) == set(Camera.model_fields)
    assert set(cameras["picture"]) == set(PictureConfig.model_fields)
    for key in ("learning_h", "moves_on_purpose"):
        assert PictureConfig.model_fields[key].default == cameras["picture"][key]
    assert set(shown["device"][0]) == set(Device.model_fields)
    assert Report(**shown["report"]) == Report()
    assert set(shown["report"]) == set(Report.model_fields)
    assert SpoolConfig(**shown["spool"]) == SpoolConfig()
    assert set(shown["spool"]) == set(SpoolConfig.model_fields)
    for key in (
        *("channel", "stream", "mode", "enabled", "picture_interval_s", "timeout_s"),
        *("allow_basic", "certificate"),
    ):
        assert Camera.model_fields[key].default == cameras[key]


def test_everything_wrong_is_told_at_once_with_key_expectation_and_what_is_there(tmp_path: Path) -> None:
    slug = "expected lower-case letters, digits, '-' and '_', at most 63, a letter or digit first"
    schemes = "rtsp://, rtsps://, rtsp+http://, rtsps+http://, http://, https://, rtmp://, rtmps://"
    url = f"expected a URL, as rtsp://192.168.1.64/path: the URL's scheme must be one of {schemes}"
    assert problems(
        tmp_path,
        """
        [site]
        id = "North Gate"
        [broker]
        hots = "x"
        port = "abc"
        [report]
        interval_s = 0
        [spol]
        [[camera]]
        id = "a"
        url = "rtps://10.0.0.1/"
        [[camera]]
        id = "b"
        url = "rtsp://10.0.0.2/"
        chanel = 3
        password = 12
        mode = "wtch"
        [[camera]]
        id = "c"
        """,
    ) == [
        "agent.toml: site.id: " + slug + ", got 'North Gate'",
        "agent.toml: broker.host: expected a value, and there is none",
        "agent.toml: broker.port: expected a valid integer, unable to parse string as an integer, got 'abc'",
        "agent.toml: broker.hots: there is no such key; did you mean `host`?",
        "agent.toml: report.interval_s: expected greater than 0, got 0",
        "agent.toml: camera[1].url: " + url + ", got 'rtps://10.0.0.1/' (camera 'a')",
        "agent.toml: camera[2].password: expected a valid string, got int (camera 'b')",
        "agent.toml: camera[2].mode: expected 'watch' or 'sample', got 'wtch' (camera 'b')",
        "agent.toml: camera[2].chanel: there is no such key; did you mean `channel`? (camera 'b')",
        "agent.toml: camera[3].url: expected a URL, or `vendor` and `host` in its place (camera 'c')",
        "agent.toml: spol: there is no such key; did you mean `spool`?",
    ]


def test_a_backlog_as_fast_as_a_flood_is_refused_with_the_reason(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, START + "[spool]\nbacklog_per_s = 101")
    assert problem.startswith(
        "agent.toml: spool.backlog_per_s: expected at most 100: the collector shuts a site out"
    )
    assert load_text(tmp_path, START + "[spool]\nbacklog_per_s = 100").spool.backlog_per_s == 100


@pytest.mark.parametrize(
    ("camera", "expected"),
    [
        ('id = "a"\nurl = "rtsp://h/"\nhost = "h"', "camera[1].host: expected no `host` beside a `url`"),
        ('id = "a"\nhost = "h"', "camera[1].vendor: expected the vendor, since there is a `host`"),
        ('id = "a"\nhost = "h"\nvendor = "hikvison"', "Did you mean hikvision"),
        ('id = "a"\nhost = "h"\nvendor = "hikvision"\nchannel = 0', "camera[1].channel: expected greater than or"),
        ('id = "a"\nurl = "rtsp://h/"\npassword = "p"', "camera[1].user: expected the user's name"),
        ('id = "a"\nurl = "rtsp://u:p@h/"\npassword = "q"', "camera[1].password: expected one password"),
        (
            'id = "a"\nurl = "rtsp://h/"\nuser = "u"\npassword_file = "none"',
            "camera[1].password_file: expected a file",
        ),
        ('id = "a"\nurl = "rtsp://h/"\ntimeout_s = "soon"', "camera[1].timeout_s: expected a valid number"),
        (
            'id = "a"\nurl = "rtsp://h/"\n[[camera]]\nid = "a"\nurl = "rtsp://h/"',
            "camera: expected each `id` once",
        ),
    ],
)
def test_a_camera_that_cannot_be_is_told_with_the_key_to_mend(tmp_path: Path, camera: str, expected: str) -> None:
    assert expected in "\n".join(problems(tmp_path, f"{START}[[camera]]\n{camera}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[site", "agent.toml: expected TOML: Expected ']'"),
        (START + "\xff", "agent.toml: expected TOML"),
        ("camera = 3", "agent.toml: camera: expected a valid list, got 3"),
        (
            START.replace("[broker]", '[broker]\nca_file = "agent.toml"\ntls = true'),
            "broker.ca_file: expected a file of",
        ),
        (START + "tls = 3", "agent.toml: broker.tls: expected a valid boolean"),
        (START + 'password = "p"', "agent.toml: broker.user: expected the user's name"),
    ],
)
def test_a_file_that_cannot_be_is_told(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in "\n".join(problems(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"agent\.toml: expected a file that can be read \(No such file"):
        load(tmp_path / "agent.toml")


def test_credentials_are_taken_out_of_the_url(tmp_path: Path) -> None:
    config = load_text(tmp_path, START + '[[camera]]\nid = "a"\nurl = "rtsp://op:p%40ss#1@10.0.0.1:8554/a b"')
    camera = config.camera[0]
    assert (camera.url, camera.user, secret(camera)) == ("rtsp://10.0.0.1:8554/a%20b", "op", "p@ss#1")


def test_a_vendor_and_a_host_make_the_url_and_its_credentials_stay_apart(tmp_path: Path) -> None:
    entries = (
        '[[camera]]\nid = "a"\nvendor = "hikvision"\nhost = "10.0.0.1"\nchannel = 2\nuser = "u"\npassword = "p"\n'
        '[[camera]]\nid = "b"\nvendor = "xmeye"\nhost = "10.0.0.2"\nuser = "u"\npassword = "p4ss"\n'
        '[[camera]]\nid = "c"\nurl = "rtsp://10.0.0.3/user=u_password=p4ss_channel=1_stream=0.sdp"\n'
    )
    hikvision, xmeye, copied = load_text(tmp_path, START + entries).camera
    assert hikvision.url == "rtsp://10.0.0.1/Streaming/Channels/202"
    assert xmeye.url is not None
    assert "p4ss" not in xmeye.url
    assert copied.url is not None
    assert "p4ss" not in copied.url
    assert (copied.user, secret(copied)) == ("u", "p4ss")


def test_passwords_come_from_files_and_systemd_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "broker").write_text("of the broker\n")
    (credentials / "camera-a").write_text("of camera a")
    (credentials / "camera-b").write_text("not this one")
    (tmp_path / "b.password").write_text("of camera b\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    config = load_text(
        tmp_path,
        START + 'user = "site"\n'
        '[[camera]]\nid = "a"\nurl = "rtsp://h/"\nuser = "u"\n'
        '[[camera]]\nid = "b"\nurl = "rtsp://h/"\nuser = "u"\npassword_file = "b.password"\n',
    )
    assert secret(config.broker) == "of the broker"
    assert [secret(camera) for camera in config.camera] == ["of camera a", "of camera b"]


def test_the_environment_goes_before_the_file_and_is_named_where_it_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANTAU_AGENT_BROKER__HOST", "10.9.9.9")
    monkeypatch.setenv("PANTAU_AGENT_REPORT__INTERVAL_S", "7")
    config = load_text(tmp_path, START)
    assert (config.broker.host, config.report.interval_s) == ("10.9.9.9", 7)
    monkeypatch.setenv("PANTAU_AGENT_REPORT__INTERVAL_S", "-4")
    assert problems(tmp_path, START) == ["$PANTAU_AGENT_REPORT__INTERVAL_S: expected greater than 0, got '-4'"]


def test_no_password_is_shown_by_repr_or_by_an_error(tmp_path: Path) -> None:
    entry = (
        '[[camera]]\nid = "a"\nurl = "rtsp://op:hunter2@h/"\n[[camera]]\nid = "b"\nuser = "u"\nurl = "rtsp://h/"\n'
    )
    config = load_text(tmp_path, START + entry + 'password = "hunter2"')
    assert "hunter2" not in f"{config!r} {config.model_dump_json()} {config.camera!s}"
    wrong = [
        START + entry + "password = 1.5\nmode = 3",
        START + entry.replace("rtsp", "rtps"),
        START + entry.replace('"b"', '"a"'),
        START + entry + 'password = ["hunter2"]',
    ]
    for text in wrong:
        assert "hunter2" not in "\n".join(problems(tmp_path, text))


@pytest.mark.parametrize(("mode", "warned"), [(0o644, True), (0o640, False)])
def test_a_file_with_passwords_that_everyone_can_read_is_warned_of(
    tmp_path: Path, mode: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    load_text(tmp_path, START + '[[camera]]\nid = "a"\nurl = "rtsp://u:p@h/"', mode=mode)
    assert ("chmod o-r" in caplog.text) is warned
    caplog.clear()
    load_text(tmp_path, START, mode=mode)
    assert "chmod" not in caplog.text


@pytest.mark.parametrize(
    ("host", "tls", "warned"),
    [
        ("broker.example", "false", True),
        ("10.0.0.5", "false", True),
        ("broker.example", "true", False),
        ("127.0.0.1", "false", False),
        ("localhost", "false", False),
        ("::1", "false", False),
    ],
)
def test_a_broker_on_another_machine_without_tls_is_warned_of(
    tmp_path: Path, host: str, tls: str, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    load_text(tmp_path, f'[site]\nid = "kabil"\n[broker]\nhost = "{host}"\ntls = {tls}\n')
    assert ("broker.tls: the password and all pictures cross the network" in caplog.text) is warned


PICTURE = START + '[[camera]]\nid = "gate"\nurl = "rtsp://10.0.0.1/"\n[camera.picture]\n'


def test_how_pictures_are_judged_reaches_the_judge_s_own_settings(tmp_path: Path) -> None:
    text = (
        'learning_h = 0.5\nmoves_on_purpose = true\nreport_only = ["moved"]\n'
        "sensitivity = { covered = 0.8 }\nmasked = [[0, 0, 0.3, 0.2]]\n"
    )
    assert load_text(tmp_path, PICTURE + text).camera[0].picture.settings == PictureSettings(
        sensitivity={Cause.COVERED: 0.8},
        report_only=frozenset({Cause.MOVED}),
        moves_on_purpose=True,
        learning_s=1800,
        masked=((0, 0, 0.3, 0.2),),
    )
    assert load_text(tmp_path, PICTURE).camera[0].picture.settings == PictureSettings()


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ('report_only = ["stalled"]', "picture.report_only", "'frozen'"),
        ("sensitivity = { covered = 3 }", "picture.sensitivity.covered", "2"),
        ("masked = [[0.5, 0, 0.2, 1]]", "picture.masked", "left < right"),
        ("masked = [[0, 0, 1, 1]]", "picture.masked", "leave some of the picture"),
        ("masked = [[0, 0, 640, 360]]", "picture.masked", "1"),
        ("learning_h = -1", "picture.learning_h", "0"),
    ],
)
def test_a_wrong_key_of_the_picture_is_named(tmp_path: Path, text: str, key: str, expected: str) -> None:
    listed = "\n".join(problems(tmp_path, PICTURE + text))
    assert key in listed
    assert expected in listed


def test_a_device_has_known_cameras_and_an_id_of_its_own(tmp_path: Path) -> None:
    site = '[site]\nid = "north"\n[broker]\nhost = "b"\n[[camera]]\nid = "gate"\nurl = "rtsp://c/"\n'
    device = '[[device]]\nid = "switch"\nhost = "192.0.2.1"\n'
    assert load_text(tmp_path, site + device).device == [Device(id="switch", host="192.0.2.1")]
    [twice] = problems(tmp_path, site + 2 * device)
    assert "expected each `id` once, got 'switch' more than once" in twice
    [unknown] = problems(tmp_path, site + device + 'cameras = ["gate", "hall"]\n')
    assert "expected the `id` of a camera in `cameras`, got 'hall'" in unknown
