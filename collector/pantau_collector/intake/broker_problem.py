"""Describes why there is no session at the broker, for the operator, with what to do about it."""

import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

# Names of reason codes in MQTT 5; paho maps the codes of MQTT 3.1.1's CONNACK (section 3.2.2.3) to them.
_CREDENTIALS = {"Bad user name or password", "Not authorized"}
_BAD_CLIENT_ID = "Client identifier not valid"
UNSUPPORTED_VERSION = "Unsupported protocol version"
"""The reason by which a broker refuses a version of MQTT that it does not speak."""

# Results of the verification of a certificate: X509_V_ERR_* in OpenSSL's x509_vfy.h.
_NOT_YET_VALID = 9
_EXPIRED = 10
_REVOKED = 23
_OTHER_NAME = {62, 64}  # of a host, of an IP address


def describe_error(error: Exception, *, tls: bool) -> str:
    """Return why the connection could not be established."""
    match error:
        case ssl.SSLCertVerificationError():
            text = _describe_certificate(error)
        case ssl.SSLError() if error.reason == "WRONG_VERSION_NUMBER":
            text = "it speaks no TLS on that port: check broker.port and broker.tls"
        case ssl.SSLError():
            text = f"TLS fails ({error.reason or error}): check broker.port, broker.tls and broker.ca_file"
        case socket.gaierror():
            text = "its name is not known: check broker.host and this machine's name server"
        case ConnectionRefusedError():
            text = "nothing listens on that port: check broker.port, and that the broker runs"
        case TimeoutError():
            text = "it does not answer: check the network and the firewall before it"
            if tls:
                text += ", and that it speaks TLS on that port (broker.tls is true)"
        case ConnectionError():
            text = f"it ended the connection at once: check broker.port and broker.tls (now {str(tls).lower()})"
        case OSError():
            text = f"{error.strerror or error}"
        case _:
            text = f"{type(error).__name__}: {error}"
    return text


def describe_silence(*, tls: bool, within_s: float) -> str:
    """Return the problem that the connection was accepted, and CONNECT not answered."""
    return (
        f"accepts the connection and has not answered like an MQTT broker for {within_s:g} s: check broker.port"
        f" and broker.tls (now {str(tls).lower()}), and that there is a broker behind any proxy or balancer"
    )


def describe_hang_up(*, tls: bool) -> str:
    """Return the problem that the connection ended before CONNECT was answered."""
    return (
        "ends the connection without an answer like an MQTT broker's: check broker.port and broker.tls"
        f" (now {str(tls).lower()}), and that there is a broker behind any proxy or balancer"
    )


def describe_refusal(reason: ReasonCode) -> str:
    """Return the problem that the broker refused CONNECT."""
    name = str(reason)
    if name in _CREDENTIALS:
        advice = "check broker.user and its password"
    elif name == _BAD_CLIENT_ID:
        advice = "check broker.client_id"
    else:
        advice = "it is tried again"
    return f"refuses us: {name}; {advice}"


def _describe_certificate(error: ssl.SSLCertVerificationError) -> str:
    """Return what is wrong with the broker's certificate."""
    match error.verify_code:
        case code if code == _EXPIRED:
            what = "has expired: renew it at the broker, and check this machine's clock"
        case code if code == _NOT_YET_VALID:
            what = "is not valid yet: check the clock of this machine"
        case code if code == _REVOKED:
            what = "has been revoked: renew it at the broker"
        case code if code in _OTHER_NAME:
            what = "is for another name: let broker.host be a name that is in it"
        case _:
            what = "is not trusted: let broker.ca_file be the certificate of the authority that signed it"
    return f"its certificate {what} ({error.verify_message})"
