"""Spreadsheets that were uploaded and previewed, until they are taken or forgotten."""

import secrets
import threading
from collections import OrderedDict

from msgspec import Struct

_MOST = 8
"""Uploads that are kept, the latest one of each person; they are lost when the collector starts anew."""


class Upload(Struct, frozen=True):
    """A spreadsheet: its bytes, what the person calls it, and for whose file it is."""

    content: bytes
    name: str
    owner: str
    remove: bool


class Uploads:
    """The latest uploads. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[str, Upload]] = OrderedDict()

    def put(self, who: str, upload: Upload) -> str:
        """Keep an upload in place of the person's last one, and return its token."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._kept.pop(who, None)
            self._kept[who] = token, upload
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return token

    def take(self, who: str, token: str) -> Upload | None:
        """Return a person's upload, or None if it is gone."""
        with self._lock:
            kept = self._kept.get(who)
        return kept[1] if kept is not None and secrets.compare_digest(kept[0].encode(), token.encode()) else None
