"""The application with accounts, and browsers and programs that ask it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from pantau_collector.config import Web
from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, Trouble, TroubleKind
from pantau_collector.web import create_app
from pantau_collector.web.access import access_rules
from pantau_contract.states import Cause
from tests.collector.accounts.city_accounts import NOW_MS, PASSWORD, CityAccounts
from tests.collector.web.cities import FolderOfPictures, camera, city, incident, site

OUTSIDE = "10.20.3.4"
BROKER = Trouble(TroubleKind.BROKER_GONE, "10.0.0.9 does not answer")


def two_departments() -> CityView:
    """A city in which a camera of the roads department has failed, and one of the parks department too."""
    gate = msgspec.structs.replace(camera("Gerbang", Cause.BLACK, picture_ms=NOW_MS), owner_id="roads")
    pond = msgspec.structs.replace(camera("Kolam", Cause.STALLED), owner_id="parks", owner="Taman")
    kabil, nongsa = site("Kabil", [gate]), site("Nongsa", [pond])
    outages = [incident(1, kabil, gate, "black", minutes=1), incident(2, nongsa, pond, "stalled", minutes=1)]
    return city([kabil, nongsa], outages)


class SignedWall:
    """The application of two departments, reached over https by the name of its proxy."""

    def __init__(self, folder: Path, **web: Any) -> None:
        self.city = CityAccounts(folder)
        (folder / "kabil--gerbang.jpg").write_bytes(b"\xff\xd8\xff\xd9")
        view = two_departments()
        self.app = create_app(
            lambda: view,
            FolderOfPictures(folder),
            lambda: Health((BROKER,)),
            access=access_rules(Web.model_validate({"public_url": "https://pantau.example", **web})),
            accounts=self.city.all,
            clock_ms=lambda: NOW_MS,
        )

    def browser(
        self, peer: str = OUTSIDE, *, base: str = "https://pantau.example", **headers: str
    ) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=(peer, 50_000))
        return httpx.AsyncClient(transport=transport, base_url=base, headers=headers)

    def program(self, secret: str) -> httpx.AsyncClient:
        return self.browser(authorization=f"Bearer {secret}")

    @asynccontextmanager
    async def signed_in(self, name: str, password: str = PASSWORD) -> AsyncIterator[httpx.AsyncClient]:
        async with self.browser() as browser:
            done = await browser.post("/sign-in", data={"name": name, "password": password})
            assert done.status_code == 303, done.text
            yield browser
