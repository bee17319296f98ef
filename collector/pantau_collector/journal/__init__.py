"""The collector's durable log: what has been acknowledged to an agent is in it."""

from pantau_collector.journal.cursor import Cursor
from pantau_collector.journal.journal import Journal, JournalError
from pantau_collector.journal.reader import JournalReader
from pantau_collector.journal.record import Damage, Record
from pantau_collector.journal.retention import Retention

__all__ = ["Cursor", "Damage", "Journal", "JournalError", "JournalReader", "Record", "Retention"]
