"""Decisions as rows. They are added, and never changed or removed."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, select

from pantau_collector.attribution.decision import CameraKey, Decision
from pantau_collector.attribution.period import AROUND_MS
from pantau_collector.ledger import Bucket, rows
from pantau_collector.store.schema import decisions, incidents

_CAMERAS_KEPT = 20_000
"""Cameras whose keys decisions share."""


def add_decision(connection: Connection, decision: Decision) -> Decision:
    """Add a decision, and return it with the id that it was given."""
    values = {
        "incident": decision.incident,
        "cameras_json": json.dumps([_name(camera) for camera in decision.cameras]),
        "from_ms": decision.from_ms,
        "to_ms": decision.to_ms,
        "bucket": decision.to,
        "party": decision.party,
        "reason": decision.reason,
        "by": decision.by,
        "created_ms": decision.created_ms,
        "before_json": json.dumps({_name(camera): ms for camera, ms in decision.before.items()}),
    }
    (number,) = connection.execute(decisions.insert().values(values)).inserted_primary_key or (0,)
    rows.save_changes(connection, dict.fromkeys(_sites(decision), decision.from_ms))
    return _decision(connection.execute(_ALL.where(decisions.c.id == number)).one())


def load_decisions(connection: Connection, *, with_before: bool = True) -> list[Decision]:
    """Load every decision, in order of its id. One about an incident that is over by now has an end.

    Without `with_before`, `Decision.before` is empty; it is large where a decision is about thousands of cameras.
    """
    return [
        _decision(row, with_before=with_before) for row in connection.execute(_ALL if with_before else _WITHOUT)
    ]


_ALL = (
    select(decisions, incidents.c.id.label("known"), incidents.c.resolved_ms)
    .join(incidents, incidents.c.id == decisions.c.incident, isouter=True)
    .order_by(decisions.c.id)
)


_WITHOUT = _ALL.with_only_columns(
    *(column for column in _ALL.selected_columns if column.name != decisions.c.before_json.name),
    maintain_column_froms=True,
)


def _decision(row: Row[Any], *, with_before: bool = True) -> Decision:
    before = json.loads(row.before_json) if with_before else {}
    return Decision(
        id=row.id,
        incident=row.incident,
        cameras=tuple(_camera(name) for name in json.loads(row.cameras_json)),
        from_ms=row.from_ms,
        to_ms=_end_ms(row),
        to=None if row.bucket is None else Bucket(row.bucket),
        party=row.party,
        reason=row.reason,
        by=row.by,
        created_ms=row.created_ms,
        before={_camera(name): {Bucket(bucket): ms for bucket, ms in its.items()} for name, its in before.items()},
    )


def _end_ms(row: Row[Any]) -> int | None:
    """Return when a decision ends: of one about an open incident, when that ended, or None if it has not yet.

    Such an incident is not removed; if it were missing all the same, nothing after the decision would move.
    """
    if row.to_ms is not None:
        return int(row.to_ms)
    if row.known is None:
        return int(row.created_ms)
    return None if row.resolved_ms is None else int(row.resolved_ms) + AROUND_MS


def _sites(decision: Decision) -> Iterable[str]:
    return (site for site, _ in decision.cameras)


def _name(camera: CameraKey) -> str:
    return "/".join(camera)


@lru_cache(_CAMERAS_KEPT)
def _camera(name: str) -> CameraKey:
    site, _, camera = name.partition("/")
    return site, camera
