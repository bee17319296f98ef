"""Tells which version the tables of a store are of, and changes nothing: for a version that does not run yet."""

from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, create_engine, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from pantau_collector.store import schema, upgrade

_CONNECT = {"connect_timeout": 5}
"""Seconds that a PostgreSQL may take to answer."""


def layout_of(url: str | URL) -> str | None:
    """Return the version of the tables, None if there are none or they cannot be read now."""
    engine = create_engine(url, connect_args={} if str(url).startswith("sqlite") else _CONNECT)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table(schema.about.name):
                return None
            version = select(schema.about.c.value).where(schema.about.c.key == "version")
            return connection.execute(version).scalar_one_or_none()
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()


def read_only(path: Path) -> str:
    """Return the URL by which an SQLite file is read and never written."""
    return f"sqlite:///file:{quote(str(path.absolute()))}?mode=ro&uri=true"


def is_known(version: str) -> bool:
    """Return whether this program can use tables of that version, as they are or upgraded."""
    return version == str(schema.VERSION) or is_upgraded(version)


def is_upgraded(version: str) -> bool:
    """Return whether this program changes tables of that version, so that an earlier one cannot use them then."""
    return version in upgrade.KNOWN


def refusal(where: str, version: str) -> str:
    """Return why tables of that version cannot be used, and what to do."""
    return (
        f"{where}: its tables are of version {version}, and this program knows {schema.VERSION}:"
        " run the version of pantau that made it, or move it away to begin anew"
    )
