"""Random secrets that belong to the store, so that two collectors with one store have the same."""

import secrets as random

from sqlalchemy import Connection, select

from pantau_collector.store.database import put_rows
from pantau_collector.store.schema import secrets

LINKS = "links"
"""The name of the secret that signs the links in notices."""
_SECRET_BYTES = 32


def load_or_make(connection: Connection, name: str) -> bytes:
    """Load the secret of a name, or create it if there is none yet."""
    found = connection.execute(select(secrets.c.value).where(secrets.c.name == name)).scalar()
    if found is None:
        found = random.token_hex(_SECRET_BYTES)
        connection.execute(secrets.insert(), [{"name": name, "value": found}])
    return bytes.fromhex(found)


def renew(connection: Connection, name: str) -> None:
    """Replace the secret of a name by a new one. What was signed with the old one is no longer valid."""
    put_rows(connection, secrets, [{"name": name, "value": random.token_hex(_SECRET_BYTES)}])
