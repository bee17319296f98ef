"""Addresses of streams and still pictures by vendor, from the files in `firmware-notes/`.

`firmware-notes/README.md` describes the files. Some vendors need user and password in the path or query. Every URL
made here has the placeholders `{user}` and `{password}` instead, and `fill_credentials` fills them in for the
request only, so a URL can be stored, logged and shown.
"""

import datetime as dt
import difflib
import functools
import importlib.resources
import ipaddress
import re
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

import msgspec
from msgspec import Struct


class VendorError(ValueError):
    """No address can be made, or a note is wrong. The text explains why and what to do."""


class Device(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of device with addresses of its own. `stream` and `still` map a stream's name to a path."""

    id: str
    what: str
    stream: dict[str, str]
    still: dict[str, str] = {}
    aliases: tuple[str, ...] = ()
    port: int = 554
    still_port: int = 80
    channels: int | None = None


class Quirk(Struct, frozen=True, forbid_unknown_fields=True):
    """A peculiarity of this vendor, and what to do about it."""

    id: str
    text: str
    source: str


class Versions(Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """A range of firmware: first and last bad version, or first good version, or date of the first good build."""

    first: str | None = None
    last: str | None = None
    before: str | None = None
    built_before: dt.date | None = None


class Firmware(Struct, frozen=True, forbid_unknown_fields=True):
    """Firmware to warn of. `models` are shell patterns."""

    models: tuple[str, ...]
    versions: Versions
    status: Literal["faulty", "vulnerable"]
    why: str
    source: str


class Note(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `firmware-notes/`."""

    vendor: str
    name: str
    summary: str
    checked: Literal["documents", "camera"]
    sources: tuple[str, ...]
    device: tuple[Device, ...]
    quirk: tuple[Quirk, ...] = ()
    firmware: tuple[Firmware, ...] = ()


def vendors() -> list[str]:
    """Return the possible values of `vendor` in a configuration, without the aliases, sorted."""
    return sorted(device.id for note in _notes() for device in note.device)


def note(vendor: str) -> Note:
    """Return the note on a vendor, by any of its names, ignoring case.

    Raises:
        VendorError: no such vendor; the text suggests the nearest names.
    """
    return _find(vendor)[0]


def stream_url(vendor: str, host: str, *, channel: int = 1, stream: str = "main", port: int | None = None) -> str:
    """Return the `rtsp://` URL of a stream, without credentials.

    `channel` counts from 1, however the device counts. `host` is a name or an address, IPv6 with or without
    brackets. If the vendor needs credentials in the URL, it contains `{user}` and `{password}` for
    `fill_credentials`.

    Raises:
        VendorError: no such vendor or stream, no such channel on this kind of device, or not a host or port.
    """
    device = _find(vendor)[1]
    path = device.stream.get(stream)
    if path is None:
        known = ", ".join(device.stream)
        raise VendorError(f"{device.id} has no stream {stream!r}, only: {known}. For another, give its `url`")
    return _url("rtsp", host, port, device.port, _with_channel(device, path, channel))


def still_url(
    vendor: str, host: str, *, channel: int = 1, stream: str = "main", port: int | None = None
) -> str | None:
    """Return the `http://` URL of a still JPEG, made like `stream_url`, or None if this stream has none.

    Raises:
        VendorError: no such vendor, no such channel on this kind of device, or not a host or port.
    """
    device = _find(vendor)[1]
    path = device.still.get(stream)
    if path is None:
        return None
    return _url("http", host, port, device.still_port, _with_channel(device, path, channel))


_CREDENTIAL = re.compile(r"(?:\{|%7B)(user|password)(?:\}|%7D)", re.IGNORECASE)


def wants_credentials(url: str) -> bool:
    """Return whether the URL contains a placeholder for user or password."""
    return _CREDENTIAL.search(url) is not None


def fill_credentials(url: str, user: str | None, password: str | None) -> str:
    """Return the URL with `{user}` and `{password}` filled in, percent-encoded, for the request line only.

    The result is secret: it must not be logged, stored, or put into an error. A URL without placeholders is
    returned unchanged. None is filled in as nothing: such cameras are often sold with an empty password.
    """
    values = {"user": user or "", "password": password or ""}
    return _CREDENTIAL.sub(lambda match: quote(values[match[1].lower()], safe=""), url)


_IN_PATH = re.compile(r"(?<=/user=)(?P<user>[^/]*?)(?P<between>[_&]password=)(?P<password>[^/]*?)(?=[_&]channel=)")


def take_credentials(url: str) -> tuple[str, str | None, str | None]:
    """Return URL with placeholders, user and password of an XMEye URL that a person copied from elsewhere.

    It is the opposite of `fill_credentials`. A URL without credentials in its path is returned unchanged, with
    None and None.
    """
    match = _IN_PATH.search(url)
    if match is None or wants_credentials(match[0]):
        return url, None, None
    safe = f"{url[: match.start()]}{{user}}{match['between']}{{password}}{url[match.end() :]}"
    return safe, unquote(match["user"]), unquote(match["password"])


def _with_channel(device: Device, path: str, channel: int) -> str:
    if channel < 1:
        raise VendorError(f"channel {channel}: channels count from 1 here, also where the device counts from 0")
    if device.channels is not None and channel > device.channels:
        others = [other.id for other in note(device.id).device if other.channels is None]
        hint = f"; for a recorder write vendor = {' or '.join(map(repr, others))}" if others else ""
        raise VendorError(f"channel {channel}: a {device.id} {device.what} has {device.channels}{hint}")
    for placeholder, form in _CHANNEL_FORMS.items():
        path = path.replace(placeholder, form.format(channel=channel, channel_from_0=channel - 1))
    return path


_CHANNEL_FORMS = {
    "{channel}": "{channel}",
    "{channel_02}": "{channel:02}",
    "{channel_from_0}": "{channel_from_0}",
}
_PLACEHOLDERS = (*_CHANNEL_FORMS, "{user}", "{password}")


def _url(scheme: str, host: str, port: int | None, default_port: int, path: str) -> str:
    port = default_port if port is None else port
    if not 0 < port < 1 << 16:
        raise VendorError(f"port {port}: a port is a number from 1 to 65535")
    return f"{scheme}://{_host(host)}:{port}{path}"


def _host(host: str) -> str:
    """Return the host as written in a URL (RFC 3986 section 3.2.2; IPv6 zones by RFC 6874)."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in bare:
        try:
            address = ipaddress.IPv6Address(bare)
        except ValueError:
            raise VendorError(f"host {host!r}: give the name or address alone; the port has its own key") from None
        zone = f"%25{quote(address.scope_id, safe='')}" if address.scope_id else ""
        return f"[{str(address).partition('%')[0]}{zone}]"
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", bare):
        raise VendorError(f"host {host!r}: a host is a name or an address, without user, path or spaces")
    return bare


def _find(vendor: str) -> tuple[Note, Device]:
    names = _names()
    found = names.get(vendor.strip().lower())
    if found is None:
        near = difflib.get_close_matches(vendor.strip().lower(), names, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(vendors())}."
        raise VendorError(f"no notes on vendor {vendor!r}. {hint} For a camera of any other make, give its `url`")
    return found


@functools.cache
def _names() -> dict[str, tuple[Note, Device]]:
    return {
        name: (note, device)
        for note in _notes()
        for device in note.device
        for name in (device.id, *device.aliases)
    }


@functools.cache
def _notes() -> tuple[Note, ...]:
    return load_notes(_directory())


def load_notes(directory: Traversable) -> tuple[Note, ...]:
    """Return all notes of a directory, checked and sorted by file name.

    Raises:
        VendorError: a note has the wrong form; the text contains file and key.
    """
    files = sorted(
        (file for file in directory.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    notes = []
    taken: dict[str, str] = {}
    for file in files:
        try:
            note = msgspec.toml.decode(file.read_bytes(), type=Note)
        except msgspec.DecodeError as error:
            raise VendorError(f"{file}: {error}") from None
        for device in note.device:
            _check_paths(file.name, device)
            for name in (device.id, *device.aliases):
                if name in taken:
                    raise VendorError(f"{file.name}: the name {name!r} is taken by {taken[name]}")
                taken[name] = file.name
        notes.append(note)
    return tuple(notes)


def _check_paths(file: str, device: Device) -> None:
    for key, paths in (("stream", device.stream), ("still", device.still)):
        for name, path in paths.items():
            if unknown := set(re.findall(r"\{[^}]*\}?", path)).difference(_PLACEHOLDERS):
                names = ", ".join(sorted(unknown))
                allowed = ", ".join(_PLACEHOLDERS)
                raise VendorError(
                    f"{file}: device {device.id}, {key}.{name}: unknown {names}; known are {allowed}"
                )
            if not path.startswith("/") or not path.isascii() or " " in path:
                raise VendorError(
                    f"{file}: device {device.id}, {key}.{name}: a path begins with / and is percent-encoded"
                )


def _directory() -> Traversable:
    """Return the directory of the notes: inside the package in an installed wheel, at the top of a source tree."""
    installed = importlib.resources.files("pantau_agent") / "firmware_notes"
    if installed.is_dir():
        return installed
    return Path(__file__).resolve().parents[2] / "firmware-notes"
