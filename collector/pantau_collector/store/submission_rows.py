"""Which forms have been submitted, so that pressing a button twice does the thing once."""

from sqlalchemy import Connection, delete, select

from pantau_collector.store.schema import submissions


def is_first(connection: Connection, token: str, *, now_ms: int) -> bool:
    """Note the submission of a form with this token, and return False if it was submitted before."""
    if connection.execute(select(submissions.c.token).where(submissions.c.token == token)).one_or_none():
        return False
    connection.execute(submissions.insert(), [{"token": token, "created_ms": now_ms}])
    return True


def remove_submissions(connection: Connection, *, before_ms: int) -> None:
    """Remove what was submitted before a time."""
    connection.execute(delete(submissions).where(submissions.c.created_ms < before_ms))
