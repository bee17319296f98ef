"""Secrets that the store made up for itself. They are its own: a copy of the store has them too."""

import secrets as random

from sqlalchemy import Connection, select

from pantau_collector.store.schema import secrets

LINKS = "links"
"""What signs the links in notices."""
_BYTES = 32


def load_or_make(connection: Connection, name: str) -> bytes:
    """The secret of that name; made if there is none yet."""
    found = connection.execute(select(secrets.c.value).where(secrets.c.name == name)).scalar()
    if found is None:
        found = random.token_hex(_BYTES)
        connection.execute(secrets.insert(), [{"name": name, "value": found}])
    return bytes.fromhex(found)
