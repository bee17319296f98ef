"""The messages of WS-Discovery: the probe, and the answers to it. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from pantau_agent.onvif.addresses import device_url
from pantau_agent.onvif.device import PATH
from pantau_agent.onvif.document import MAX_LIST, DocumentError, clean, parse, text_of
from pantau_agent.streams.url import DEFAULT_PORTS, StreamUrl

_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_SCOPE = "onvif://www.onvif.org/"
_ANONYMOUS = f"{_ADDRESSING}/role/anonymous"
_NETWORK = "http://www.onvif.org/ver10/network/wsdl"
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
PROBES = (
    f'<d:Types xmlns:dn="{_NETWORK}">dn:NetworkVideoTransmitter</d:Types>',
    f'<d:Types xmlns:tds="{_DEVICE}">tds:Device</d:Types>',
    f'<d:Types xmlns:d="{_DISCOVERY}" xmlns:dp0="{_NETWORK}">dp0:NetworkVideoTransmitter</d:Types>',
    "<d:Scopes>onvif://www.onvif.org</d:Scopes>",
    "",
)
"""The contents of a probe, each to be sent by itself: some cameras answer to one of them only.

By the standard one type is enough (ONVIF Core Specification); but some cameras compare the types as text, with the
prefix of the client that they were tested with, and others answer only to a probe without types.
"""
MAX_MATCHES = 64
"""Most devices in one answer; usually there is one."""


@dataclass(frozen=True, slots=True)
class Match:
    """A device that answered. `name` and `model` are what it states without a login.

    `url` is the likeliest address of its device service, `more_urls` are the others, in order. `endpoint` is the
    name by which it knows itself, empty if it states none.
    """

    url: StreamUrl
    name: str = ""
    model: str = ""
    more_urls: tuple[StreamUrl, ...] = ()
    endpoint: str = ""

    def is_of(self, other: "Match") -> bool:
        """Return whether both are answers of one device: a host may have several, and each may answer twice."""
        if self.url.host != other.url.host:
            return False
        return self.url == other.url or (bool(self.endpoint) and self.endpoint == other.endpoint)


def probe(message_id: str, content: str) -> bytes:
    """Return the probe with one of `PROBES` (WS-Discovery 2005/04, section 5.2)."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="{_ADDRESSING}" '
        f'xmlns:d="{_DISCOVERY}">'
        f"<s:Header><a:Action>{_DISCOVERY}/Probe</a:Action><a:MessageID>urn:uuid:{message_id}</a:MessageID>"
        f"<a:ReplyTo><a:Address>{_ANONYMOUS}</a:Address></a:ReplyTo>"
        f"<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
        f"<s:Body><d:Probe>{content}</d:Probe></s:Body></s:Envelope>"
    ).encode()


def matches(data: bytes, sender: str) -> list[Match]:
    """Return the devices in a datagram from `sender`; empty if it is no ProbeMatch.

    A device gets the sender's address, whatever address it states, so that nobody is sent elsewhere.
    """
    try:
        root = parse(data)
    except DocumentError:
        return []
    found = [_match(element, sender) for element in list(root.iter("ProbeMatch"))[:MAX_MATCHES]]
    return [match for match in found if match is not None]


def _match(element: Element, sender: str) -> Match | None:
    stated = text_of(element, "XAddrs", MAX_LIST).split()
    scopes = text_of(element, "Scopes", MAX_LIST).split()
    types = text_of(element, "Types", MAX_LIST)
    marks = (*stated, *scopes, types.replace("NetworkVideoTransmitter", "onvif"))
    if not any("onvif" in mark.lower() for mark in marks):
        return None  # printers and Windows machines answer such probes too
    first, *more = _addresses(stated, sender)
    endpoint = text_of(element, "EndpointReference/Address")
    return Match(first, _scope(scopes, "name/"), _scope(scopes, "hardware/"), tuple(more), endpoint)


def _addresses(stated: Sequence[str], sender: str) -> list[StreamUrl]:
    """Return where the device service may be, at the sender's address: as stated there, as stated, as usual."""
    usual = StreamUrl("http", sender, DEFAULT_PORTS["http"], PATH)
    urls = [url for url in (device_url(text, usual) for text in stated) if url is not None]
    here = [replace(url, host=sender) for url in urls if url.host == sender]
    return list(dict.fromkeys([*here, *(replace(url, host=sender) for url in urls), usual]))


def _scope(scopes: list[str], kind: str) -> str:
    for scope in scopes:
        if scope.lower().startswith(f"{_SCOPE}{kind}"):
            return clean(unquote(scope[len(_SCOPE) + len(kind) :]))
    return ""
