import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantau_contract.errors import ContractError
from pantau_contract.topics import SLUG, SUBSCRIPTIONS, Topic, TopicKind, parse_topic, site_of

SLUGS = st.from_regex(SLUG, fullmatch=True)


@given(SLUGS, SLUGS, st.sampled_from(TopicKind))
def test_every_topic_comes_back_as_it_was(site: str, camera: str, kind: TopicKind) -> None:
    topic = Topic(site, kind, camera if kind in {TopicKind.STATE, TopicKind.SNAPSHOT} else None)
    assert parse_topic(str(topic)) == topic


@given(st.text())
def test_any_text_is_a_topic_or_a_contract_error(text: str) -> None:
    for topic in (text, f"pantau/v1/{text}", f"pantau/v1/site/{text}", f"pantau/v1/site/camera/{text}/state"):
        try:
            assert str(parse_topic(topic)) == topic
        except ContractError as error:
            assert str(error)


@pytest.mark.parametrize(
    "text",
    [
        "pantau/v1/a",
        "pantau/v2/a/agent",
        "pantau/v1/a/state",
        "pantau/v1/a/camera/b/telemetry",
        "pantau/v1/A/agent",
        "pantau/v1/../agent",
        "pantau/v1/a\n/agent",
        "pantau/v1/a/camera//state",
    ],
)
def test_what_is_not_a_topic_is_told(text: str) -> None:
    with pytest.raises(ContractError, match="topic"):
        parse_topic(text)


def test_a_collector_subscribes_to_all_that_an_agent_publishes() -> None:
    published = {"agent", "telemetry", "camera/+/state", "camera/+/snapshot", "reply"}
    assert {subscription.removeprefix("pantau/v1/+/") for subscription in SUBSCRIPTIONS} == published


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("pantau/v1/kabil/telemetry", "kabil"),
        ("pantau/v1/kabil/camera/c/state", "kabil"),
        ("pantau/v1/kabil", "kabil"),
        ("pantau/v1/UPPER/telemetry", "UPPER"),
        ("pantau/v1/" + "a" * 63 + "/agent", "a" * 63),
        ("pantau/v1/" + "a" * 60_000, "a" * 63),
        ("pantau/v1//agent", ""),
        ("elsewhere/kabil", ""),
        ("", ""),
    ],
)
def test_the_site_of_any_topic_is_found_without_any_other_check(text: str, site: str) -> None:
    assert site_of(text) == site
