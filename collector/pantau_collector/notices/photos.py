"""The pictures that go with a notice: the last good one beside the newest."""

from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from pantau_collector.notices.notice import Notice, NoticeKind, Picture
from pantau_collector.notices.phrases import date_and_time
from pantau_contract.words import Words

_LARGEST = 3_000_000
"""Bytes; a mail server may refuse more than ten million of them in all."""


class Pictures(Protocol):
    """Where the last pictures are. Their files' time of change is when they were taken."""

    def latest(self, site: str, camera: str) -> Path | None:
        """The file of a camera's newest JPEG, or None."""

    def latest_good(self, site: str, camera: str) -> Path | None:
        """The file of a camera's newest JPEG that was taken while all was well, or None."""


def pictures_for(notice: Notice, pictures: Pictures, words: Words, zone: ZoneInfo) -> tuple[Picture, ...]:
    """Of one camera's notice: what it should show and what it shows; where that is the same, one picture."""
    if notice.camera is None or notice.kind not in _SHOWN:
        return ()
    found: list[tuple[Picture, int]] = []
    for label, path in (
        ("good_picture", pictures.latest_good(notice.site, notice.camera)),
        ("picture", pictures.latest(notice.site, notice.camera)),
    ):
        read = _read(path)
        if read is None or read in [(picture.jpeg, taken_ms) for picture, taken_ms in found]:
            continue
        jpeg, taken_ms = read
        caption = words(f"notice.{label}", time=date_and_time(taken_ms, zone, words))
        name = f"{notice.site}-{notice.camera}-{_NAMES[label]}.jpg"
        found.append((Picture(name, caption, jpeg), taken_ms))
    if notice.kind is NoticeKind.RESOLVED:
        found = found[-1:]
    return tuple(picture for picture, _ in found)


_SHOWN = {NoticeKind.OPENED, NoticeKind.ESCALATED, NoticeKind.FLAPPING, NoticeKind.RESOLVED}
_NAMES = {"good_picture": "good", "picture": "now"}


def _read(path: Path | None) -> tuple[bytes, int] | None:
    """Bytes and time (UTC ms), of one and the same file though it be replaced meanwhile."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            jpeg = file.read(_LARGEST + 1)
            return (jpeg, path.stat().st_mtime_ns // 1_000_000) if len(jpeg) <= _LARGEST else None
    except OSError:
        return None
