"""The OpenAPI document: what is answered is what it says, and what it says changes only on purpose."""

import json
import os
from pathlib import Path

import httpx

from pantau_collector.web.api_v1.routes import OPERATIONS, PREFIX, openapi
from pantau_collector.web.guard import GuardedRoute
from tests.collector.web.api_v1.control_room import ControlRoom

SNAPSHOT = Path(__file__).parent / "openapi.json"


def test_the_document_is_the_one_that_programs_were_written_for() -> None:
    document = openapi()
    del document["info"]["version"]
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("PANTAU_RENEW"):
        SNAPSHOT.write_text(text)
    assert SNAPSHOT.read_text() == text, (
        "the API has changed. Nothing that a program reads or sends may go or change its type within v1; if what"
        " you did is an addition, renew the document: PANTAU_RENEW=1 pytest"
        " tests/collector/web/api_v1/test_document.py"
    )


async def test_it_is_served_with_every_route_of_the_api(client: httpx.AsyncClient, room: ControlRoom) -> None:
    served = (await client.get("/openapi.json")).json()
    routes = {(path, method.upper()) for path, methods in served["paths"].items() for method in methods}
    registered = {
        (route.path, method)
        for route in room.app().routes
        if isinstance(route, GuardedRoute) and route.path.startswith(PREFIX)
        for method in route.rule.methods
    }
    assert registered - routes == {(f"{PREFIX}/openapi.json", "GET")}
    assert routes <= registered
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
