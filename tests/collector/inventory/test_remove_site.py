import tomllib

import pytest

from pantau_collector.inventory.remove_site import without_site

TEXT = """\
# The city.

[[owner]]
id = "dishub"

# The gate at the harbour.
[[site]]
id = "kabil" # beside the quay
name = "Kabil"

[[site]] # the other
id = "nongsa"

# [[site]] of old
[[camera]]
site = "kabil"
id = "utara"

# At the quay, and it stays.
[[camera]]
site = "nongsa"
id = "utara"
tags = [
  "kabil",
]
"""


def test_a_sites_entries_go_with_the_comments_above_them_and_all_else_stays_as_it_was_written() -> None:
    assert (
        without_site(TEXT, "kabil")
        == """\
# The city.

[[owner]]
id = "dishub"

[[site]] # the other
id = "nongsa"

# At the quay, and it stays.
[[camera]]
site = "nongsa"
id = "utara"
tags = [
  "kabil",
]
"""
    )


def test_a_site_that_is_not_there_changes_nothing() -> None:
    assert without_site(TEXT, "sekupang") == TEXT
    assert without_site("", "sekupang") == ""


def test_a_header_within_a_text_is_none() -> None:
    text = '[[site]]\nid = "a"\nname = """\n[[site]]\nid = "kabil"\n"""\n[[site]]\nid = "kabil"\n'
    try:
        left = tomllib.loads(without_site(text, "kabil"))
    except ValueError:
        return  # refused, and the file stays as it is
    assert left == {"site": [{"id": "a", "name": '[[site]]\nid = "kabil"\n'}]}


@pytest.mark.parametrize(
    "text", ['site = [{id = "kabil"}, {id = "b"}]\n', 'camera = [{site = "kabil", id = "a"}, {site = "b"}]\n']
)
def test_a_file_that_cannot_be_changed_safely_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="by hand"):
        without_site(text, "kabil")
