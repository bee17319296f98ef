"""What makers' own pages say of a camera: model and firmware. Which pages, and how they are read. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pantau_agent.onvif.document import DocumentError, clean, parse, text_of


@dataclass(frozen=True, slots=True)
class Pages:
    """`paths` are got in their order; `read` makes model and firmware of their contents, empty where absent."""

    paths: tuple[str, ...]
    read: Callable[[str], tuple[str, str]]


def _isapi(text: str) -> tuple[str, str]:
    """Hikvision ISAPI, `/ISAPI/System/deviceInfo`: XML. The build stands by itself."""
    try:
        root = parse(text.encode())
    except DocumentError:
        return "", ""
    version = f"{text_of(root, 'firmwareVersion')} {text_of(root, 'firmwareReleasedDate')}".strip()
    return text_of(root, "model"), version


def _keys(model: str, firmware: str) -> Callable[[str], tuple[str, str]]:
    """Lines of `key=value`, by patterns of the keys."""
    patterns = [re.compile(rf"(?im)^\s*(?:{key})\s*=\s*(.*?)\s*$") for key in (model, firmware)]

    def read(text: str) -> tuple[str, str]:
        found = [pattern.search(text) for pattern in patterns]
        of_model, of_firmware = (clean(match[1]) if match is not None else "" for match in found)
        return of_model, of_firmware

    return read


PAGES: dict[str, Pages] = {
    "hikvision": Pages(("/ISAPI/System/deviceInfo",), _isapi),
    "dahua": Pages(
        ("/cgi-bin/magicBox.cgi?action=getDeviceType", "/cgi-bin/magicBox.cgi?action=getSoftwareVersion"),
        _keys("type", "version"),
    ),
    "axis": Pages(
        ("/axis-cgi/param.cgi?action=list&group=root.Brand,root.Properties.Firmware",),
        _keys(r"root\.Brand\.ProdShortName", r"root\.Properties\.Firmware\.Version"),
    ),
    "hanwha": Pages(("/stw-cgi/system.cgi?msubmenu=deviceinfo&action=view",), _keys("Model", "FirmwareVersion")),
}
"""By vendor, as in `firmware-notes/`. They take the same user as the stream, which ONVIF often does not."""
