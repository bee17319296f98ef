"""SOAP envelopes of both versions, and WS-Security's UsernameToken. No I/O."""

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from pantau_agent.onvif.document import DocumentError, clean, parse
from pantau_agent.onvif.errors import LoginRefusedError, NotOnvifError, SoapFaultError, UnsupportedError
from pantau_agent.streams.credentials import Credentials
from pantau_contract.words.evidence import detail

_SOAP_1_2 = "http://www.w3.org/2003/05/soap-envelope"
_SOAP_1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_WSSE = f"{_WSS}-wssecurity-secext-1.0.xsd"
_WSU = f"{_WSS}-wssecurity-utility-1.0.xsd"
_DIGEST = f"{_WSS}-username-token-profile-1.0#PasswordDigest"
_BASE64 = f"{_WSS}-soap-message-security-1.0#Base64Binary"
_SCHEMA = "http://www.onvif.org/ver10/schema"

_REFUSALS = (
    "notauthorized",
    "notauthorised",
    "not authorized",
    "not authorised",
    "unauthorized",
    "authority failure",
    "failedauthentication",
    "authentication failed",
    "authentication error",
    "invalidsecurity",
    "invalid security",
    "failedcheck",
    "securitytoken",
    "password",
)
"""Marks of a refused login in a fault: ONVIF's own code, those of WS-Security (section 12), and makers' words."""
_UNSUPPORTED = (
    "actionnotsupported",
    "action not supported",
    "not implemented",
    "notimplemented",
    "method name or namespace not recognized",
    "unknownaction",
    "unknown action",
)
"""Marks of an operation that is not known."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A SOAP operation. `content` is XML inside the operation's own element, with the prefixes `t` and `tt`."""

    namespace: str
    name: str
    content: str = ""

    @property
    def action(self) -> str:
        """The SOAP action."""
        return f"{self.namespace}/{self.name}"


def envelope(operation: Operation, security: str = "", *, soap_1_1: bool = False) -> bytes:
    """Return the request, as SOAP 1.2 if the camera does not want it as 1.1."""
    header = f"<s:Header>{security}</s:Header>" if security else ""
    body = f"<t:{operation.name}>{operation.content}</t:{operation.name}>"
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{_SOAP_1_1 if soap_1_1 else _SOAP_1_2}" xmlns:t="{operation.namespace}" '
        f'xmlns:tt="{_SCHEMA}">{header}<s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def username_token(
    credentials: Credentials, created: dt.datetime, nonce: bytes, *, must_understand: bool = True
) -> str:
    """Return the Security header (WSS UsernameToken Profile 1.0, section 3.1).

    PasswordDigest is Base64(SHA-1(nonce + created + password)); `created` is UTC.
    """
    mandatory = ' s:mustUnderstand="1"' if must_understand else ""
    moment = created.strftime("%Y-%m-%dT%H:%M:%S.") + f"{created.microsecond // 1000:03}Z"
    secret = nonce + moment.encode() + credentials.password.encode()
    digest = base64.b64encode(hashlib.sha1(secret, usedforsecurity=False).digest()).decode("ascii")
    return (
        f'<wsse:Security{mandatory} xmlns:wsse="{_WSSE}" xmlns:wsu="{_WSU}"><wsse:UsernameToken>'
        f"<wsse:Username>{escape(credentials.user)}</wsse:Username>"
        f'<wsse:Password Type="{_DIGEST}">{digest}</wsse:Password>'
        f'<wsse:Nonce EncodingType="{_BASE64}">{base64.b64encode(nonce).decode("ascii")}</wsse:Nonce>'
        f"<wsu:Created>{moment}</wsu:Created>"
        "</wsse:UsernameToken></wsse:Security>"
    )


def read_response(operation: Operation, status: int, data: bytes) -> Element:
    """Return the element that answers the operation.

    Raises:
        LoginRefusedError: the camera asks for a login, or refuses it.
        SoapFaultError: the camera cannot do it.
        NotOnvifError: what came is no answer to the operation.
    """
    try:
        root = parse(data)
    except DocumentError as error:
        if status != 200:
            evidence = detail("answered", step=operation.name, answer=f"{status}: {error}")
        else:
            evidence = detail("bad_answer", operation=operation.name, problem=error)
        raise NotOnvifError(evidence) from None
    body = root.find("Body") if root.tag == "Envelope" else None
    if body is None:
        raise NotOnvifError(detail("no_envelope", operation=operation.name))
    fault = body.find("Fault")
    if status == 401 or fault is not None:
        raise _failure(operation, fault, status)
    wanted = f"{operation.name}Response".lower()
    answer = next((element for element in body if element.tag.lower() == wanted), None)
    if answer is None:
        raise NotOnvifError(detail("no_response", operation=operation.name))
    return answer


def _failure(operation: Operation, fault: Element | None, status: int) -> LoginRefusedError | SoapFaultError:
    reason = clean(" ".join(fault.itertext())) if fault is not None else ""
    evidence = (
        detail("fault", operation=operation.name, said=reason)
        if reason
        else detail("answered", step=operation.name, answer=status)
    )
    marks = reason.lower()
    if status == 401 or any(mark in marks for mark in _REFUSALS):
        return LoginRefusedError(evidence)
    if any(mark in marks for mark in _UNSUPPORTED):
        return UnsupportedError(evidence)
    return SoapFaultError(evidence)
