"""The records of decisions: numbered without a gap, complete, and all in the index."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def test_the_index_lists_every_record_in_order() -> None:
    rows = re.findall(
        r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \| (\S+) \|$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert [name for _, name, _, _ in rows] == [path.name for path in RECORDS]
    assert [number for number, *_ in rows] == [f"{number:04d}" for number in range(1, len(RECORDS) + 1)]
    for _, name, title, date in rows:
        text = (FOLDER / name).read_text("utf-8")
        assert text.startswith(f"# {int(name[:4])}. {title}\n")
        assert f"- Date: {date}\n" in text


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_is_complete(path: Path) -> None:
    text = path.read_text("utf-8")
    status = re.search(r"^- Status: (accepted|superseded)$", text, re.MULTILINE)
    superseded = re.search(r"^- Superseded by: (-|\d{4})$", text, re.MULTILINE)
    assert status
    assert superseded
    assert (status[1] == "superseded") == (superseded[1] != "-")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
