"""A camera's firmware: what `firmware-notes/` warn of, and what the collector is sent. No I/O."""

import datetime as dt
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pantau_agent import vendors
from pantau_agent.config import Camera
from pantau_contract.messages import CameraAbout

_MAX_TEXT = 400
"""Longest text that the collector is sent, in characters."""
_GENERIC = "generic-onvif"
_WORD = re.compile(r"[A-Za-z][A-Za-z-]+")
_NUMBER = re.compile(r"\d+")
_BUILT = re.compile(
    r"""(?ix) build (?: [\s:_-] | date )*
    (?: (\d{4})-(\d{2})-(\d{2}) | (20\d{2})(\d{2})(\d{2})(?!\d) | (\d{2})(\d{2})(\d{2})(?!\d) )"""
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a camera is. `vendor` is as in `firmware-notes/`; None if there are no notes about it."""

    vendor: str | None
    model: str
    firmware: str


def vendor_of(maker: str) -> str | None:
    """Return the `vendor` for a maker's name, such as `Hangzhou Hikvision Digital Technology`, or None."""
    for word in _WORD.findall(maker):
        try:
            found = vendors.note(word).device[0].id
        except vendors.VendorError:
            continue
        if found != _GENERIC:
            return found
    return None


def warning_of(vendor: str | None, model: str, firmware: str) -> vendors.Firmware | None:
    """Return the notes' warning, `vulnerable` before `faulty`; None if there is none, or too little is known."""
    if vendor is None or not model or not firmware:
        return None
    try:
        entries = vendors.note(vendor).firmware
    except vendors.VendorError:
        return None
    against = [entry for entry in entries if _is_model(model, entry) and is_among(firmware, entry.versions)]
    return min(against, key=lambda entry: entry.status != "vulnerable", default=None)


def is_among(firmware: str, versions: vendors.Versions) -> bool:
    """Return whether a version that a camera states is among `versions`; False if that cannot be decided.

    Versions are compared by their numbers, in order: `V5.4.0 build 160530` is 5, 4, 0, 160530. A version without a
    build counts as older than the same one with a build.
    """
    if versions.built_before is not None:
        built = built_on(firmware)
        return built is not None and built < versions.built_before
    stated = _numbers(firmware)
    if not stated:
        return False
    if versions.before is not None:
        return stated < _numbers(versions.before)
    first, last = versions.first, versions.last
    if first is None and last is None:
        return False
    return (first is None or stated >= _numbers(first)[: len(stated)]) and (
        last is None or stated <= _numbers(last)
    )


def built_on(firmware: str) -> dt.date | None:
    """Return the day of the build in a version: `build 160530`, `build:2020-04-13`, `Build_250820`; or None."""
    found = _BUILT.search(firmware)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return dt.date(year + (2000 if year < 100 else 0), month, day)
    except ValueError:
        return None


def about(camera: Camera, identity: Identity | None = None) -> CameraAbout:
    """Return what the collector is sent about a camera, with its identity if that is known."""
    if identity is None:
        return CameraAbout(camera.id, camera.name, camera.vendor or "")
    return CameraAbout(
        camera.id,
        camera.name,
        camera.vendor or identity.vendor or "",
        model=_short(identity.model),
        firmware=_short(identity.firmware),
        firmware_note=_short(note_of(warning_of(identity.vendor, identity.model, identity.firmware))),
    )


def note_of(warning: vendors.Firmware | None) -> str:
    """Return a warning with its source as one line; empty if there is none."""
    return "" if warning is None else f"{warning.status}: {' '.join(warning.why.split())} ({warning.source})"


def _is_model(model: str, entry: vendors.Firmware) -> bool:
    return any(fnmatchcase(model.upper(), pattern.upper()) for pattern in entry.models)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBER.findall(version)[:8])


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
