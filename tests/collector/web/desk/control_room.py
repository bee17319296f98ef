"""The web application with everything behind the wall: a store, a journal, and a view that a test can change."""

import random
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
from pantau_collector.measures.measure import SLOT_MS, Slot
from pantau_collector.pictures import PictureFiles
from pantau_collector.store import Store
from pantau_collector.web import create_app
from pantau_collector.web.access import AccessRules
from pantau_collector.web.event_stream import EventStreams, StreamLimits
from pantau_collector.web.sources import Sources
from pantau_contract.messages import Sample
from pantau_contract.states import State
from tests.collector.web.cities import NOW_MS, FolderOfPictures, batam

ADMIN = Principal("Ani", Role.ADMIN)


class AskedBy(AccessRules, frozen=True, kw_only=True):
    """Rules by which every request is `who_`'s, from `address_`."""

    who_: Callable[[], Principal | None]
    address_: Callable[[], str]

    def address(self, peer: str, headers: Mapping[str, str]) -> str:  # noqa: ARG002
        return self.address_()

    def without_sign_in(self, peer: str, headers: Mapping[str, str]) -> Principal | None:  # noqa: ARG002
        return self.who_()


class ControlRoom:
    """The application, asked by `who`; its clock starts at `NOW_MS` and runs."""

    def __init__(
        self,
        folder: Path,
        *,
        view: CityView | None = None,
        inventory: Inventory | None = None,
        limits: StreamLimits | None = None,
        inventory_file: Path | None = None,
        **settings: object,
    ) -> None:
        self.view = view or batam()
        self.inventory = inventory or Inventory()
        self.who: Principal | None = ADMIN
        self.address = "10.1.1.1"
        self.connected = True
        self.sent: list[tuple[str, bytes]] = []
        self.store = Store.at(folder / "store.sqlite")
        self.measures = MeasureFiles(folder / "measures")
        self.streams = EventStreams(limits)
        self.config = CollectorConfig.model_validate({"data_dir": folder, "inventory": inventory_file, **settings})
        self.folder = folder
        self._began = time.monotonic()
        (folder / "shown").mkdir(exist_ok=True)
        self.pictures = FolderOfPictures(folder / "shown")
        self.sources = Sources(
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
            send=self.send,
            replace_inventory=self.replace_inventory,
        )
        self.app = create_app(
            self.fresh,
            self.pictures,
            sources=self.sources,
            clock_ms=self.clock_ms,
            access=AskedBy(who_=lambda: self.who, address_=lambda: self.address),
        )
        self._shown: tuple[CityView, CityView] | None = None

    def send(self, topic: str, payload: bytes) -> bool:
        """Keep what is sent to an agent; while `connected` is False nothing can be."""
        if self.connected:
            self.sent.append((topic, payload))
        return self.connected

    def replace_inventory(self, inventory: Inventory) -> None:
        self.inventory = inventory

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


def placed(view: CityView) -> CityView:
    """Return the city with a place for each site, around Batam Center."""
    chance = random.Random(3)
    return replace(
        view,
        sites=tuple(
            replace(
                each, latitude=1.06 + chance.uniform(-0.06, 0.09), longitude=104.03 + chance.uniform(-0.09, 0.09)
            )
            for each in view.sites
        ),
    )


def measured(room: ControlRoom, site: str, camera: str) -> None:
    """Let a camera have been measured for a day, with an hour of trouble and an hour without any measure."""
    chance = random.Random(5)
    slots = []
    for i in range(288):
        start_ms = (NOW_MS - 86_400_000 + i * SLOT_MS) // SLOT_MS * SLOT_MS
        if 100 <= i < 112:
            continue
        bad = 200 <= i < 212
        slot = Slot(start_ms)
        for _ in range(3):
            slot.add(
                Sample(
                    camera=camera,
                    time=start_ms,
                    state=State.OK,
                    since=start_ms,
                    fps=chance.gauss(11 if bad else 25, 0.4),
                    bitrate_kbps=chance.gauss(1400, 90),
                    rtp_loss_pct=abs(chance.gauss(6 if bad else 0, 0.2)),
                    jitter_ms=abs(chance.gauss(40 if bad else 5, 2)),
                    clock_offset_s=0.4 + i / 600,
                    evidence={"frozen": 0.9 if bad else chance.uniform(0, 0.1)},
                )
            )
        slots.append(slot)
    room.measures.add(site, camera, slots)
