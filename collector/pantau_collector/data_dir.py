"""Where in `data_dir` what lies."""

from pathlib import Path


class DataDir:
    """The paths; nothing is made by asking for one."""

    def __init__(self, root: Path) -> None:
        self.journal = root / "journal"
        self.pictures = root / "pictures"
        self.dead_messages = root / "dead-letters" / "messages.jsonl"
        """What agents sent and the contract does not allow."""
        self.dead_lines = root / "dead-letters" / "lines.jsonl"
        """What InfluxDB refused for ever."""
        self.dead_replay = root / "dead-letters" / "replay.jsonl"
        """What an InfluxDB refused of a replay."""
        self.influx_cursor = root / "influx.cursor"
        self.store = root / "collector.sqlite"
        """Fleet, incidents, outbox: what the pipeline keeps."""
