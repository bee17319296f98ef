"""The next batch is made while the present one is on its way: the network waits for no encoding."""

from concurrent.futures import Future, ThreadPoolExecutor

from pantau_collector.journal import JournalReader
from pantau_collector.sinks.batch import BATCH_LINES, Batch, Wanted, read_batch

WORTH_BYTES = 1 << 20
"""With less of the journal left, there is no next batch worth making ahead."""


class ReadAhead:
    """Batches of a journal; the one behind a large batch is made in a second thread."""

    def __init__(self, journal: JournalReader) -> None:
        self._journal = journal
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read ahead")
        self._ahead: tuple[int, Future[Batch]] | None = None

    def batch(self, position: int, *, end: int, wanted: Wanted, limit: int = BATCH_LINES) -> Batch:
        """The batch from `position` to before `end`; the one behind it begins to be made.

        That one is given out when its position is next asked for, be `end` another then or not.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] == position:
            batch = ahead[1].result()
        else:
            batch = read_batch(self._journal, position, end=end, wanted=wanted, limit=limit)
        if end - batch.position > WORTH_BYTES:
            following = self._thread.submit(
                read_batch, self._journal, batch.position, end=end, wanted=wanted, limit=limit
            )
            self._ahead = (batch.position, following)
        return batch

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown(cancel_futures=True)
