"""Backs the collector's data up into a folder while it runs, and restores it from there."""

from pantau_collector.backup.create import create_backup
from pantau_collector.backup.manifest import BackupError, Manifest
from pantau_collector.backup.restore import restore_backup

__all__ = ["BackupError", "Manifest", "create_backup", "restore_backup"]
