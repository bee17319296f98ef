from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope as Part
from pantau_collector.access.scoped_view import ScopedViews
from pantau_collector.fleet.view import CityView
from pantau_collector.web.access import Caller
from pantau_collector.web.guard import city_of, csrf_of, guarded, principal_of, root_of
from tests.collector.web.cities import NOW_MS, camera, site

PARK, ROAD = (
    replace(camera(name, None), owner_id=owner) for name, owner in (("Taman", "parks"), ("Jalan", "roads"))
)
CITY = CityView(NOW_MS, (site("Kabil", [PARK, ROAD]), site("Nongsa", [ROAD])), ())


class Comes:
    """Middleware by which a request comes from `who`."""

    who: Principal | None = None

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["caller"] = Caller("10.1.1.1", Comes.who)
        await self._app(scope, receive, send)


async def show(request: Request) -> Response:
    cameras = [each.id for place in city_of(request).sites for each in place.cameras]
    return PlainTextResponse(f"{principal_of(request).name} {cameras} {csrf_of(request)} {root_of(request)}")


@pytest.fixture
def app() -> Iterator[Starlette]:
    app = Starlette(
        routes=[
            guarded("/sites/{site}/cameras/{camera}", show, Role.VIEWER, methods=("GET", "POST"), max_body=1000),
            guarded("/users", show, Role.ADMIN),
        ],
        middleware=[Middleware(Comes)],
    )
    app.state.scoped = ScopedViews(lambda: CITY)
    app.state.csrf_key = b"k" * 32
    app.state.can_sign_in = True
    yield app
    Comes.who = None


async def ask(
    app: Starlette, who: Principal | None, path: str, method: str = "GET", **options: Any
) -> httpx.Response:
    Comes.who = who
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://pantau") as client:
        return await client.request(method, path, **options)


VIEWER = Principal("Ani", Role.VIEWER, session="a")
PARKS = Principal("Budi", Role.OPERATOR, Part(owners=("parks",)), session="b")
PROGRAM = Principal("report", Role.VIEWER, kind="token")
TAMAN, JALAN = (f"/sites/kabil/cameras/{each.id}" for each in (PARK, ROAD))


async def test_a_stranger_is_asked_to_sign_in_and_a_program_is_told(app: Starlette) -> None:
    page = await ask(app, None, TAMAN, headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (
        303,
        "../../../sign-in?to=%2Fsites%2Fkabil%2Fcameras%2Ftaman",
    )
    assert (await ask(app, None, TAMAN)).status_code == 401


async def test_a_role_below_the_rule_is_refused(app: Starlette) -> None:
    assert (await ask(app, VIEWER, "/users")).status_code == 403
    assert (await ask(app, replace(VIEWER, role=Role.ADMIN), "/users")).status_code == 200


async def test_what_is_beyond_the_scope_does_not_exist(app: Starlette) -> None:
    assert (await ask(app, PARKS, TAMAN)).text.startswith(f"Budi ['{PARK.id}'] ")
    beyond = await ask(app, PARKS, JALAN)
    unknown = await ask(app, PARKS, "/sites/kabil/cameras/no-such")
    assert (beyond.status_code, beyond.text) == (unknown.status_code, unknown.text)
    assert beyond.status_code == 404
    assert (await ask(app, PARKS, f"/sites/nongsa/cameras/{ROAD.id}")).status_code == 404
    assert (await ask(app, VIEWER, JALAN)).status_code == 200


async def test_a_change_needs_the_token_of_its_own_session(app: Starlette) -> None:
    csrf = (await ask(app, VIEWER, TAMAN)).text.split()[-2]
    assert (await ask(app, VIEWER, TAMAN, "POST", data={"csrf": csrf})).status_code == 200
    assert (await ask(app, VIEWER, TAMAN, "POST", headers={"X-CSRF-Token": csrf})).status_code == 200
    assert (
        await ask(app, VIEWER, TAMAN, "POST", files={"x": b"1"}, headers={"X-CSRF-Token": ""})
    ).status_code == 403
    assert (await ask(app, VIEWER, TAMAN, "POST")).status_code == 403
    other = replace(VIEWER, session="another")
    assert (await ask(app, other, TAMAN, "POST", data={"csrf": csrf})).status_code == 403
    assert (await ask(app, PROGRAM, TAMAN, "POST")).status_code == 200


async def test_a_body_beyond_the_rule_is_not_read(app: Starlette) -> None:
    assert (await ask(app, PROGRAM, TAMAN, "POST", content=b"x" * 1001)).status_code == 413
    assert (await ask(app, PROGRAM, TAMAN, "POST", content=b"x" * 1000)).status_code == 200
