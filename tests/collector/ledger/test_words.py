"""Every bucket and every evidence has words for people, and stands on the collector's page."""

from pathlib import Path

import pytest

from pantau_collector.ledger import Bucket, Evidence
from pantau_contract.words import LANGUAGES, words

README = (Path(__file__).parents[3] / "collector" / "README.md").read_text("utf-8")
SECTION = README.split("\n## The ledger\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_has_words(language: str) -> None:
    say = words("id" if language == "id" else "en")
    assert all(say(f"ledger.bucket.{bucket}") for bucket in Bucket)
    assert all(say(f"ledger.evidence.{evidence}", device="switch") for evidence in Evidence)


def test_each_stands_on_the_page() -> None:
    assert [each for each in (*Bucket, *Evidence) if f"`{each}`" not in SECTION] == []
