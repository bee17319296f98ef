"""A city in a store, with its inventory and contracts: some sites are simulated, the rest are their copies."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from benchmarks.ledger import LOST_SHARE, enter, presence
from benchmarks.ledger_years import CAMERAS, CAMERAS_EACH, DAY_MS, SWITCHES, absences, draw, play
from pantau_collector.contracts import Contract
from pantau_collector.inventory import (
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventorySite,
    InventoryUplink,
    Party,
)
from pantau_collector.settlement import Month
from pantau_collector.store import Store, schema
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite

SEED = 20261130
ZONE = "Asia/Jakarta"
MONTH = Month(2026, 10)
ORIGINALS, COPIES = 20, 63
"""Sites that are simulated, and how often there is each: with eight cameras at each, 10,080 in all."""
CONTRACTORS = 25
"""Maintainers, and as many providers of lines; each has one contract."""
_LENGTH_MS = 50 * DAY_MS
"""How long the city is simulated: from before the month until after it."""
_INCIDENT_MS = 120_000
"""Lost time that becomes an incident."""
_STRIDE = 1_000_000
"""Distance between the numbers of a copy's rows and of the next."""
_NUMBERS = {
    schema.ledger_subjects: "id",
    schema.ledger_boots: "id",
    schema.ledger_claims: "subject",
    schema.ledger_latest: "subject",
    schema.ledger_runs: "boot",
    schema.ledger_starts: None,
}
"""The tables that hold what is known of a site, and their column of numbers that are not another site's."""


def site_name(copy: int, original: int) -> str:
    """Return the name of a site."""
    return f"s{original}" if not copy else f"s{original}x{copy}"


def site_names(copies: int) -> list[str]:
    """Return the names of all sites."""
    return [site_name(copy, original) for copy in range(copies) for original in range(ORIGINALS)]


def build(database: Path, copies: int) -> None:
    """Create a store with a city in it, from `EPOCH_MS` on."""
    dice = random.Random(SEED)
    away = absences(dice, _LENGTH_MS)
    store = Store.at(database)
    enter(store, presence(dice, away, _LENGTH_MS))
    for original in range(ORIGINALS):
        site = SimulatedSite(site_name(0, original), CAMERAS)
        faults = sorted([*draw(dice, _LENGTH_MS), *away], key=lambda fault: fault.from_ms)
        play(site, faults, _LENGTH_MS, dice)
        enter(store, [record for record in site.records if dice.random() > LOST_SHARE])
    with store.begin() as connection:
        _copy(connection, copies)
        _add_incidents(connection, dice, site_names(copies))
    store.close()


def _copy(connection: Connection, copies: int) -> None:
    """Copy every site, with a name and numbers of its own."""
    for table, number in _NUMBERS.items():
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
        for copy in range(1, copies):
            for row in rows:
                if number is not None:
                    row[number] += _STRIDE
                if "site" in row:
                    row["site"] = site_name(copy, int(row["site"].partition("x")[0][1:]))
            connection.execute(table.insert(), rows)


