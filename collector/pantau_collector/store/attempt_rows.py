"""Failed attempts to sign in as rows, so that a restart gives nobody new ones."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, select

from pantau_collector.access.attempts import Limit
from pantau_collector.store.access_tables import attempts
from pantau_collector.store.database import put_rows


def take(connection: Connection, buckets: Mapping[str, Limit], now_ms: int) -> float:
    """Count an attempt as failed, and return 0; or return in how many seconds one may be made, and count nothing.

    It is counted before its outcome is known, so that many at once are not more than one after the other. The
    caller lets one transaction at a time do so.
    """
    rows = connection.execute(select(attempts).where(attempts.c.bucket.in_(buckets)))
    kept = {row.bucket: (row.level, row.time_ms) for row in rows}
    levels = {
        bucket: limit.level(*kept.get(bucket, (0.0, now_ms)), now_ms=now_ms) for bucket, limit in buckets.items()
    }
    wait_s = max((limit.wait_s(levels[bucket]) for bucket, limit in buckets.items()), default=0.0)
    if wait_s == 0:
        _put(connection, {bucket: level + 1 for bucket, level in levels.items()}, now_ms)
    return wait_s


def give_back(connection: Connection, buckets: Mapping[str, Limit], now_ms: int) -> None:
    """Empty the buckets of an account or device that was signed in to; an address's has one attempt less."""
    rows = connection.execute(select(attempts).where(attempts.c.bucket.in_(buckets)))
    kept = {row.bucket: buckets[row.bucket].level(row.level, row.time_ms, now_ms) for row in rows}
    shared = {bucket: max(level - 1, 0.0) for bucket, level in kept.items() if bucket.startswith("address:")}
    _drop(connection, kept.keys() - shared.keys())
    _put(connection, shared, now_ms)


def drop_before(connection: Connection, before_ms: int) -> None:
    """Remove what was not used since; every bucket is empty by then."""
    connection.execute(delete(attempts).where(attempts.c.time_ms < before_ms))


def _put(connection: Connection, levels: Mapping[str, float], now_ms: int) -> None:
    rows = [{"bucket": bucket, "level": level, "time_ms": now_ms} for bucket, level in levels.items()]
    put_rows(connection, attempts, rows)


def _drop(connection: Connection, buckets: Iterable[str]) -> None:
    connection.execute(delete(attempts).where(attempts.c.bucket.in_(list(buckets))))
