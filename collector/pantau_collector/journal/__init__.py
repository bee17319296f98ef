"""The collector's durable log: every message that was acknowledged to an agent is in it."""

from pantau_collector.journal.cursor import CursorFile
from pantau_collector.journal.journal import Journal, JournalError
from pantau_collector.journal.reader import JournalReader
from pantau_collector.journal.record import Damage, Record
from pantau_collector.journal.retention import RetentionLimits

__all__ = ["CursorFile", "Damage", "Journal", "JournalError", "JournalReader", "Record", "RetentionLimits"]
