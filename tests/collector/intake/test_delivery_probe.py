import pytest

from pantau_collector.intake.delivery_probe import PROBE_PREFIX, PROBE_SITE, TOPICS, DeliveryProbe
from pantau_contract.topics import SUBSCRIPTIONS, parse_topic


def round_trip(probe: DeliveryProbe, now_s: float, *, without: int | None = None) -> None:
    for index, (_, payload) in enumerate(probe.take_due(now_s)):
        if index != without:
            probe.note_returned(payload, now_s)


def test_there_is_a_probe_for_every_topic_filter_of_the_contract() -> None:
    topics = [parse_topic(each) for each in TOPICS]
    assert len(topics) == len(SUBSCRIPTIONS)
    assert {each.site for each in topics} == {PROBE_SITE}
    assert [topic for topic, _ in DeliveryProbe().take_due(0)] == list(TOPICS)


def test_nothing_is_proven_before_every_probe_has_returned() -> None:
    probe = DeliveryProbe()
    probe.begin(0)
    assert not probe.is_proven(0)
    assert "has not yet delivered" in str(probe.trouble(14.9, None))
    round_trip(probe, 0)
    assert probe.is_proven(0)
    assert probe.trouble(0, None) is None


def test_probes_are_sent_each_5_s() -> None:
    probe = DeliveryProbe()
    assert probe.take_due(0)
    assert not probe.take_due(4.9)
    assert probe.take_due(5)


def test_after_15_s_without_its_probe_a_filter_counts_as_not_delivered() -> None:
    probe = DeliveryProbe()
    probe.begin(0)
    round_trip(probe, 0)
    for now_s in (5, 10):
        round_trip(probe, now_s, without=1)
    assert probe.is_proven(14.9)
    assert not probe.is_proven(15)
    trouble = str(probe.trouble(15, "pantau-collector"))
    assert "pantau/v1/+/telemetry" in trouble
    assert "pantau/v1/+/agent" not in trouble
    assert "user 'pantau-collector' to read pantau/v1/# and to write pantau/v1/pantau-collector/#" in trouble


def test_if_no_probe_returns_nothing_is_delivered() -> None:
    probe = DeliveryProbe()
    probe.begin(0)
    probe.take_due(0)
    assert not probe.is_overdue(14.9)
    assert probe.is_overdue(15)
    assert "does not deliver anything" in str(probe.trouble(15, None))
    assert "a client without user" in str(probe.trouble(15, None))


def test_probes_of_another_collector_prove_nothing() -> None:
    mine, other = DeliveryProbe(), DeliveryProbe()
    for _, payload in other.take_due(0):
        assert payload.startswith(PROBE_PREFIX)
        mine.note_returned(payload, 0)
    assert not mine.is_proven(0)


@pytest.mark.parametrize(("pause_s", "overdue"), [(14.9, True), (15, False)])
def test_a_pause_of_this_process_is_not_held_against_the_broker(pause_s: float, overdue: bool) -> None:
    probe = DeliveryProbe()
    probe.begin(0)
    probe.take_due(10)
    probe.take_due(10 + pause_s)
    assert probe.is_overdue(10 + pause_s) is overdue


def test_a_new_connection_has_to_prove_itself_anew() -> None:
    probe = DeliveryProbe()
    round_trip(probe, 0)
    probe.begin(1)
    assert not probe.is_proven(1)
    assert probe.take_due(1), "at once"
