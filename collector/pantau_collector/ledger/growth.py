"""Limits how fast one site's ledger grows, so that nobody fills the store with invented boots and changes."""

import logging

MAX_ROWS_A_DAY = 50_000
"""Rows that one site may add in a day. 64 cameras that change every two minutes add 46,000."""
MAX_BOOTS_A_DAY = 1_000
"""Boots and starts of one site that are new in a day: one every minute and a half."""
_DAY_MS = 86_400_000
_log = logging.getLogger(__name__)


class Growth:
    """What each site has added since the beginning of a day of the journal's time (UTC).

    What is counted is forgotten when the collector is started.
    """

    def __init__(self) -> None:
        self._day = 0
        self._rows: dict[str, int] = {}
        self._boots: dict[str, int] = {}
        self._told: set[str] = set()

    def begin(self, received_ms: int) -> None:
        """Begin with what was received up to a moment; a later day begins anew."""
        day = received_ms // _DAY_MS
        if day > self._day:
            self._day = day
            self._rows, self._boots, self._told = {}, {}, set()

    def may_grow(self, site: str) -> bool:
        """Return False if a site has added as many rows as it may, and what it says is to be left out."""
        if self._rows.get(site, 0) < MAX_ROWS_A_DAY:
            return True
        self._tell(site, f"{MAX_ROWS_A_DAY} changes")
        return False

    def admits_boot(self, site: str) -> bool:
        """Count a boot or start that is new, and return False if the site may not have another one today."""
        boots = self._boots[site] = self._boots.get(site, 0) + 1
        if boots <= MAX_BOOTS_A_DAY:
            return True
        self._tell(site, f"{MAX_BOOTS_A_DAY} boots or starts")
        return False

    def add(self, site: str, rows: int) -> None:
        """Count rows that a site has added."""
        self._rows[site] = self._rows.get(site, 0) + rows

    def _tell(self, site: str, what: str) -> None:
        if site not in self._told:
            self._told.add(site)
            _log.warning(
                "the site %s has reported %s today: the ledger takes no more of them until tomorrow, and that "
                "time is not known; look at its agent, and at who has its login",
                site,
                what,
            )
