"""The pictures that go with a notice: the last good one beside the newest."""

from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from pantau_collector.notices.message import AttachedPicture
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.time_format import date_and_time
from pantau_contract.words import Words

_MAX_BYTES = 3_000_000
"""Bytes of a picture at most; a mail server may refuse more than ten million of them in all."""
_WITH_PICTURES = {NoticeKind.OPENED, NoticeKind.ESCALATED, NoticeKind.FLAPPING, NoticeKind.RESOLVED}
"""Kinds of notices that carry pictures."""
_NAMES = {"good_picture": "good", "picture": "now"}
"""The last part of a picture's file name, by its label in the recipient's language."""


class PictureSource(Protocol):
    """Where the last pictures are. The modification time of a file is when its picture was taken."""

    def latest(self, site: str, camera: str) -> Path | None:
        """Return the file of a camera's newest JPEG, or None."""

    def latest_good(self, site: str, camera: str) -> Path | None:
        """Return the file of a camera's newest JPEG from a time without problems, or None."""


def pictures_for(
    notice: Notice, source: PictureSource, words: Words, zone: ZoneInfo
) -> tuple[AttachedPicture, ...]:
    """Return what the camera of the notice should show and what it shows, or one picture if that is the same."""
    if notice.camera is None or notice.kind not in _WITH_PICTURES:
        return ()
    found: list[tuple[AttachedPicture, int]] = []
    for label, path in (
        ("good_picture", source.latest_good(notice.site, notice.camera)),
        ("picture", source.latest(notice.site, notice.camera)),
    ):
        read = _read(path)
        if read is None or read in [(picture.jpeg, taken_ms) for picture, taken_ms in found]:
            continue
        jpeg, taken_ms = read
        caption = words(f"notice.{label}", time=date_and_time(taken_ms, zone, words))
        name = f"{notice.site}-{notice.camera}-{_NAMES[label]}.jpg"
        found.append((AttachedPicture(name, caption, jpeg), taken_ms))
    if notice.kind is NoticeKind.RESOLVED:
        found = found[-1:]
    return tuple(picture for picture, _ in found)


def _read(path: Path | None) -> tuple[bytes, int] | None:
    """Return the bytes and the time (UTC ms) of the file; both are of the same file even if it is replaced."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            jpeg = file.read(_MAX_BYTES + 1)
            return (jpeg, path.stat().st_mtime_ns // 1_000_000) if len(jpeg) <= _MAX_BYTES else None
    except OSError:
        return None
