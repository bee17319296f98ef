"""The tables of who may do what: accounts, sessions, tokens, links, attempts, and the audit log."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from pantau_collector.store.schema import metadata

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite assigns ids by itself in INTEGER columns only

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("full_name", String(200), nullable=False),
    Column("role", String(10), nullable=False),
    Column("scope_json", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("provider", String(600), nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("disabled_ms", BigInteger),
    Column("signed_in_ms", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account", String(63), nullable=False, index=True),
    Column("token", BigInteger),
    Column("method", String(10), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
    Column("address", String(45), nullable=False),
    Column("browser", String(200), nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("kind", String(10), nullable=False),
    Column("name", String(100), nullable=False),
    Column("role", String(10), nullable=False),
    Column("scope_json", Text, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("used_ms", BigInteger),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("account", String(63), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("bucket", String(120), primary_key=True),
    Column("level", Float, nullable=False),
    Column("time_ms", BigInteger, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("time_ms", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("address", String(45), nullable=False),
    Column("action", String(100), nullable=False),
    Column("target", String(400), nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_time", "time_ms"),
)
