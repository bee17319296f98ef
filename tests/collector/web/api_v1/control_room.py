"""A control room whose store, ledger and pictures are those of a real collector that has watched a small city."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope as Part
from pantau_collector.access.scoped_view import ScopedViews
from pantau_collector.attribution import DecidedLedger, Wish, add_decision, propose
from pantau_collector.config import CollectorConfig
from pantau_collector.health import Health
from pantau_collector.incidents.downtime import Downtime
from pantau_collector.incidents.downtime import Scope as Kind
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite, InventoryUplink
from pantau_collector.inventory.model import InventoryProject, Party
from pantau_collector.journal import Journal
from pantau_collector.ledger import Bucket
from pantau_collector.ledger.keeper import LedgerKeeper
from pantau_collector.measures import MeasureFiles
from pantau_collector.notices.recipients import NoticeRules, People
from pantau_collector.pictures import PictureFiles
from pantau_collector.pipeline import Pipeline
from pantau_collector.simulation.agents import Agent, VirtualClock, to_record
from pantau_collector.store import Store, downtime_rows, inventory_rows, request_rows
from pantau_collector.web import create_app
from pantau_collector.web.event_stream import EventStreams, StreamLimits
from pantau_collector.web.sources import Sources
from pantau_contract.snapshot import SnapshotMetadata
from pantau_contract.states import Cause, State

BEGAN_MS = 1_795_496_400_000
"""24 November 2026, 12:00 in Jakarta."""
HOURS = 2
CONTRACT = """
[[contract]]
id = "jalan-a"
kind = "maintenance"
party = "pt-cahaya"
valid_from = 2026-01-01
valid_to = 2026-12-31
target = 95
fee = 1000000
fee_per = "month"
counts = ["camera", "picture", "device", "power"]
link = "at_site"
covers = [{owners = ["dishub"]}]
"""


def inventory() -> Inventory:
    """Return the city: two sites behind one uplink; one of five cameras is the parks department's."""
    return Inventory(
        owners=[Party(id="dishub", name="Dinas Perhubungan"), Party(id="taman", name="Dinas Taman")],
        maintainers=[Party(id="pt-cahaya", name="PT Cahaya Kepri")],
        projects=[InventoryProject(id="taman-2026", name="Taman 2026", owner="taman", place="Kabil")],
        uplinks=[InventoryUplink(id="fo-1", name="Serat Kabil")],
        sites=[
            InventorySite(id="kabil", name="Simpang Kabil", uplink="fo-1", latitude=1.05, longitude=104.1),
            InventorySite(id="nagoya", name="Bundaran <Nagoya>", uplink="fo-1", maintainer="pt-cahaya"),
        ],
        devices=[InventoryDevice(site="kabil", id="switch1", kind="switch", name="Saklar tiang")],
        cameras=[
            InventoryCamera(site="kabil", id="halte", owner="dishub", via="switch1", project="Lalu lintas"),
            InventoryCamera(site="kabil", id="pasar", owner="dishub", via="switch1", maintainer="pt-cahaya"),
            InventoryCamera(site="kabil", id="taman", owner="taman", project="taman-2026", criticality="high"),
            InventoryCamera(
                site="nagoya", id="utara", owner="dishub", name="Arah utara", latitude=1.1, longitude=104.0
            ),
            InventoryCamera(site="nagoya", id="selatan", owner="dishub"),
        ],
    )


