"""Makers' own web pages that state a camera's model and firmware: their paths, and how to read them. No I/O."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pantau_agent.onvif.document import DocumentError, clean, parse, text_of

MAX_PAGE = 64 << 10
"""Most bytes of one page that are read."""


@dataclass(frozen=True, slots=True)
class MakerPages:
    """`paths` are requested in order; `read` returns model and firmware from their texts, empty if absent."""

    paths: tuple[str, ...]
    read: Callable[[str], tuple[str, str]]


def _read_isapi(text: str) -> tuple[str, str]:
    """Read Hikvision's ISAPI, `/ISAPI/System/deviceInfo`: XML that states the build apart from the version."""
    try:
        root = parse(text.encode())
    except DocumentError:
        return "", ""
    version = f"{text_of(root, 'firmwareVersion')} {text_of(root, 'firmwareReleasedDate')}".strip()
    return text_of(root, "model"), version


def _key_value_reader(model_key: str, firmware_key: str) -> Callable[[str], tuple[str, str]]:
    """Return a reader of `key=value` lines; the keys are given as patterns."""
    # Blanks are matched within the line, and only before the value: otherwise a page of nothing but blanks, which
    # a hostile camera may send, would take minutes.
    patterns = [re.compile(rf"(?im)^[ \t]*(?:{key})[ \t]*=(.*)$") for key in (model_key, firmware_key)]

    def read(text: str) -> tuple[str, str]:
        matches = [pattern.search(text) for pattern in patterns]
        model, firmware = (clean(match[1].strip()) if match is not None else "" for match in matches)
        return model, firmware

    return read


MAKER_PAGES: dict[str, MakerPages] = {
    "hikvision": MakerPages(("/ISAPI/System/deviceInfo",), _read_isapi),
    "dahua": MakerPages(
        ("/cgi-bin/magicBox.cgi?action=getDeviceType", "/cgi-bin/magicBox.cgi?action=getSoftwareVersion"),
        _key_value_reader("type", "version"),
    ),
    "axis": MakerPages(
        ("/axis-cgi/param.cgi?action=list&group=root.Brand,root.Properties.Firmware",),
        _key_value_reader(r"root\.Brand\.ProdShortName", r"root\.Properties\.Firmware\.Version"),
    ),
    "hanwha": MakerPages(
        ("/stw-cgi/system.cgi?msubmenu=deviceinfo&action=view",), _key_value_reader("Model", "FirmwareVersion")
    ),
}
"""Pages by vendor, as named in `firmware-notes/`. They accept the stream's user, which ONVIF often does not."""
