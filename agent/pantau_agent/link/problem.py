"""Why there is no connection to the broker, with what to do about it, and when to try again."""

import random
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from paho.mqtt.reasoncodes import ReasonCode

_FIRST_DELAY_S = 1.0
"""Seconds before the first new attempt; the delay doubles from there."""
_LONGEST_DELAY_S = 30.0
"""Seconds up to which it doubles."""
_REFUSED_DELAY_S = 60.0
"""Seconds before the next attempt if the broker refuses this agent."""
_STEADY_S = 30.0
"""Seconds after which a connection counts as working, and the next delay is the first again."""

# Names of CONNACK's reason codes; paho maps the codes of MQTT 3.1.1 (section 3.2.2.3) to those of MQTT 5.
_BAD_PASSWORD = "Bad user name or password"  # noqa: S105 # a name of the protocol
_NOT_AUTHORIZED = "Not authorized"
_UNSUPPORTED = "Unsupported protocol version"
_OWN_CERTIFICATE = (
    "it does not know this agent's certificate: the site is new to it (run broker.yml), the certificate was"
    " revoked, or another authority signed it (run agent.yml for the site); or `broker.port` is not that of the"
    " listener for certificates"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem, as text for the operator.

    `refused`: the broker answers and refuses this agent, so trying again soon is useless. `misunderstood`: it may
    speak another version of MQTT.
    """

    text: str
    refused: bool = False
    misunderstood: bool = False


def from_error(error: Exception, *, tls: bool, certificate: bool = False) -> Problem:
    """Return the problem that made connecting fail. `certificate`: this agent has shown one of its own."""
    refused = False
    match error:
        case ssl.SSLCertVerificationError():
            refused = True
            text = (
                f"its certificate is not trusted ({error}): set `broker.ca_file` to the CA that"
                " signed it, let `broker.host` be the name in it, and check this machine's clock"
            )
        case ssl.SSLError() if certificate and "ALERT" in str(error).upper():
            return Problem(f"{_OWN_CERTIFICATE} ({error})", refused=True)
        case ssl.SSLError():
            refused = True
            text = f"it speaks no TLS there ({error}): check `broker.port` and `broker.tls`"
        case socket.gaierror():
            text = "its name is not known: check `broker.host` and this machine's name server"
        case ConnectionRefusedError():
            text = "nothing listens on that port: check `broker.port`, and that the broker runs"
        case TimeoutError():
            text = "it does not answer: check the uplink, and the firewall before the broker"
        case ConnectionError():
            return closed_at_once(tls=tls, certificate=certificate)
        case OSError():
            text = f"{error.strerror or error}: check the uplink"
        case _:
            refused = True
            text = f"{error}: check `broker.host`"
    return Problem(text, refused=refused)


def closed_at_once(*, tls: bool, certificate: bool = False) -> Problem:
    """Return the problem that the broker closed the connection before it answered.

    With TLS 1.3 that is also how it refuses a certificate.
    """
    if certificate:
        return Problem(f"it closed the connection at once: {_OWN_CERTIFICATE}", misunderstood=True)
    return Problem(
        f"it closed the connection at once: check `broker.port`, and `broker.tls` (now {str(tls).lower()})",
        misunderstood=True,
    )


def silent(*, tls: bool) -> Problem:
    """Return the problem that the broker accepted the TCP connection and never answered."""
    return Problem(
        f"it does not answer like an MQTT broker: check `broker.port`, and `broker.tls` (now {str(tls).lower()})",
        misunderstood=True,
    )


def from_connack(code: ReasonCode, *, user: str | None, certificate: bool = False) -> Problem:
    """Return the problem for which the broker refused the connection."""
    name = code.getName()
    if name in {_BAD_PASSWORD, _NOT_AUTHORIZED} and certificate and not user:
        return Problem(f"it takes the connection, and then: {_OWN_CERTIFICATE}", refused=True)
    if name in {_BAD_PASSWORD, _NOT_AUTHORIZED}:
        who = f"user {user!r} or its password" if user else "a client without user and password"
        return Problem(
            f"it refuses {who}: set `broker.user` and the password as the broker knows them", refused=True
        )
    if name == _UNSUPPORTED:
        text = "it does not speak this version of MQTT: set `broker.protocol` to the one it speaks, or to `auto`"
        return Problem(text, refused=True, misunderstood=True)
    return Problem(f"it refuses the connection: {name}", refused=True)


def from_puback(code: ReasonCode, *, user: str | None) -> Problem:
    """Return the problem for which the broker refused a message (MQTT 5, 3.4.2.1). It waits in the spool."""
    name = code.getName()
    if name == _NOT_AUTHORIZED:
        who = f"user {user!r}" if user else "a client without user and password"
        text = f"it does not let {who} publish: let its access list allow `pantau/v1/SITE/#`, SITE being `site.id`"
        return Problem(text, refused=True)
    return Problem(f"it does not take what is sent: {name}", refused=True)


class ReconnectBackoff:
    """The delay before the next attempt: it doubles with jitter, and is constant while the broker refuses."""

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._failures = 0

    def delay_s(self, problem: Problem, *, lasted_s: float) -> float:
        """Return the delay after a connection that lasted `lasted_s` (0 if there was none)."""
        if lasted_s >= _STEADY_S:
            self._failures = 0
        self._failures += 1
        if problem.refused:
            return _REFUSED_DELAY_S
        delay = min(_FIRST_DELAY_S * 2.0 ** min(self._failures - 1, 10), _LONGEST_DELAY_S)
        return delay * (0.5 + self._jitter() / 2)
