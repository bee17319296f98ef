"""The messages of WS-Discovery: the probe, and the answers to it. No I/O."""

from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from pantau_agent.onvif.document import MAX_LIST, DocumentError, clean, parse, text_of
from pantau_agent.streams.url import StreamUrl, UrlError
from pantau_agent.streams.url import parse as parse_url

_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_SCOPE = "onvif://www.onvif.org/"
TYPES = {
    "NetworkVideoTransmitter": "http://www.onvif.org/ver10/network/wsdl",
    "Device": "http://www.onvif.org/ver10/device/wsdl",
}
"""The device types to ask for, each by itself: some cameras answer to one only (ONVIF Core Specification)."""
MAX_MATCHES = 64
"""Most devices in one answer; usually there is one."""


@dataclass(frozen=True, slots=True)
class Match:
    """A device that answered. `name` and `model` are what it states without a login."""

    url: StreamUrl
    name: str = ""
    model: str = ""


def probe(message_id: str, device_type: str) -> bytes:
    """Return the probe for one of `TYPES` (WS-Discovery 2005/04, section 5.2)."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="{_ADDRESSING}" '
        f'xmlns:d="{_DISCOVERY}" xmlns:n="{TYPES[device_type]}">'
        f"<s:Header><a:Action>{_DISCOVERY}/Probe</a:Action><a:MessageID>urn:uuid:{message_id}</a:MessageID>"
        f"<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
        f"<s:Body><d:Probe><d:Types>n:{device_type}</d:Types></d:Probe></s:Body></s:Envelope>"
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
    stated = [url for url in map(_parsed, text_of(element, "XAddrs", MAX_LIST).split()) if url is not None]
    if not stated:
        return None
    url = next((url for url in stated if url.host == sender), stated[0])
    scopes = text_of(element, "Scopes", MAX_LIST).split()
    if not any("onvif" in text.lower() for text in (url.path, *scopes)):
        return None  # printers and Windows machines answer such probes too
    url = StreamUrl(url.scheme, sender, url.port, url.path)
    return Match(url, name=_scope(scopes, "name/"), model=_scope(scopes, "hardware/"))


def _parsed(text: str) -> StreamUrl | None:
    try:
        url = parse_url(text)
    except UrlError:
        return None
    return url if url.scheme in {"http", "https"} else None


def _scope(scopes: list[str], kind: str) -> str:
    for scope in scopes:
        if scope.lower().startswith(f"{_SCOPE}{kind}"):
            return clean(unquote(scope[len(_SCOPE) + len(kind) :]))
    return ""
