"""Every route, made from the routes themselves, with each role and scope: allowed or refused."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.fleet.view import CityView
from pantau_collector.web.guard import GuardedRoute
from pantau_collector.web.route_table import UnguardedRouteError, guarded_routes, render_table
from tests.collector.web.desk.control_room import ControlRoom
from tests.collector.web.every_route import PROVIDER, whole_application
from tests.collector.web.signed_wall import two_departments

TABLE = Path(__file__).parents[3] / "docs" / "access.md"
REFUSALS = re.compile(r"sign in first|this needs the role|this is for those who may see the whole city")
ROADS = Scope(owners=("roads",))
OWN = {"site": "kabil", "camera": "gerbang", "number": "1", "project": "x", "date": "2026-11-24", "name": "x"}
FOREIGN = {**OWN, "site": "nongsa", "camera": "kolam", "number": "2"}


class Asked:
    """The application, asked without a socket up to the beginning of the answer: streams never end."""

    def __init__(self, folder: Path) -> None:
        self.room = ControlRoom(folder, view=two_departments(), web={"oidc": PROVIDER})
        self.app: Starlette = whole_application(self.room)
        self._asked = 0

    def routes(self) -> Iterator[GuardedRoute]:
        return guarded_routes(self.app.routes)

    async def ask(self, method: str, path: str, who: Principal | None) -> tuple[int, str]:
        self._asked += 1
        self.room.who, self.room.address = who, f"10.{self._asked // 250}.{self._asked % 250}.1"
        begun, status, body = asyncio.Event(), [0], [b""]

        received = [False]

        async def receive() -> dict[str, Any]:
            if received[0]:
                await asyncio.Event().wait()  # it does not hang up
            received[0] = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                if message["status"] < 400:
                    begun.set()
            else:
                body[0] += message.get("body", b"")
                if not message.get("more_body"):
                    begun.set()

        plain, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": plain,
            "raw_path": plain.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost"), (b"content-length", b"0")],
            "scheme": "http",
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 5000),
        }
        task = asyncio.create_task(self.app(scope, receive, send))  # type: ignore[arg-type]
        waiting = asyncio.create_task(begun.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for each in (task, waiting):
            each.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
        return status[0], body[0].decode(errors="replace")


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def path_of(route: GuardedRoute, names: dict[str, str]) -> str:
    return route.path_format.format(**{key: names.get(key, "1") for key in route.param_convertors})


def principals() -> Iterator[Principal | None]:
    yield None
    for role in Role:
        for scope in (Scope(), ROADS):
            if role is not Role.ADMIN or scope.whole_city:
                yield Principal(f"{role.name}", role, scope, kind="token")


def may_use(route: GuardedRoute, who: Principal | None) -> bool:
    rule = route.rule
    if rule.least is None:
        return True
    return who is not None and who.role >= rule.least and (who.scope.whole_city or not rule.whole_city)


async def test_each_route_lets_in_whom_its_rule_says_and_nobody_else(asked: Asked) -> None:
    wrong, tried = [], 0
    for route in list(asked.routes()):
        for method in sorted(route.rule.methods):
            for who in principals():
                tried += 1
                status, text = await asked.ask(method, path_of(route, OWN), who)
                refused = status in (401, 403) and REFUSALS.search(text) is not None
                name = f"{who.role.name} of {who.scope}" if who else "stranger"
                if refused is may_use(route, who) or status >= 500 or status == 0:
                    wrong.append(f"{method} {route.path} by {name}: {status} {text[:80]}")
    assert wrong == []
    assert tried > 200


async def test_a_department_finds_nothing_of_another_by_a_guessed_address(asked: Asked) -> None:
    tried = 0
    for route in list(asked.routes()):
        if not {"site", "camera"} & route.param_convertors.keys() or route.rule.least is None:
            continue
        for method in sorted(route.rule.methods):
            tried += 1
            who = Principal("roads", Role.OPERATOR, ROADS, kind="token")
            status, text = await asked.ask(method, path_of(route, FOREIGN), who)
            assert status in (403, 404), (method, route.path, status)
            assert "kolam" not in text.lower(), (method, route.path)
    assert tried > 4


async def test_no_answer_names_a_camera_of_another_department(asked: Asked) -> None:
    who = Principal("roads", Role.OPERATOR, ROADS, kind="token")
    everything = Principal("all", Role.OPERATOR, kind="token")
    seen = 0
    for route in list(asked.routes()):
        if route.rule.least is None or "GET" not in route.rule.methods or route.param_convertors:
            continue
        for asker in (everything, who):
            status, text = await asked.ask("GET", route.path, asker)
            named = "kolam" in text.lower() or "nongsa" in text.lower()
            seen += named and asker is everything
            assert not (named and asker is who), (route.path, status)
    assert seen >= 1  # whoever sees the whole city does find it


def test_the_written_table_is_that_of_the_routes(asked: Asked) -> None:
    assert TABLE.read_text("utf-8") == render_table(asked.app.routes), "run `python -m docs.access_table`"


def test_a_route_without_a_rule_fails() -> None:
    async def page(_: object) -> PlainTextResponse:
        return PlainTextResponse("")

    for unguarded in (Route("/new", page), Mount("/files", routes=[])):
        with pytest.raises(UnguardedRouteError, match=f"{unguarded.path}: make it with `guarded`"):
            list(guarded_routes([unguarded]))
    assert isinstance(two_departments(), CityView)
