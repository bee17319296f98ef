import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.accounts.actor import Actor
from pantau_collector.inventory import Inventory, InventorySite
from pantau_collector.inventory.model import Party
from pantau_collector.store import account_rows, session_rows, token_rows
from tests.collector.web.desk.control_room import ControlRoom
from tests.collector.web.every_route import whole_application

INVENTORY = Inventory(owners=[Party(id="dishub")], sites=[InventorySite(id="kabil")])
BOSS = Principal("boss", Role.ADMIN, kind="account", session="s")
Post = Callable[..., "httpx.Response"]


@pytest.fixture
def room(tmp_path: Path) -> ControlRoom:
    room = ControlRoom(tmp_path, inventory=INVENTORY)
    room.who = BOSS
    return room


@pytest.fixture
async def client(room: ControlRoom) -> AsyncIterator[httpx.AsyncClient]:
    app = whole_application(room)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client:
        yield client


async def send(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    csrf = re.search(r'name="csrf" value="(\w+)"', (await client.get("/admin")).text)
    assert csrf is not None
    return await client.post("/admin", data={"csrf": csrf[1], **fields})


def secret(page: httpx.Response) -> str:
    assert page.status_code == 200, page.text
    found = re.search(r'id="secret">([^<]+)<', page.text)
    assert found is not None
    return found[1]


async def test_an_admin_adds_an_account_changes_and_disables_it(
    room: ControlRoom, client: httpx.AsyncClient
) -> None:
    made = await send(client, do="add", name="ani", role="operator", owners="dishub", full_name="<b>Ani</b>")
    assert "/sign-in#pantau_link_" in secret(made)
    assert "&lt;b&gt;Ani" in made.text
    assert "pantau_link_" not in (await client.get("/admin")).text
    await send(client, do="add", name="budi", role="admin")
    await send(client, do="rights", name="ani", role="viewer", sites="kabil")
    await send(client, do="disable", name="ani")
    with room.store.begin() as connection:
        account = account_rows.load_account(connection, "ani")
    assert account is not None
    assert (account.role, account.scope.sites, account.disabled_ms is not None) == (Role.VIEWER, ("kabil",), True)
    page = (await client.get("/admin?lang=en")).text
    for action in ("account_added", "rights_changed", "account_disabled"):
        assert action in page
    assert "boss" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "add", "name": "a b", "role": "viewer"},
        {"do": "add", "name": "ani", "role": "god"},
        {"do": "add", "name": "ani", "role": "viewer", "owners": "dishup"},
        {"do": "add", "name": "ani", "role": "admin", "sites": "kabil"},
        {"do": "link", "name": "nobody"},
        {"do": "token", "name": "x", "role": "viewer", "days": "9" * 99},
        {"do": "token", "name": "x", "role": "admin", "days": "1"},
        {"do": "revoke", "token": "9" * 99},
        {"do": "end", "session": "x"},
        {"do": "nothing"},
        {},
    ],
)
async def test_what_cannot_be_is_said_and_changes_nothing(
    room: ControlRoom, client: httpx.AsyncClient, fields: dict[str, str]
) -> None:
    done = await send(client, **fields)
    assert done.status_code == 400
    assert 'role="alert"' in done.text
    with room.store.begin() as connection:
        assert account_rows.load_accounts(connection) == []
        assert token_rows.load_tokens(connection) == []


async def test_an_admin_makes_and_revokes_tokens_and_ends_sessions(
    room: ControlRoom, client: httpx.AsyncClient
) -> None:
    api = secret(await send(client, do="token", name="report", role="viewer", days="30"))
    screen = secret(await send(client, do="token", name="lobby", role="screen", days="30"))
    assert api.startswith("pantau_api_")
    token = screen.partition("/screen#")[2]
    assert (await client.post("/sign-in/code", data={"code": token})).status_code == 303
    client.cookies.clear()
    with room.store.begin() as connection:
        (session,) = session_rows.load_sessions(connection)
    assert (await send(client, do="end", session=session.id)).status_code == 200
    assert (await send(client, do="revoke", token="1")).status_code == 200
    with room.store.begin() as connection:
        assert session_rows.load_sessions(connection) == []
        assert [each.revoked_ms is not None for each in token_rows.load_tokens(connection)] == [True, False]


async def test_a_form_without_its_token_changes_nothing(room: ControlRoom, client: httpx.AsyncClient) -> None:
    assert (await client.post("/admin", data={"do": "add", "name": "ani", "role": "admin"})).status_code == 403
    room.who = Principal("ani", Role.OPERATOR, kind="account", session="s")
    assert (await client.get("/admin")).status_code == 403
    assert (await client.post("/admin", data={"do": "add", "name": "ani", "role": "admin"})).status_code == 403
    with room.store.begin() as connection:
        assert account_rows.load_accounts(connection) == []


async def test_the_audit_log_is_exported(client: httpx.AsyncClient) -> None:
    app_accounts = (await client.get("/admin")).status_code
    assert app_accounts == 200
    await send(client, do="add", name="ani", role="viewer", full_name="=1+1")
    exported = (await client.get("/admin/audit.json")).json()
    assert [each["action"] for each in exported] == ["account_added", "link_made", "audit_exported"]
    csv = await client.get("/admin/audit.csv")
    assert csv.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert csv.text.count("\n") == 5
    assert Actor("boss", "account").who in csv.text
