"""The application with everything that it can serve."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from pantau_collector.accounts.accounts import open_accounts
from pantau_collector.accounts.session_rules import SessionRules
from pantau_collector.notices.links import Links
from pantau_collector.web import create_app
from pantau_collector.web.acknowledge_page import AcknowledgePage
from tests.collector.accounts.city_accounts import cheap_passwords
from tests.collector.web.desk.control_room import AskedBy, ControlRoom

PROVIDER = {
    "issuer": "https://login.batam.example",
    "client_id": "pantau",
    "client_secret": "a secret of the tests",
    "grant": [{"group": "pantau", "role": "viewer"}],
}
"""A provider that nobody asks."""


def whole_application(room: ControlRoom) -> Starlette:
    """Return the application of a control room with accounts, asked by whoever the room says."""
    links = Links(public_url=None, secret=lambda: b"k" * 32, valid_s=60, time_ms=room.clock_ms)
    return create_app(
        room.fresh,
        room.pictures,
        sources=room.sources,
        clock_ms=room.clock_ms,
        access=AskedBy(who_=lambda: room.who, address_=lambda: room.address),
        accounts=open_accounts(room.store, SessionRules(), room.clock_ms, passwords=cheap_passwords()),
        acknowledge_page=AcknowledgePage(room.store, links, {}, lambda _: "", room.clock_ms),
    )


def every_route(folder: Path) -> list[BaseRoute]:
    """Return all routes of the application."""
    return whole_application(ControlRoom(folder, web={"oidc": PROVIDER})).routes
