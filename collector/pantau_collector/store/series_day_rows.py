"""Which days of a site are in the series database, and a digest of what was written for each.

A day is known by its beginning, UTC ms.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, func, select

from pantau_collector.store.database import drop_rows, put_rows
from pantau_collector.store.schema import series_days


def load_newest(connection: Connection) -> dict[str, int]:
    """Load the newest day that was written of each site."""
    query = select(series_days.c.site, func.max(series_days.c.day_ms).label("newest_ms")).group_by(
        series_days.c.site
    )
    return {row.site: row.newest_ms for row in connection.execute(query)}


def load_digests(connection: Connection, site: str, from_ms: int) -> dict[int, int]:
    """Load the digests of a site's days from a moment on."""
    table = series_days.c
    query = select(table.day_ms, table.digest).where(table.site == site, table.day_ms >= from_ms)
    return {row.day_ms: row.digest for row in connection.execute(query)}


def save_digests(connection: Connection, site: str, digests: Mapping[int, int]) -> None:
    """Note what was written of a site."""
    put_rows(
        connection,
        series_days,
        ({"site": site, "day_ms": day_ms, "digest": digest} for day_ms, digest in digests.items()),
    )


def drop_days(connection: Connection, site: str, days_ms: Iterable[int]) -> None:
    """Forget that these days of a site were written."""
    drop_rows(connection, series_days, ({"site": site, "day_ms": day_ms} for day_ms in days_ms))


def drop_all_days(connection: Connection) -> None:
    """Forget everything that was written, so that it is written again."""
    connection.execute(delete(series_days))
