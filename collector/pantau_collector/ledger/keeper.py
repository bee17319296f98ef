"""Keeps the ledger: reads the journal from a cursor on, and enters what it says into the store."""

import logging
import time

from pantau_collector.journal import Journal
from pantau_collector.ledger.book import Book
from pantau_collector.ledger.facts import Facts
from pantau_collector.ledger.growth import Growth
from pantau_collector.periodic import PeriodicThread
from pantau_collector.pipeline.position import resume_cursor
from pantau_collector.store import Store, StoreError, fleet_rows
from pantau_contract.errors import ContractError

NAME = "ledger"
"""The name of its cursor."""
MOST_WAIT_S, LEAST_WAIT_S = 20.0, 1.0
"""Seconds at most and at least from one step to the next once everything is read."""
RESTS = 100
"""How many times as long as a step took the next one is waited for: what gathers meanwhile is cheaper together."""
RECORDS_PER_STEP = 1_000
"""Records of the journal that one transaction enters at most; nobody else can write into SQLite meanwhile."""
_RETRY_S = 10.0
_log = logging.getLogger(__name__)


class LedgerKeeper:
    """Enters new records every few seconds, on its own thread.

    The cursor moves in the transaction that enters them.
    """

    def __init__(self, journal: Journal, store: Store) -> None:
        self._journal = journal
        self._store = store
        self._book: Book | None = None
        self._growth = Growth()
        self._position = 0
        self.unreadable = 0
        """Records since the start that broke the contract."""
        self._thread = PeriodicThread(
            "ledger",
            self._step,
            failure="the ledger cannot be kept; what was received stays in the journal",
            retry_s=_RETRY_S,
            expected=(StoreError, OSError),
        )

    @property
    def behind_bytes(self) -> int:
        """Bytes of the journal that are not entered yet."""
        return max(self._journal.end - self._position, 0)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way."""
        self._thread.stop()

    def enter_some(self) -> int:
        """Enter up to 1,000 records, and return how many.

        Raises:
            StoreError: nothing was entered.
            OSError: the journal cannot be read.
        """
        book = self._book or self._open()
        self._book = None  # until the transaction is durable, the book is ahead of the store
        records, position = self._journal.read(self._position, RECORDS_PER_STEP)
        facts = Facts()
        for record in records:
            try:
                facts.add(record)
            except ContractError as error:
                self.unreadable += 1
                _log.debug("the ledger leaves out a record on %s: %s", record.topic, error)
        if records:
            cursor = fleet_rows.PipelineCursor(self._journal.identity, position, records[-1].received_ms, 0.0)
            with self._store.begin() as connection:
                book.enter(connection, facts)
                fleet_rows.save_cursor(connection, cursor, NAME)
            self._position = position
            self._journal.report_position(NAME, position)
        self._book = book
        return len(records)

    def _open(self) -> Book:
        with self._store.begin() as connection:
            cursor = resume_cursor(self._journal, fleet_rows.load_cursor(connection, NAME))
            book = Book(connection, self._growth)
        self._position = max(cursor.position, self._journal.start)
        self._journal.report_position(NAME, self._position)
        return book

    def _step(self) -> float:
        began = time.monotonic()
        if self.enter_some() == RECORDS_PER_STEP:
            return 0.0
        return min(max(RESTS * (time.monotonic() - began), LEAST_WAIT_S), MOST_WAIT_S)
