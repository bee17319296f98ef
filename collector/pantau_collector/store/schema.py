"""The tables. Only SQL that SQLite and PostgreSQL both speak.

Columns ending in `_ms` are UTC epoch milliseconds, in `_s` seconds of the collector's attention; `*_json` hold
JSON.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION = 2
"""Raised with every change of the tables; a database of another version is not touched."""

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself in INTEGER columns alone

about = Table(
    "about",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("journal", String(40), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("attention_s", Float, nullable=False),
)

journaled = Table(
    "journaled",
    metadata,
    Column("what", String(40), primary_key=True),
    Column("last_id", BigInteger, nullable=False),
)

sites = Table(
    "sites",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("state_json", Text, nullable=False),
)

cameras = Table(
    "cameras",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("id", String(63), primary_key=True),
    Column("state_json", Text, nullable=False),
)

symptoms = Table(
    "symptoms",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("subject", String(63), primary_key=True),
    Column("bad", Boolean, nullable=False),
    Column("since_s", Float, nullable=False),
    Column("trouble", String(40)),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("site", String(63), nullable=False),
    Column("camera", String(63)),
    Column("cause", String(40), nullable=False),
    Column("cameras_json", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("opened_s", Float, nullable=False),
    Column("ending_s", Float),
    Column("resolved_ms", BigInteger),
    Index("incidents_resolved", "resolved_ms"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("incident", BigInteger, nullable=False, index=True),
    Column("time_ms", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("cause", String(40), nullable=False),
    Column("cameras_json", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("incident", BigInteger, nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("recipient", String(63), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("status", String(10), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("error", Text, nullable=False),
    Column("notice_json", Text, nullable=False),
    UniqueConstraint("incident", "kind", "recipient", "channel", name="outbox_once"),
)
