import pytest

from pantau_collector.notices.channel import ChannelError, open_channel
from pantau_collector.notices.targets import select_target, split_number, split_targets

TELEGRAM = "tgram://123456789:AAEtokentokentokentokentokentoken123/11/22"


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("mailto://h/?from=a@b.example&to=c@b.example", 1),
        ("mailto://h/?from=a@b.example&to=c@b.example,d@b.example&cc=e@b.example&bcc=f@b.example", 4),
        ("mailto://h/?from=a@b.example&to=c@b.example&cc=c@b.example", 1),
        (TELEGRAM, 2),
        ("json://localhost/x", 1),
        ("webhook://:secret@localhost/x", 1),
        ("nonsense", 1),
    ],
)
def test_each_person_that_a_url_names_is_a_target(url: str, count: int) -> None:
    targets = split_targets(url)
    assert len(targets) == count
    if count == 1:
        assert targets == (url,)
    else:
        assert [split_number(target) for target in targets] == [(url, number + 1) for number in range(count)]


def test_a_service_sends_to_the_target_that_is_chosen() -> None:
    service = open_channel(TELEGRAM)
    select_target(service, 2)
    assert "22" in str(vars(service)["targets"])
    assert len(vars(service)["targets"]) == 1
    with pytest.raises(ChannelError, match="no target 3"):
        select_target(open_channel(TELEGRAM), 3)
