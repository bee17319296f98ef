from pathlib import Path

import pytest

from tests.collector.commands.command import call, called_json, configured
from tests.servers.process import free_port
from tests.servers.smtp import Mailbox


def recipients(mail_port: int) -> dict[str, object]:
    mail = f"mailto://127.0.0.1:{mail_port}/?from=pantau@city.example&to=noc@city.example"
    return {
        "recipient": [
            {
                "id": "noc",
                "name": "Ruang kendali",
                "urls": [mail, f"json://127.0.0.1:{free_port()}/rahasia-token"],
                "quiet_hours": ["22:00-06:00"],
            },
            {"id": "dishub", "owners": ["dishub"], "criticality": ["high"], "urls": [mail], "language": "en"},
        ],
        "group": [{"id": "semua", "members": ["noc"]}],
        "escalation": [{"after_min": 15, "recipients": ["semua"]}],
    }


@pytest.fixture
def config(tmp_path: Path, smtp: Mailbox) -> Path:
    (tmp_path / "inventory.toml").write_text('[[owner]]\nid = "dishub"\n')
    return configured(tmp_path, inventory="inventory.toml", **recipients(smtp.port))


def test_who_is_told_of_what_is_listed_without_addresses(config: Path) -> None:
    told = called_json("recipients", "list", "--config", config)
    assert [each["id"] for each in told] == ["noc", "dishub"]
    assert told[0]["channels"] == ["1-mailto", "2-json"]
    assert told[0]["escalation_levels"] == [1]
    assert told[1]["told_of"] == [{"owners": ["dishub"], "criticality": ["high"]}]
    shown = call("recipients", "list", "--config", config).stdout
    assert "by 1-mailto, 2-json" in shown
    assert "told of everything" in shown
    assert "told of what nobody has taken: level 1" in shown
    assert "quiet 22:00-06:00" in shown
    assert "rahasia" not in shown


def test_a_test_notice_goes_out_on_each_channel_and_what_failed_is_told_without_secrets(
    config: Path, smtp: Mailbox
) -> None:
    done = call("recipients", "test", "noc", "--config", config)
    assert done.exit_code == 1
    assert "1-mailto: taken" in done.stdout
    assert "2-json: " in done.stdout
    assert "rahasia" not in done.output
    [mail] = smtp.wait(1)
    assert mail["Subject"] == "[UJI] Pantau: pemberitahuan uji"
    assert mail["To"] == "noc@city.example"
    assert "Ruang kendali" in mail.get_body().get_content()  # type: ignore[union-attr] # it has one


def test_one_channel_alone_is_tried_in_the_recipients_language(config: Path, smtp: Mailbox) -> None:
    told = called_json("recipients", "test", "dishub", "--channel", "1-mailto", "--config", config)
    assert told == {"1-mailto": {"taken": True, "error": None}}
    [mail] = smtp.wait(1)
    assert mail["Subject"] == "[TEST] Pantau: a test notice"


def test_somebody_who_is_not_there_is_told(config: Path) -> None:
    done = call("recipients", "test", "nok", "--config", config)
    assert done.exit_code == 2
    assert "there is no recipient `nok`; did you mean `noc`?" in done.stderr
    done = call("recipients", "test", "noc", "--channel", "3-sms", "--config", config)
    assert done.exit_code == 2
    assert "--channel: noc has no `3-sms`; expected one of 1-mailto, 2-json" in done.stderr
