"""Sets up a service's log: plain lines on standard error, to which systemd adds time and unit, or JSON lines."""

import json
import logging
import sys
import time
from typing import Literal

from pantau_contract.printable import printable_line

Level = Literal["debug", "info", "warning", "error"]

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""The priorities that journald reads at the beginning of a line (sd-daemon(3))."""
_MAX_MESSAGE = 20_000
"""Characters of a message at most."""


def set_up(level: Level, *, as_json: bool, to_journal: bool) -> None:
    """Send the log to standard error, as text or as JSON lines; for journald with priorities instead of levels."""
    handler = logging.StreamHandler(sys.stderr)
    if as_json:
        handler.setFormatter(_JsonLines())
    elif to_journal:
        handler.setFormatter(_JournalLines())
    else:
        handler.setFormatter(_Lines("%(levelname)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class _Lines(logging.Formatter):
    """Makes one printable line of each message: names and other programs' words stand in some."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as logging has it
        record.message = printable_line(record.message, _MAX_MESSAGE)
        return super().formatMessage(record)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _JournalLines(_Lines):
    """Puts `<priority>` before every line, because journald splits at line breaks."""

    def format(self, record: logging.LogRecord) -> str:
        priority = _PRIORITY.get(record.levelno, 6)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())
