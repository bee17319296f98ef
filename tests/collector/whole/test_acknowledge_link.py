"""A failing camera leads to a real mail, its link to a button, and the button to an acknowledged incident."""

import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pantau_contract.states import Cause
from tests.collector.commands.command import call
from tests.collector.intake.messages import Publisher
from tests.collector.whole.city import Agent, Collector, subjects
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import free_port
from tests.servers.smtp import Mailbox


def test_the_link_in_a_mail_takes_the_outage(tmp_path: Path, mosquitto: Mosquitto, smtp: Mailbox) -> None:
    port = free_port()
    mail = f"mailto://127.0.0.1:{smtp.port}/?from=pantau@city.example&to="
    people = [
        {"id": each, "name": each.title(), "language": "en", "urls": [f"{mail}{each}@city.example"]}
        for each in ("ani", "ben")
    ]
    web = {"port": port, "public_url": f"http://127.0.0.1:{port}"}

    with (
        Collector(tmp_path / "collector", mosquitto.port, web=web, recipient=people) as collector,
        Publisher(mosquitto.port) as publisher,
    ):
        agent = Agent(publisher)
        agent.birth()
        with agent.reporting():
            agent.set("cam1", Cause.STALLED)
            mails = smtp.wait(2)
            text = next(each for each in mails if "ani@" in each["To"]).get_body(("plain",))
            assert text is not None
            link = re.search(r"http://\S+/ack\?\S+", text.get_content())
            assert link is not None
            with urllib.request.urlopen(link.group(), timeout=60) as answer:
                page = answer.read().decode()
            assert "kabil / cam1" in page
            assert "<form" in page
            with urllib.request.urlopen(link.group(), data=b"hours=4", timeout=60) as answer:
                assert "Noted: Ani is on it." in answer.read().decode()
            assert len(smtp.wait(3)) == 3
            assert call("renew-secret", "--config", collector.config).exit_code == 0
            with pytest.raises(urllib.error.HTTPError) as error:
                urllib.request.urlopen(link.group(), data=b"hours=4", timeout=60)
            assert error.value.code == 403, "a link from before the secret was renewed"
    assert smtp.mails[2]["To"] == "ben@city.example"
    assert subjects(smtp)[2] == "[TAKEN] kabil / cam1: Ani is on it: the stream stopped in the middle"
