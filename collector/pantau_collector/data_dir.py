"""The layout of the collector's `data_dir`."""

from pathlib import Path


class DataDir:
    """The paths within `data_dir`; creating this object creates none of them."""

    def __init__(self, root: Path) -> None:
        self.journal = root / "journal"
        self.pictures = root / "pictures"
        self.outage_pictures = root / "outage-pictures"
        """Of each outage, the last good picture before it and the first after it."""
        self.snapshots = root / "snapshots"
        """The archive of pictures, by camera, with its index."""
        self.timelapses = root / "timelapses"
        """Time-lapses that were made on a project's page; each can be made again."""
        self.measures = root / "measures"
        """What was measured of each camera in the last day, for its page; a backup leaves it out."""
        self.measures_cursor = root / "measures.cursor"
        self.dead_messages = root / "dead-letters" / "messages.jsonl"
        """Messages from agents that broke the contract."""
        self.dead_lines = root / "dead-letters" / "lines.jsonl"
        """Lines that InfluxDB refused for good."""
        self.dead_days = root / "dead-letters" / "days.jsonl"
        """Lines of `camera_day` that InfluxDB refused for good."""
        self.dead_listing = root / "dead-letters" / "listing.jsonl"
        """Lines of `listing` that InfluxDB refused for good."""
        self.dead_replay = root / "dead-letters" / "replay.jsonl"
        """Lines of a replay that an InfluxDB refused for good."""
        self.influx_cursor = root / "influx.cursor"
        self.store = root / "collector.sqlite"
        """The pipeline's state: fleet, incidents, notices, outbox."""
        self._root = root

    def existing(self) -> list[Path]:
        """Return what there is of these folders and files, with SQLite's own files beside the store."""
        folders = (
            self.journal,
            self.pictures,
            self.outage_pictures,
            self.snapshots,
            self.timelapses,
            self.dead_messages.parent,
            self.influx_cursor,
        )
        return [*(path for path in folders if path.exists()), *self._root.glob(f"{self.store.name}*")]
