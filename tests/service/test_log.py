import json
import logging
from collections.abc import Iterator

import pytest

from pantau_service import log


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_people_read_level_and_words(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("info", as_json=False, to_journal=False)
    logging.getLogger("pantau_service.x").warning("camera %s is down", "gate")
    logging.getLogger("pantau_service.x").debug("nobody wants to know")
    assert capsys.readouterr().err == "WARNING: camera gate is down\n"


def test_the_journal_gets_a_priority_before_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("info", as_json=False, to_journal=True)
    logging.getLogger("x").error("two lines of %s", "an error", exc_info=ValueError("odd"))
    logging.getLogger("x").info("one")
    assert capsys.readouterr().err == "<3>two lines of an error\n<3>ValueError: odd\n<6>one\n"


@pytest.mark.parametrize("to_journal", [False, True])
def test_what_others_wrote_makes_no_line_and_controls_no_terminal(
    capsys: pytest.CaptureFixture[str], to_journal: bool
) -> None:
    log.set_up("info", as_json=False, to_journal=to_journal)
    logging.getLogger("x").info("camera %s is down", "gate\r\n<0>kernel panic\x1b[2J\u202e")
    assert capsys.readouterr().err.removeprefix("INFO: ").removeprefix("<6>") == (
        "camera gate  <0>kernel panic [2J is down\n"
    )


def test_programs_read_a_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("debug", as_json=True, to_journal=True)
    logging.getLogger("x").error("it failed:\nodd \u202e", exc_info=ValueError("odd"))
    printed = capsys.readouterr().err
    assert printed.isascii()
    line = json.loads(printed)
    assert (line["level"], line["logger"], line["message"]) == ("error", "x", "it failed:\nodd \u202e")
    assert "ValueError: odd" in line["exception"]
    assert line["time"].endswith("Z")
