"""`pantau-agent picture`, beside judges that run as in the agent."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner, Result

from pantau_agent.cli import app
from pantau_agent.commands import picture as picture_command
from pantau_agent.commands.picture_page import explanation_page
from pantau_agent.picture.explanation import Explanation
from pantau_agent.picture.view_requests import ViewRequest, ViewRequests
from pantau_contract.states import Cause
from pantau_contract.words import words
from pantau_contract.words.evidence import Detail, detail
from tests.agent.picture.kept_judges import KeptJudges
from tests.agent.picture.street import Picture, Street
from tests.agent.picture.test_judge_pool import causes, trained
from tests.agent.picture.test_view import half_covered, shifted

CONFIG = """
[site]
id = "north"
[broker]
host = "broker"
[spool]
path = "spool.sqlite"
[[camera]]
id = "gate"
url = "rtsp://10.0.0.1/"
"""


@pytest.fixture(autouse=True)
def same_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user of the tests, which a command that runs in their process would give up for good."""
    monkeypatch.setattr(picture_command, "become_service_user", lambda *_, **__: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "agent.toml").write_text(CONFIG)
    (tmp_path / "pictures").mkdir()
    return tmp_path


def run(folder: Path, command: str, *more: str, wait: str = "60", camera: str = "gate") -> Result:
    options = ["--config", str(folder / "agent.toml"), "--wait", wait, "--language", "en", *more]
    return CliRunner().invoke(app, ["picture", command, camera, *options])


@pytest.fixture
def agent() -> Iterator["Agent"]:
    """Start an agent that judges the gate's pictures until the test ends."""
    end = threading.Event()
    threads: list[threading.Thread] = []

    def start(judges: KeptJudges, shown: Callable[[Street, int], Picture]) -> None:
        def watch() -> None:
            street, k = Street(), 30
            while not end.wait(0.05):
                judges.judged(shown(street, k), k)
                k += 1

        threads.append(threading.Thread(target=watch))
        threads[-1].start()

    yield start
    end.set()
    for thread in threads:
        thread.join()


Agent = Callable[[KeptJudges, Callable[[Street, int], Picture]], None]


def test_accepting_a_view_beside_a_running_agent(folder: Path, agent: Agent) -> None:
    judges = trained(folder / "pictures")
    assert causes(judges, shifted, range(20, 30))[-1] is Cause.MOVED
    agent(judges, shifted)
    result = run(folder, "accept")
    assert result.exit_code == 0, result.output
    assert "right view" in result.output
    assert causes(KeptJudges(folder / "pictures"), shifted, range(60, 90)) == [None] * 30


def test_explaining_beside_a_running_agent(folder: Path, agent: Agent) -> None:
    judges = trained(folder / "pictures")
    causes(judges, half_covered, range(20, 30))
    agent(judges, half_covered)
    result = run(folder, "explain", "--out", str(folder / "gate.html"), "--json")
    assert result.exit_code == 0, result.output
    alarms = json.loads(result.output)
    assert (alarms["done"], alarms["cause"]) == (True, "covered")
    assert alarms["evidence"]["covered"] > 0.5
    assert "data:image/jpeg;base64," in (folder / "gate.html").read_text()
    assert [path.name for path in (folder / "pictures").iterdir()] == []


def test_without_an_agent_nothing_changes_and_that_is_said(folder: Path) -> None:
    result = run(folder, "accept", wait="0.3")
    assert result.exit_code == 1
    assert "nothing was changed" in result.output
    assert not ViewRequests(folder / "pictures").is_pending("gate", ViewRequest.ACCEPT)
    assert run(folder, "explain", "--out", str(folder / "gate.html"), wait="0.3").exit_code == 1
    assert not (folder / "gate.html").exists()


def test_a_picture_file_is_explained_without_an_agent(folder: Path) -> None:
    trained(folder / "pictures").save()
    cv2.imwrite(str(folder / "now.jpg"), half_covered(Street(), 20))
    now, drawing = str(folder / "now.jpg"), str(folder / "gate.jpg")
    result = run(folder, "explain", "--picture", now, "--out", drawing, "--json")
    assert json.loads(result.output)["evidence"]["covered"] > 0.5
    assert (folder / "gate.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_wrong_usage_is_said_with_what_to_do(folder: Path) -> None:
    result = run(folder, "accept", camera="gatee")
    assert (result.exit_code, "Known: gate" in result.output) == (2, True)
    (folder / "note.jpg").write_text("not a picture")
    result = run(folder, "explain", "--picture", str(folder / "note.jpg"), "--out", str(folder / "gate.html"))
    assert (result.exit_code, "is not a picture" in result.output) == (2, True)
    (folder / "pictures").rmdir()
    result = run(folder, "accept")
    assert (result.exit_code, "sudo" in result.output) == (2, True)


def test_the_page_is_complete_in_itself_and_lets_no_markup_in() -> None:
    evidence = {"moved": 0.1, "covered": 0.9}
    made = explanation_page(
        "gate <b>", Explanation(Cause.COVERED, evidence, Detail("60% <i>"), b"jpeg"), words("id")
    )
    assert "gate &lt;b&gt;" in made
    assert "60% &lt;i&gt;" in made
    assert "data:image/jpeg;base64," in made
    assert made.index("<td>covered") < made.index("<td>moved")
    assert words("id").meaning("covered") in made


def test_the_page_gives_the_judges_reason_in_the_language() -> None:
    explanation = Explanation(Cause.COVERED, {}, detail("covered", share="60%"), b"jpeg")
    assert "60% of the scene is hidden" in explanation_page("gate", explanation, words("en"))
    indonesian = explanation_page("gate", explanation, words("id"))
    assert ("60% pandangan tertutup" in indonesian, "hidden" in indonesian) == (True, False)
