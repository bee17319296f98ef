"""Makes the next batch while the present one is being written, so that the network does not wait for encoding."""

from concurrent.futures import Future, ThreadPoolExecutor

from pantau_collector.journal import JournalReader
from pantau_collector.sinks.batch import BATCH_LINES, LineBatch, RecordFilter, read_batch

WORTH_BYTES = 1 << 20
"""Bytes of the journal that must remain for the next batch to be made ahead."""


class ReadAhead:
    """Reads a journal in batches, and makes the batch after a large one ahead, in a second thread."""

    def __init__(self, journal: JournalReader) -> None:
        self._journal = journal
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read ahead")
        self._ahead: tuple[int, Future[LineBatch]] | None = None

    def batch(self, position: int, *, end: int, select: RecordFilter, limit: int = BATCH_LINES) -> LineBatch:
        """Return the batch between `position` and `end`, and begin to make the one after it.

        A batch that was made ahead is returned if its position is requested next, even with another `end`.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] == position:
            batch = ahead[1].result()
        else:
            batch = read_batch(self._journal, position, end=end, select=select, limit=limit)
        if end - batch.position > WORTH_BYTES:
            next_batch = self._thread.submit(
                read_batch, self._journal, batch.position, end=end, select=select, limit=limit
            )
            self._ahead = (batch.position, next_batch)
        return batch

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)
