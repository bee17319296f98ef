"""Replace what identifies a camera, its owner or their network in a pasted dialogue."""

import ipaddress
import re
from collections.abc import Callable

_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_ADDRESS_BEFORE = re.compile(r"(?:://|@|IP4 |IN |source=|destination=|[Hh]ost:? |incl IN IP4 \* )$")
_HOST = re.compile(r"(?<=://)(?!\d{1,3}(?:\.\d{1,3}){3}(?![\w.]))[A-Za-z0-9][\w.-]*")
_IN_URL = re.compile(r"(?<=://)[^\s/?@]*(?::[^\s/?]*)?@")
_IN_PATH = re.compile(
    r"(?i)(?P<key>(?<![A-Za-z])(?:user(?:name)?|password|passwd|pwd|pass)=)(?P<value>[^\s&_/]*)(?=[&_/\s]|$)"
)
_IN_HEADER = re.compile(r'(?i)(?P<key>\busername=)"[^"]*"')
_MAC = re.compile(
    r"\b(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}\b|\b(?=\d*[A-Fa-f])[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
)
_SERIAL = re.compile(r"\b(?=[A-Za-z]*\d)[A-Z0-9]{9,}\b|\b[A-Z]\d{4,}\b")
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")
_SECRET = re.compile(r'(?i)\b(?P<key>nonce|cnonce|opaque|response)="(?P<value>[^"]*)"')

FIRST = ipaddress.IPv4Address("192.0.2.10")
"""The camera's address in the corpus; further addresses in a dialogue get the next ones (RFC 5737)."""


def sanitise(text: str, camera: str = "") -> str:
    """Return the dialogue with addresses, names of hosts, logins, serial and MAC numbers, and nonces replaced.

    `camera` is the camera's own address; without it, the first address in the text is taken for that. The same
    address gets the same replacement wherever it stands, so that a description's addresses still agree.
    Replacements have the length of what they replace, except addresses, hosts and logins.
    """
    text = _IN_URL.sub("", text)
    text = _IN_PATH.sub(lambda found: found["key"] + _placeholder(found["key"]), text)
    text = _IN_HEADER.sub(r'\g<key>"operator"', text)
    text = _EMAIL.sub("somebody@example.org", text)
    text = _SECRET.sub(lambda found: f'{found["key"]}="{_zeroed(found["value"])}"', text)
    text = _HOST.sub("camera.example", text)
    text = _MAC.sub(lambda found: re.sub("[0-9A-Fa-f]", "0", found[0]), text)
    text = _in_realms(text)
    return _IPV4.sub(_numbered(camera), text)


def _placeholder(key: str) -> str:
    """In an address, a login is where the agent fills in the configured one."""
    return "{user}" if key.lower().startswith("user") else "{password}"


def _zeroed(text: str) -> str:
    return re.sub("[1-9a-fA-F]", "0", text)


def _in_realms(text: str) -> str:
    """Serial numbers stand in realms (`Login to 5G0...`) and names; elsewhere long capitals are parameter sets."""

    def zeroed(found: re.Match[str]) -> str:
        return _SERIAL.sub(lambda serial: re.sub("[1-9]", "0", serial[0]), found[0])

    return re.sub(r'(?m)realm="[^"]*"|^[suie]=.*$', zeroed, text)


def _numbered(camera: str) -> Callable[[re.Match[str]], str]:
    """Return a replacement that gives each address its own documentation address."""
    given: dict[str, str] = {camera: str(FIRST)} if camera else {}

    def replace(found: re.Match[str]) -> str:
        try:
            address = ipaddress.IPv4Address(found[0])
        except ValueError:
            return found[0]
        if address.is_unspecified or address.is_loopback or address.is_multicast:
            return found[0]
        if not _ADDRESS_BEFORE.search(found.string[: found.start()]):
            return found[0]  # a version, as `LIVE555 2016.11.28` or `WAVE/5.1.1.37`
        return given.setdefault(found[0], str(FIRST + len(given)))

    return replace
