import socket
import ssl

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from pantau_agent.link.problem import Problem, ReconnectBackoff, closed_at_once, from_connack, from_error


@pytest.mark.parametrize(
    ("error", "expected", "refused"),
    [
        (socket.gaierror(-2, "Name or service not known"), "`broker.host`", False),
        (ConnectionRefusedError(111, "Connection refused"), "`broker.port`", False),
        (TimeoutError("timed out"), "uplink", False),
        (ConnectionResetError(104, "reset"), "`broker.tls` (now true)", False),
        (OSError(101, "Network is unreachable"), "Network is unreachable", False),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "TLS", True),
        (ssl.SSLCertVerificationError(1, "self-signed"), "`broker.ca_file`", True),
        (ValueError("Invalid host."), "`broker.host`", True),
    ],
)
def test_each_way_to_fail_says_what_to_do(error: Exception, expected: str, refused: bool) -> None:
    problem = from_error(error, tls=True)
    assert expected in problem.text
    assert problem.refused is refused


def test_a_refusal_names_the_user_or_that_there_is_none() -> None:
    code = ReasonCode(PacketTypes.CONNACK, "Not authorized")
    assert "'site-north'" in from_connack(code, user="site-north").text
    assert "without user" in from_connack(code, user=None).text
    assert (
        "Server unavailable" in from_connack(ReasonCode(PacketTypes.CONNACK, "Server unavailable"), user=None).text
    )


def test_a_refused_certificate_is_called_that_and_no_password_is_spoken_of() -> None:
    code = ReasonCode(PacketTypes.CONNACK, "Not authorized")
    alert = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required")
    for problem in (
        from_connack(code, user=None, certificate=True),
        from_error(alert, tls=True, certificate=True),
        from_error(ConnectionResetError(104, "reset"), tls=True, certificate=True),
        closed_at_once(tls=True, certificate=True),
    ):
        assert "broker.yml" in problem.text
        assert "password" not in problem.text
    assert "`broker.user`" in from_connack(code, user="site-north", certificate=True).text
    assert "no TLS" in from_error(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), tls=True, certificate=True).text


def test_attempts_come_less_and_less_often_and_a_connection_that_held_begins_anew() -> None:
    backoff = ReconnectBackoff(jitter=lambda: 1.0)
    gone = Problem("gone")
    assert [backoff.delay_s(gone, lasted_s=0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff.delay_s(gone, lasted_s=5) == 30  # it ended soon: that is no success
    assert backoff.delay_s(gone, lasted_s=29) == 30
    assert backoff.delay_s(gone, lasted_s=30) == 1


def test_jitter_spreads_a_citys_agents_and_a_refusal_waits_long() -> None:
    gone = Problem("gone")
    assert ReconnectBackoff(jitter=lambda: 0.0).delay_s(gone, lasted_s=0) == 0.5
    assert ReconnectBackoff().delay_s(Problem("refused", refused=True), lasted_s=0) == 60
