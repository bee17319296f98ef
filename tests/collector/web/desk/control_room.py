"""The web application with everything behind the wall: a store, a journal, and a view that a test can change."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from msgspec.structs import replace

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope as Part
from pantau_collector.access.scoped_view import ScopedViews
from pantau_collector.config import CollectorConfig
from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal
from pantau_collector.measures import MeasureFiles
from pantau_collector.pictures import PictureFiles
from pantau_collector.store import Store
from pantau_collector.web import create_app
from pantau_collector.web.access import Access, AccessRules, Caller
from pantau_collector.web.event_stream import EventStreams, StreamLimits
from pantau_collector.web.sources import Sources
from tests.collector.web.cities import NOW_MS, FolderOfPictures, batam

ADMIN = Principal("Ani", Role.ADMIN)


class AskedBy(AccessRules, frozen=True, kw_only=True):
    """Rules by which a test says who asks."""

    caller_: Callable[[], Caller]

    def caller(self, _peer: str, _headers: Mapping[str, str], _now_s: float) -> Caller:
        return self.caller_()


class ControlRoom:
    """The application, asked by `who`; its clock starts at `NOW_MS` and runs."""

    def __init__(
        self,
        folder: Path,
        *,
        view: CityView | None = None,
        inventory: Inventory | None = None,
        limits: StreamLimits | None = None,
        **settings: object,
    ) -> None:
        self.view = view or batam()
        self.inventory = inventory or Inventory()
        self.who: Principal | None = ADMIN
        self.address = "10.1.1.1"
        self.store = Store.at(folder / "store.sqlite")
        self.measures = MeasureFiles(folder / "measures")
        self.streams = EventStreams(limits)
        self.config = CollectorConfig.model_validate({"data_dir": folder, **settings})
        self.folder = folder
        self._began = time.monotonic()
        (folder / "shown").mkdir(exist_ok=True)
        self.pictures = FolderOfPictures(folder / "shown")
        sources = Sources(
            config=self.config,
            view=self.fresh,
            scoped=ScopedViews(self.fresh),
            health=Health,
            inventory=lambda: self.inventory,
            store=self.store,
            journal=Journal(folder / "journal"),
            pictures=PictureFiles(folder / "pictures", time_ms=self.clock_ms),
            clock_ms=self.clock_ms,
            zone=ZoneInfo("Asia/Jakarta"),
            measures=self.measures,
            streams=self.streams,
        )
        self.app = create_app(
            self.fresh, self.pictures, sources=sources, clock_ms=self.clock_ms, access=AskedBy(caller_=self.caller)
        )
        self._shown: tuple[CityView, CityView] | None = None

    def caller(self) -> Caller:
        return Caller(self.address, Access.SIGNED_IN if self.who else Access.STRANGER, principal=self.who)

    def clock_ms(self) -> int:
        return NOW_MS + round((time.monotonic() - self._began) * 1000)

    def fresh(self) -> CityView:
        """Return the view, dated now; the same object for a while, as the pipeline publishes it."""
        now_ms = self.clock_ms()
        shown = self._shown
        if shown is None or shown[0] is not self.view or now_ms - shown[1].time_ms > 300:
            shown = self._shown = self.view, replace(self.view, time_ms=now_ms)
        return shown[1]

    def client(self) -> httpx.AsyncClient:
        """Return a client that asks without a socket; it cannot read streams."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://localhost")

    def restrict(self, *, owners: tuple[str, ...] = (), sites: tuple[str, ...] = ()) -> None:
        """Let a department ask from now on."""
        self.who = Principal("dishub", Role.OPERATOR, Part(owners=owners, sites=sites))
