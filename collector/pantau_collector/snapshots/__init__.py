"""The archive of pictures: one of each hour and day, and those around each change of a camera's state.

archive.note_picture(about)             # a picture has arrived
archive.note_state(message)             # a camera's state has
reader.list(camera, from_ms, to_ms)     # what is kept of a camera
reader.open(id)                         # the JPEG of one of them
"""

from pantau_collector.snapshots.archive import SnapshotArchive
from pantau_collector.snapshots.reader import SnapshotReader
from pantau_collector.snapshots.rules import SnapshotRules
from pantau_collector.snapshots.snapshot import Snapshot, Why

__all__ = ["Snapshot", "SnapshotArchive", "SnapshotReader", "SnapshotRules", "Why"]
