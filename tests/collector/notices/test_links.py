import pytest

from pantau_collector.notices.links import Claim, LinkError, Links
from tests.collector.notices.examples import SECRET, SINCE_MS, camera_notice, links

LINK = links().acknowledge(camera_notice(), "noc")


def query(link: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in link.partition("?")[2].split("&"))


def test_a_link_says_which_outage_and_for_whom() -> None:
    assert links().read(query(LINK)) == Claim(12, SINCE_MS, "noc")


@pytest.mark.parametrize(
    "change",
    [
        {"i": "13"},
        {"r": "boss"},
        {"t": str(SINCE_MS + 1)},
        {"e": "99999999999"},
        {"s": ""},
        {"s": "x" * 22},
        {"s": "é"},
        {"i": "twelve"},
        {"e": "soon"},
    ],
)
def test_a_link_that_was_changed_is_not_valid(change: dict[str, str]) -> None:
    with pytest.raises(LinkError) as error:
        links().read({**query(LINK), **change})
    assert not error.value.expired


@pytest.mark.parametrize("key", ["i", "t", "r", "e", "s"])
def test_a_link_that_was_cut_is_not_valid(key: str) -> None:
    with pytest.raises(LinkError):
        links().read({name: value for name, value in query(LINK).items() if name != key})


def test_another_collectors_link_is_not_valid() -> None:
    other = Links(public_url="https://x", secret=lambda: SECRET + b"!", valid_s=3600, time_ms=lambda: SINCE_MS)
    with pytest.raises(LinkError):
        other.read(query(LINK))


def test_a_link_is_valid_for_its_time() -> None:
    assert links(now_ms=SINCE_MS + 3_600_000).read(query(LINK)).incident == 12
    with pytest.raises(LinkError) as error:
        links(now_ms=SINCE_MS + 3_601_000).read(query(LINK))
    assert error.value.expired