def _add_incidents(connection: Connection, dice: random.Random, sites: Sequence[str]) -> None:
    """Add four incidents of each camera, of each of which two people were told; half of them were taken."""
    incidents: list[dict[str, Any]] = []
    notices: list[dict[str, Any]] = []
    letters: list[dict[str, Any]] = []
    requests: list[dict[str, Any]] = []
    number = 0
    for site in sites:
        for camera in (*CAMERAS,) * 4:
            number += 1
            since_ms = EPOCH_MS + dice.randrange(_LENGTH_MS)
            incidents.append(
                {
                    "id": number,
                    "site": site,
                    "camera": camera,
                    "cause": "unreachable",
                    "cameras_json": f'["{camera}"]',
                    "since_ms": since_ms,
                    "opened_ms": since_ms + _INCIDENT_MS,
                    "opened_s": 0.0,
                    "resolved_ms": since_ms + dice.randrange(3_600_000),
                    "sites_json": "[]",
                    "awaited": 0,
                    "downtime": "",
                    "flapping": False,
                    "waiting_s": 0.0,
                    "escalation": 0,
                }
            )
            for recipient in ("noc", "contractor"):
                letter = len(letters) + 1
                times = {"created_ms": since_ms + _INCIDENT_MS}
                notices.append(
                    {
                        "incident": number,
                        "kind": "opened",
                        "step": "",
                        "recipient": recipient,
                        "held": False,
                        "ready_ms": since_ms,
                        "letter": letter,
                        "notice_json": "{}",
                        **times,
                    }
                )
                letters.append(
                    {
                        "letter": letter,
                        "form": "single",
                        "kind": "opened",
                        "incidents_json": f"[{number}]",
                        "recipient": recipient,
                        "channel": "1-mail",
                        "status": "sent",
                        "attempts": 1,
                        "error": "",
                        "finished_ms": since_ms + _INCIDENT_MS + 5000,
                        **times,
                    }
                )
            if number % 2:
                made = {"created_ms": since_ms + 600_000, "until_ms": None, "withdrawn": False}
                requests.append({"incident": number, "by": "Budi", **made})
    for table, rows in (
        (schema.incidents, incidents),
        (schema.notices, notices),
        (schema.outbox, letters),
        (schema.requests, requests),
    ):
        connection.execute(table.insert(), rows)


def inventory(sites: Sequence[str]) -> Inventory:
    """Return the city's inventory: each site has a maintainer and an uplink, eight owners share them."""
    numbers = range(CONTRACTORS)
    return Inventory(
        owners=[Party(id=f"o{i}") for i in range(8)],
        maintainers=[Party(id=f"{kind}{i}") for kind in ("m", "p") for i in numbers],
        uplinks=[InventoryUplink(id=f"u{i}") for i in numbers],
        sites=[
            InventorySite(
                id=site,
                uplink=f"u{i % CONTRACTORS}",
                maintainer=f"m{i // CONTRACTORS % CONTRACTORS}",
                owner=f"o{i % 8}",
            )
            for i, site in enumerate(sites)
        ],
        devices=[
            InventoryDevice(site=site, id=f"switch{i}", kind="switch") for site in sites for i in range(SWITCHES)
        ],
        cameras=[
            InventoryCamera(site=site, id=camera, via=f"switch{i // CAMERAS_EACH}")
            for site in sites
            for i, camera in enumerate(CAMERAS)
        ],
    )


def contracts() -> Iterator[Contract]:
    """Yield two contracts about each camera: one for its maintenance, one for its line."""
    valid = {"valid_from": "2026-01-01", "valid_to": "2026-12-31"}
    for i in range(CONTRACTORS):
        yield Contract.model_validate(
            {
                "id": f"m{i}",
                "kind": "maintenance",
                "party": f"m{i}",
                "covers": [{"maintained": True}],
                **valid,
                "counts": ["picture", "camera", "device"],
                "link": "at_site",
                "maintenance_hours": 8,
                "target": 95,
                "fee": 18_000_000,
                "fee_per": "month",
                "hours": ["Mon-Sat 06:00-22:00"],
                "classes": [{"criticality": ["low", "normal", "high"], "repair_hours": 6, "response_hours": 2}],
                "penalties": [
                    {
                        "kind": "availability",
                        "tiers": [
                            {"at_least": 0, "below": 95, "percent": 10},
                            {"at_least": 95, "below": 100, "percent": 0},
                        ],
                    },
                    {"kind": "delay", "after": "repair", "each": "begun_day", "amount": 100_000},
                ],
            }
        )
        yield Contract.model_validate(
            {
                "id": f"p{i}",
                "kind": "line",
                "party": f"p{i}",
                "covers": [{"uplinks": [f"u{i}"]}],
                **valid,
                "counts": ["link"],
                "link": "unseen",
                "unit": "site",
                "target": "99.5",
                "available": ["below_standard", "picture", "camera", "device"],
                "fee": 4_500_000,
                "fee_per": "unit",
                "penalties": [{"kind": "restitution", "per": "unit"}],
            }
        )
