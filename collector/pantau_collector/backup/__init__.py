"""The collector's data as a folder that it can be made anew from, taken while it runs."""

from pantau_collector.backup.manifest import BackupError, Manifest
from pantau_collector.backup.restore import restore
from pantau_collector.backup.take import take

__all__ = ["BackupError", "Manifest", "restore", "take"]
