"""`pantau-agent picture`, on files."""

from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from pantau_agent.commands.picture import app
from pantau_agent.picture.judge import Judge
from pantau_agent.picture.settings import Settings
from pantau_agent.picture.shelf import Shelf
from tests.picture.street import Street, judge_that_knows, look
from tests.picture.test_view import half_covered, shifted


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "pictures")
    shelf.put("gate", judge_that_knows(Street()).memory)
    cv2.imwrite(str(tmp_path / "shifted.jpg"), shifted(Street(), 20))
    cv2.imwrite(str(tmp_path / "covered.jpg"), half_covered(Street(), 20))
    return shelf


def run(tmp_path: Path, command: str, picture: str, *more: str) -> tuple[int, str]:
    place = ["--picture", str(tmp_path / picture), "--memories", str(tmp_path / "pictures")]
    result = CliRunner().invoke(app, [command, "gate", *place, *more])
    return result.exit_code, result.output


def test_accepting_a_view_changes_what_is_remembered(tmp_path: Path, shelf: Shelf) -> None:
    assert run(tmp_path, "accept", "shifted.jpg")[0] == 0
    judge = Judge(10, Settings(learning_s=0), shelf.take("gate")[0])
    street = Street()
    assert {look(judge, shifted(street, k), k).cause for k in range(31, 50)} == {None}


def test_explaining_writes_a_page_with_the_evidence(tmp_path: Path, shelf: Shelf) -> None:
    assert shelf.take("gate")[0].pictures
    assert run(tmp_path, "explain", "covered.jpg", "--out", str(tmp_path / "gate.html"))[0] == 0
    page = (tmp_path / "gate.html").read_text()
    assert "data:image/jpeg;base64," in page
    evidence = {row.split("</td>")[0]: float(row.split("value=")[1][:5]) for row in page.split("<tr><td>")[1:]}
    assert evidence["covered"] > 0.5
    assert evidence["black"] == 0


def test_what_is_no_picture_is_said_with_what_to_do(tmp_path: Path, shelf: Shelf) -> None:
    assert shelf.take("gate")[0].pictures
    (tmp_path / "note.jpg").write_text("not a picture")
    code, output = run(tmp_path, "accept", "note.jpg")
    assert code == 2
    assert "is not a picture" in output
    assert "--snapshot" in output
    assert run(tmp_path, "accept", "missing.jpg")[0] == 2
