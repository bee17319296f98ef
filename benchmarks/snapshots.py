"""Measures what the archive of pictures costs a city: `python -m benchmarks.snapshots [--json]`.

Every camera sends a picture each five minutes for a day, in virtual time. Printed is what a day of the policy
keeps, what that takes of disk and processor, and what the policy keeps in the long run, by its own days.
The newest pictures themselves are not written anew each time: that is the intake's work, not the archive's.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from pantau_collector.pictures import CameraKey
from pantau_collector.snapshots import SnapshotArchive, SnapshotRules
from pantau_collector.snapshots.archive import CAMERAS_AT_ONCE
from pantau_contract.messages import CameraState
from pantau_contract.snapshot import SnapshotMetadata
from pantau_contract.states import STATE_OF, Cause, State

EVERY_MS = 300_000
"""Milliseconds between two pictures of a camera, as agents send them."""
PICTURE_BYTES = 180_000
"""Bytes of a picture of 1280 columns at the agent's quality, about."""
CHANGES_A_DAY = 2
"""Changes of each camera's state in a day, about: one outage, and its end."""
_CAMERAS_OF_SITE = 17
_BEGIN_MS = 1_795_885_200_000
"""Midnight of a day in Batam."""
_DAY_MS = 86_400_000
_PLENTY = 10**14


class _Newest:
    """The newest pictures: one small file for each camera, which is taken again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: dict[CameraKey, int] = {}

    def put(self, site: str, camera: str, taken_ms: int) -> None:
        """Let a camera's picture be taken."""
        if (site, camera) not in self._taken:
            path = self._folder / site / f"{camera}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * 100)
        self._taken[site, camera] = taken_ms

    def latest(self, site: str, camera: str) -> Path | None:
        """Return its file."""
        return self._folder / site / f"{camera}.jpg"

    latest_good = latest

    def taken_ms(self, site: str, camera: str) -> int:
        """Return when it was taken."""
        return self._taken[site, camera]

    good_taken_ms = taken_ms


def day_of(cameras: int, folder: Path) -> dict[str, float]:
    """Let a day pass, and return what it cost."""
    now = [_BEGIN_MS]
    newest = _Newest(folder / "pictures")
    archive = SnapshotArchive(
        folder / "snapshots",
        SnapshotRules(max_gb=100_000),
        newest,
        zone=ZoneInfo("Asia/Jakarta"),
        time_ms=lambda: now[0],
        free_bytes=lambda: _PLENTY,
    )
    used_s = 0.0
    for second in range(0, _DAY_MS, EVERY_MS):
        now[0] = _BEGIN_MS + second
        messages = [_message(number, now[0]) for number in range(cameras)]
        for each in messages:
            newest.put(each.site, each.camera, each.time)
        began_s = time.process_time()
        for each in messages:
            archive.note_state(each)
            archive.note_picture(SnapshotMetadata(each.site, each.camera, each.time, each.state, each.cause))
        archive.flush()
        used_s += time.process_time() - began_s
    count = sum(len(archive.of_camera(key)) for key in archive.cameras())
    archive.follow(lambda _: False)
    now[0] += _DAY_MS
    began_s = time.process_time()
    for _ in range(-(-cameras // CAMERAS_AT_ONCE)):
        archive.remove_old(0)
    tidied_s = time.process_time() - began_s
    index = sum(path.stat().st_size for path in (folder / "snapshots").glob("index.sqlite*"))
    archive.close()
    return {
        "cameras": cameras,
        "files_a_day": count,
        "gb_a_day": round(count * PICTURE_BYTES / 1e9, 1),
        "index_mb_a_day": round(index / 1e6, 1),
        "cpu_s_a_day": round(used_s, 1),
        "tidying_cpu_s_a_day": round(tidied_s, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }


def _message(number: int, now_ms: int) -> CameraState:
    """Return one camera's state: covered for half an hour of the day."""
    slot = (now_ms - _BEGIN_MS) // EVERY_MS
    bad = slot in range(100 + number % 100, 106 + number % 100)
    cause = Cause.COVERED if bad else None
    site, camera = f"site{number // _CAMERAS_OF_SITE}", f"cam{number % _CAMERAS_OF_SITE}"
    return CameraState(site, camera, "b", slot, now_ms, STATE_OF[cause] if cause else State.OK, now_ms, cause)


def in_the_long_run(cameras: int, size: int, rules: SnapshotRules) -> dict[str, float]:
    """Return how much the policy keeps once all its days have passed, if the disk has room."""
    day = rules.hourly_days * 24 + (rules.daily_days - rules.hourly_days)
    changes = 2 * CHANGES_A_DAY * rules.change_days
    return {"files_kept": cameras * (day + changes), "gb_kept": round(cameras * (day + changes) * size / 1e9, 1)}


def main() -> None:
    """Print the figures. Files are small in the run; the bytes of a day are those of real pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snapshots", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one object")
    parser.add_argument("--cameras", type=int, default=5000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = day_of(options.cameras, Path(folder))
    found |= in_the_long_run(options.cameras, PICTURE_BYTES, SnapshotRules())
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' ')}: {value:,}")


if __name__ == "__main__":
    main()