class ControlRoom:
    """The city after two hours. `halte` failed and came back, `taman` is still down; both in the ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.who: Principal | None = VIEWER
        self.inventory = inventory()
        self.clock = VirtualClock(BEGAN_MS)
        self.store = Store.at(folder / "store.sqlite")
        self.journal = Journal(folder / "journal").__enter__()
        self.pictures = PictureFiles(folder / "pictures", time_ms=self.clock.time_ms)
        with self.store.begin() as connection:
            inventory_rows.record_inventory(connection, self.inventory, now_ms=BEGAN_MS - 1000)
        self.pipeline = Pipeline(
            self.journal,
            self.store,
            self.inventory,
            People(),
            IncidentRules(restart_grace_s=0),
            self.clock,
            listening=lambda: True,
            picture_ms=self.pictures.taken_ms,
            notice_rules=NoticeRules(),
        )
        contracts = folder / "contracts.toml"
        contracts.write_text(CONTRACT)
        self.config = CollectorConfig.model_construct(contracts=contracts)
        self._agents = {site: Agent(site, self.clock, {}) for site in self.inventory.sites}
        for site, camera in self.inventory.cameras:
            self._agents[site].cameras[camera] = (State.OK, None, BEGAN_MS)
        self._live()
        self._take_pictures()
        self._plan()
        self.sources = Sources(
            config=self.config,
            view=lambda: self.pipeline.view,
            scoped=ScopedViews(lambda: self.pipeline.view),
            health=Health,
            inventory=lambda: self.pipeline.inventory,
            store=self.store,
            journal=self.journal,
            pictures=self.pictures,
            clock_ms=self.clock.time_ms,
            zone=ZoneInfo("Asia/Jakarta"),
            measures=MeasureFiles(folder / "measures"),
            streams=EventStreams(StreamLimits(lasts_s=0.5)),
            language="en",
            city_name="Batam",
        )

    def app(self) -> Starlette:
        """Return the real application, which recognises `who` in each request that passes its gate."""
        app = create_app(
            lambda: self.pipeline.view,
            self.pictures,
            sources=self.sources,
            clock_ms=self.clock.time_ms,
            language="en",
        )
        app.user_middleware.append(Middleware(Comes, who=lambda: self.who))
        return app

    def step(self, seconds: float = 1) -> None:
        """Let time pass, with what the agents report meanwhile."""
        for _ in range(round(seconds)):
            self.clock.s += 1
            messages = [message for agent in self._agents.values() for message in agent.tick()]
            if messages:
                self.journal.append([to_record(each, self.clock.time_ms()) for each in messages])
            self.pipeline.step()

    def hear(self, site: str, camera: str, cause: Cause | None) -> None:
        """Have a camera change."""
        messages = self._agents[site].set(camera, cause)
        self.journal.append([to_record(each, self.clock.time_ms()) for each in messages])

    def close(self) -> None:
        """Close store and journal."""
        self.store.close()
        self.journal.__exit__(None, None, None)

    def _live(self) -> None:
        births = [message for agent in self._agents.values() for message in agent.birth()]
        self.journal.append([to_record(each, self.clock.time_ms()) for each in births])
        for second in range(0, HOURS * 3600, 5):
            if second == 1800:
                self.hear("kabil", "halte", Cause.STALLED)
            elif second == 3600:
                self.hear("kabil", "halte", None)
            elif second == 5400:
                self.hear("kabil", "taman", Cause.BLACK)
            self.clock.s += 4
            self.step()
        keeper = LedgerKeeper(self.journal, self.store)
        while keeper.enter_some():
            pass

    def _take_pictures(self) -> None:
        gray = np.full((36, 64), 90, np.uint8)
        jpeg = cv2.imencode(".jpg", gray)[1].tobytes()
        now_ms = self.clock.time_ms()
        for state, age_ms in ((State.OK, 3_600_000), (State.DOWN, 60_000)):
            about = SnapshotMetadata(site="kabil", camera="taman", time=now_ms - age_ms, state=state)
            self.pictures.put(about, jpeg)
        self.step()

    def _plan(self) -> None:
        now_ms = self.clock.time_ms()
        once = Downtime(
            0, Kind.SITE, "kabil", now_ms + 3_600_000, now_ms + 7_200_000, reason="new switch", by="Sari"
        )
        weekly = Downtime(
            0, Kind.OWNER, "taman", BEGAN_MS, rrule="FREQ=WEEKLY;BYDAY=SU;BYHOUR=2", duration_s=3600, by="Budi"
        )
        elsewhere = Downtime(0, Kind.CAMERA, "nagoya/utara", now_ms + 60_000, now_ms + 120_000)
        with self.store.begin() as connection:
            for each in (once, weekly, elsewhere):
                downtime_rows.add_downtime(connection, each)
            request_rows.acknowledge(connection, 2, "Sari", None, created_ms=now_ms)
        self.step(2)
        wish = Wish(1, Bucket.THIRD_PARTY, "an excavator", "Sari", party="PT X")
        ledger = DecidedLedger(self.store, self.inventory)
        made = propose(self.store, ledger, wish, now_ms=self.clock.time_ms())
        with self.store.begin() as connection:
            add_decision(connection, made.decision)


VIEWER = Principal("a program", Role.VIEWER, kind="token")
OPERATOR = Principal("Sari", Role.OPERATOR, kind="token")
PARKS = Principal("parks", Role.OPERATOR, Part(owners=("taman",)), kind="token")
"""Sees `kabil/taman` alone."""
SCREEN = Principal("wall", Role.SCREEN, kind="screen")


TOKEN = {"Authorization": "Bearer of-whoever-asks"}


class Comes:
    """Middleware behind the gate, by which each request with the token comes from `who`."""

    def __init__(self, app: ASGIApp, who: Callable[[], Principal | None]) -> None:
        self._app = app
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (caller := scope.get("state", {}).get("caller")) is not None:
            has_token = Headers(scope=scope).get("authorization") == TOKEN["Authorization"]
            scope["state"]["caller"] = caller._replace(principal=self._who() if has_token else None)
        await self._app(scope, receive, send)


def keys(answer: Any) -> list[str]:
    """Return the cameras of a page, as `site/camera`."""
    return [f"{each['site']}/{each['id']}" for each in answer["items"]]
