"""The tables of people in the configuration: an error names the recipient and the key, and shows no secret."""

from pathlib import Path

import pytest

from pantau_collector.config import load
from pantau_collector.notices.recipients import Filter
from tests.collector.test_config import problems

GOOD = 'urls = ["json://localhost/"]'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "collector.toml"


@pytest.mark.parametrize(
    ("key", "line", "wanted"),
    [
        ("urls", "urls = []", "at least 1 item"),
        ("urls[1]", 'urls = ["nonsense"]', "Unsupported URL"),
        ("urls[1]", 'urls = ["mailto://127.0.0.1/?from=a@b.example&to=anyone"]', "Dropped invalid"),
        ("urls[1]", 'urls = ["webhooks://hooks.example/geheim"]', "webhooks://:SECRET@HOST/PATH"),
        ("urls[1]", 'urls = ["tgram://geheim"]', ""),
        ("quiet_hours[1]", f'{GOOD}\nquiet_hours = ["22-6"]', "`22:00-06:00`"),
        ("hours[2]", f'{GOOD}\nhours = ["Mon 08:00-09:00", "Foo 08:00-09:00"]', "days such as"),
        ("hourly_limit", f"{GOOD}\nhourly_limit = 0", "greater than or equal to 1"),
        ("delivery", f'{GOOD}\ndelivery = "some"', "'all' or 'in_order'"),
        ("criticality[1]", f'{GOOD}\ncriticality = ["huge"]', "'low', 'normal' or 'high'"),
        ("quite_hours", f'{GOOD}\nquite_hours = ["22:00-06:00"]', "did you mean `quiet_hours`?"),
    ],
)
def test_a_recipient_that_is_wrong_is_told_at_start(path: Path, key: str, line: str, wanted: str) -> None:
    (problem,) = problems(path, f'[[recipient]]\nid = "ani"\n{line}\n')
    assert problem.startswith(f"recipient[1].{key}: "), problem
    assert wanted in problem
    assert "geheim" not in problem
    assert "ani" in problem


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            '[[group]]\nid = "tim"\nmembers = ["anni"]',
            "group[1].members: there is no recipient `anni`; did you mean `ani`?",
        ),
        (
            '[[escalation]]\nafter_min = 5\nrecipients = ["bos"]',
            "escalation[1].recipients: there is no recipient or group `bos`; expected one of ani",
        ),
        (
            '[[group]]\nid = "ani"\nmembers = ["ani"]',
            "expected each recipient's or group's id once, got 'ani' more than once",
        ),
    ],
)
def test_who_is_named_must_be_there_once(path: Path, text: str, wanted: str) -> None:
    (problem,) = problems(path, f'[[recipient]]\nid = "ani"\n{GOOD}\n{text}\n')
    assert wanted in problem


def test_levels_of_escalation_go_by_their_time_and_name_people_and_groups(path: Path) -> None:
    path.write_text(
        f"""
        [[recipient]]
        id = "ani"
        {GOOD}
        [[recipient]]
        id = "ben"
        {GOOD}
        [[group]]
        id = "all"
        members = ["ani", "ben"]
        [[escalation]]
        after_min = 60
        recipients = ["all"]
        [[escalation]]
        after_min = 10.5
        recipients = ["ben"]
        """
    )
    people = load(path).people
    assert [level.after_min for level in people.levels] == [10.5, 60]
    assert people.expand(people.levels[1].recipients) == {"ani", "ben"}


def test_a_filter_understands_the_former_name_of_a_cause() -> None:
    assert Filter(causes=frozenset({"not_rtsp", "black"})).causes == {"wrong_protocol", "black"}
