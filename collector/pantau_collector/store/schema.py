"""The tables, in SQL that both SQLite and PostgreSQL understand.

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
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION = 3
"""The tables' version, raised with each change of them; `upgrade` knows the older ones that can be upgraded."""

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite assigns ids by itself in INTEGER columns only

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
    Column("subject", String(80), primary_key=True),
    Column("bad", Boolean, nullable=False),
    Column("since_s", Float, nullable=False),
    Column("trouble", String(40)),
    Column("changes", Integer, nullable=False),
    Column("looked_s", Float, nullable=False),
    Column("looked_bad", Boolean, nullable=False),
    Column("flapping", Boolean, nullable=False),
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
    Column("device", String(63)),
    Column("uplink", String(63)),
    Column("sites_json", Text, nullable=False),
    Column("awaited", Integer, nullable=False),
    Column("origin", BigInteger),
    Column("acknowledged_json", Text),
    Column("downtime", String(20), nullable=False),
    Column("flapping", Boolean, nullable=False),
    Column("waiting_s", Float, nullable=False),
    Column("escalation", Integer, nullable=False),
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

requests = Table(
    "requests",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("incident", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Column("withdrawn", Boolean, nullable=False),
)

downtimes = Table(
    "downtimes",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("scope", String(20), nullable=False),
    Column("target", String(400), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger),
    Column("rrule", Text),
    Column("duration_s", Integer, nullable=False),
    Column("timezone", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("cancelled_ms", BigInteger),
)

forgotten_sites = Table(
    "forgotten_sites",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("incident", BigInteger, nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("step", String(60), nullable=False),
    Column("recipient", String(63), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("ready_ms", BigInteger, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("letter", BigInteger, index=True),
    Column("notice_json", Text, nullable=False),
    UniqueConstraint("incident", "kind", "step", "recipient", name="notices_once"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("letter", BigInteger, nullable=False),
    Column("form", String(10), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("incidents_json", Text, nullable=False),
    Column("recipient", String(63), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("status", String(10), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("error", Text, nullable=False),
    UniqueConstraint("letter", "channel", name="outbox_once"),
    Index("outbox_of_recipient", "recipient", "created_ms"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("incident", BigInteger, nullable=False, index=True),
    Column("cameras_json", Text, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger),
    Column("bucket", String(20)),
    Column("party", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("before_json", Text, nullable=False),
)

inventory_changes = Table(
    "inventory_changes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("time_ms", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("site", String(63), nullable=False),
    Column("name", String(63), nullable=False),
    Column("entry_json", Text),
    Index("inventory_changes_of", "kind", "site", "name"),
)

inventory_moves = Table(
    "inventory_moves",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("change", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)

ledger_subjects = Table(
    "ledger_subjects",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("site", String(63), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("name", String(63), nullable=False),
    UniqueConstraint("site", "kind", "name", name="ledger_subjects_once"),
)

ledger_claims = Table(
    "ledger_claims",
    metadata,
    Column("subject", _Id, primary_key=True, autoincrement=False),
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("condition", String(20), nullable=False),
    sqlite_with_rowid=False,
)

ledger_latest = Table(
    "ledger_latest",
    metadata,
    Column("subject", _Id, primary_key=True, autoincrement=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("condition", String(20), nullable=False),
)

ledger_boots = Table(
    "ledger_boots",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("site", String(63), nullable=False),
    Column("boot", String(400), nullable=False),
    Column("machine_ms", BigInteger, nullable=False),
    Column("undervoltage_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("undated_ms", BigInteger, nullable=False),
    UniqueConstraint("site", "boot", name="ledger_boots_once"),
)

ledger_runs = Table(
    "ledger_runs",
    metadata,
    Column("boot", _Id, primary_key=True, autoincrement=False),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("interval_ms", Integer, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("starts", Boolean, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

ledger_starts = Table(
    "ledger_starts",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("boot", String(400), primary_key=True),
    Column("before_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("period", BigInteger, primary_key=True, autoincrement=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("clean", Boolean, nullable=False),
    Column("machine_ms", BigInteger, nullable=False),
)

ledger_attention = Table(
    "ledger_attention",
    metadata,
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("to_ms", BigInteger, nullable=False),
)

ledger_changes = Table(
    "ledger_changes",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("from_ms", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

closed_months = Table(
    "closed_months",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("timezone", String(60), nullable=False),
    Column("closed_ms", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    Column("program", String(40), nullable=False),
    Column("digest", String(64), nullable=False),
)

closed_documents = Table(
    "closed_documents",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

series_days = Table(
    "series_days",
    metadata,
    Column("site", String(63), primary_key=True),
    Column("day_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

agent_requests = Table(
    "agent_requests",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("site", String(63), nullable=False),
    Column("camera", String(63), nullable=False),
    Column("action", String(40), nullable=False),
    Column("by", String(200), nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("answered_ms", BigInteger),
    Column("answer_json", Text),
    Index("agent_requests_of", "site", "asked_ms"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(63), nullable=False),
    Column("camera", String(63)),
    Column("incident", BigInteger, index=True),
    Column("text", Text, nullable=False),
    Column("by", String(200), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("notes_of", "site", "camera"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
)
