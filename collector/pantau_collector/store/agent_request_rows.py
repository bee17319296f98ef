"""What people asked of agents, and what they answered, as rows.

The web writes the request; the pipeline writes the answer, in the transaction of the step that read it.
"""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, Row, delete, select

from pantau_collector.store.schema import agent_requests
from pantau_contract.messages import Reply


class AgentRequest(msgspec.Struct, frozen=True):
    """One request. `answer` is None until the agent has answered; times are UTC ms by the collector's clock."""

    id: str
    site: str
    camera: str
    action: str
    by: str
    asked_ms: int
    answered_ms: int | None = None
    answer: Reply | None = None


def add_request(connection: Connection, request: AgentRequest) -> None:
    """Add a request that has not been answered."""
    values = msgspec.structs.asdict(request)
    del values["answer"]
    connection.execute(agent_requests.insert(), [values])


def load_request(connection: Connection, request: str) -> AgentRequest | None:
    """Load a request by its id."""
    row = connection.execute(select(agent_requests).where(agent_requests.c.id == request)).one_or_none()
    return _request(row) if row is not None else None


def load_unanswered(connection: Connection, site: str, *, since_ms: int) -> list[AgentRequest]:
    """Load a site's requests without an answer, the latest first."""
    table = agent_requests
    query = select(table).where(table.c.site == site, table.c.asked_ms >= since_ms, table.c.answered_ms.is_(None))
    return [_request(row) for row in connection.execute(query.order_by(table.c.asked_ms.desc()))]


def save_answers(connection: Connection, answers: Iterable[tuple[int, Reply]]) -> None:
    """Save answers, each with when it was received (UTC ms); only the first answer of the asked site counts."""
    table = agent_requests
    for received_ms, answer in answers:
        connection.execute(
            table.update()
            .where(
                table.c.id == answer.id,
                table.c.site == answer.site,
                table.c.camera == answer.camera,
                table.c.answered_ms.is_(None),
            )
            .values(answered_ms=received_ms, answer_json=msgspec.json.encode(answer).decode())
        )


def remove_request(connection: Connection, request: str) -> None:
    """Remove a request that could not be sent."""
    connection.execute(delete(agent_requests).where(agent_requests.c.id == request))


def remove_requests(connection: Connection, *, before_ms: int) -> None:
    """Remove the requests that were made before a time."""
    connection.execute(delete(agent_requests).where(agent_requests.c.asked_ms < before_ms))


def _request(row: Row[tuple[object, ...]]) -> AgentRequest:
    values = {name: getattr(row, name) for name in AgentRequest.__struct_fields__ if name != "answer"}
    answer = None if row.answer_json is None else msgspec.json.decode(row.answer_json, type=Reply)
    return AgentRequest(**values, answer=answer)
