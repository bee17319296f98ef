"""A camera that sends pictures, real JPEGs, to an archive on disk."""

from datetime import datetime
from io import BytesIO
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw

from pantau_collector.pictures import PictureFiles
from pantau_collector.snapshots import SnapshotArchive, SnapshotReader, SnapshotRules
from pantau_contract.messages import CameraState
from pantau_contract.snapshot import SnapshotMetadata, stamp
from pantau_contract.states import STATE_OF, Cause, State

ZONE = ZoneInfo("Asia/Jakarta")
PLENTY = 10**12
SITE = "nagoya"


def at(text: str) -> int:
    """Return a time of Batam, such as `2026-11-10 12:00`, in UTC ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def street(brightness: int = 130, *, size: tuple[int, int] = (320, 180), seed: int = 1) -> bytes:
    """Return a JPEG of houses in a light, 0 (night) to 255."""
    chance = Random(seed)
    picture = Image.new("RGB", size, (brightness, brightness, min(255, brightness + 20)))
    draw = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        colour = tuple(chance.randrange(brightness // 3, min(255, brightness * 2) + 1) for _ in range(3))
        draw.rectangle((x, y, x + chance.randrange(8, 60), y + chance.randrange(8, 60)), fill=colour)
    out = BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


class Collector:
    """A collector's newest pictures and its archive, and a clock that stands."""

    def __init__(self, folder: Path, rules: SnapshotRules | None = None, *, free: int = PLENTY) -> None:
        self.now_ms = at("2026-11-10 08:00")
        self.free = free
        self.folder = folder
        self.pictures = PictureFiles(folder / "pictures", time_ms=lambda: self.now_ms, free_bytes=lambda: PLENTY)
        self.archive = SnapshotArchive(
            folder / "snapshots",
            rules or SnapshotRules(),
            self.pictures,
            zone=ZONE,
            time_ms=lambda: self.now_ms,
            free_bytes=lambda: self.free,
        )
        self.reader = SnapshotReader(folder / "snapshots")
        self._states = 0

    def sent(
        self,
        when: str,
        jpeg: bytes | None = None,
        *,
        cause: Cause | None = None,
        camera: str = "cam1",
        site: str = SITE,
    ) -> None:
        """Take a picture in, as the intake does."""
        self.now_ms = max(self.now_ms, at(when))
        about = SnapshotMetadata(site, camera, at(when), STATE_OF[cause] if cause else State.OK, cause)
        if self.pictures.put(about, stamp(jpeg or street(), about)):
            self.archive.note_picture(about)

    def became(self, when: str, cause: Cause | None = None, *, camera: str = "cam1", site: str = SITE) -> None:
        """Take in the message that a camera's state has changed."""
        self._states += 1
        state = STATE_OF[cause] if cause else State.OK
        self.archive.note_state(
            CameraState(site, camera, "b1", self._states, at(when), state, at(when), cause, "as a test says")
        )

    def kept(self, camera: str = "cam1", site: str = SITE) -> list[str]:
        """Return what the archive has of a camera, as `10 12:00 hour ok`."""
        self.archive.flush()
        return [
            f"{datetime.fromtimestamp(each.taken_ms / 1000, ZONE):%d %H:%M} {each.why} {each.condition}"
            for each in self.reader.list((site, camera))
        ]

    def on_disk(self) -> set[str]:
        """Return the archive's files, without its index."""
        folder = self.folder / "snapshots"
        return {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and "index" not in path.name
        }
