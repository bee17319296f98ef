"""The next batch is made while the present one is on its way: the network waits for no encoding."""

from concurrent.futures import Future, ThreadPoolExecutor

from pantau_collector.journal import JournalReader
from pantau_collector.sinks.batch import Batch, read_batch

WORTH_BYTES = 1 << 20
"""With less of the journal left, there is no next batch worth making ahead."""


class ReadAhead:
    """Batches of a journal; the one behind a large batch is made in a second thread."""

    def __init__(
        self,
        journal: JournalReader,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        end: int | None = None,
    ) -> None:
        self._journal = journal
        self._since_ms = since_ms
        self._until_ms = until_ms
        self._end = end
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read ahead")
        self._ahead: tuple[int, Future[Batch]] | None = None

    def batch(self, position: int) -> Batch:
        """The batch from `position`; the one behind it begins to be made."""
        if self._ahead is not None and self._ahead[0] == position:
            batch = self._ahead[1].result()
        else:
            batch = self._read(position)
        if self._journal.end - batch.position > WORTH_BYTES:
            self._ahead = (batch.position, self._thread.submit(self._read, batch.position))
        else:
            self._ahead = None
        return batch

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown(cancel_futures=True)

    def _read(self, position: int) -> Batch:
        return read_batch(self._journal, position, since_ms=self._since_ms, until_ms=self._until_ms, end=self._end)
