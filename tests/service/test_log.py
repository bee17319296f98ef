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
    logging.getLogger("x").error("two\nlines")
    logging.getLogger("x").info("one")
    assert capsys.readouterr().err == "<3>two\n<3>lines\n<6>one\n"


def test_programs_read_a_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("debug", as_json=True, to_journal=True)
    logging.getLogger("x").error("it failed:\nodd", exc_info=ValueError("odd"))
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["logger"], line["message"]) == ("error", "x", "it failed:\nodd")
    assert "ValueError: odd" in line["exception"]
    assert line["time"].endswith("Z")
