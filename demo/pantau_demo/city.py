"""The demo's city: three sites of four cameras, and the configuration files of its programs.

Every interval is shorter than a real city's, so that the story takes about a minute.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import tomli_w

from pantau_demo.influxdb import COLLECTOR as INFLUX_USER
from pantau_demo.influxdb import DATABASE, InfluxDB

SITES = {
    "simpang-kabil": "Simpang Kabil",
    "batam-centre": "Alun-alun Batam Centre",
    "pelabuhan-nongsa": "Pelabuhan Nongsa",
}
OWNERS = {
    "dishub": "Dinas Perhubungan",
    "diskominfo": "Dinas Komunikasi dan Informatika",
    "dcktr": "Dinas Cipta Karya dan Tata Ruang",
}
MAINTAINERS = {"sinar-teknik": "CV Sinar Teknik"}
COLLECTOR = "collector.toml"
"""The name of the collector's configuration."""
CONTRACT = "pemeliharaan"
"""The contract with the one maintainer."""


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """A camera of the demo; the simulated camera has the same id."""

    site: str
    id: str
    name: str
    owner: str
    project: str = ""


CAMERAS = (
    DemoCamera("simpang-kabil", "kabil-utara", "Kabil arah utara", "dishub"),
    DemoCamera("simpang-kabil", "kabil-selatan", "Kabil arah selatan", "dishub"),
    DemoCamera("simpang-kabil", "kabil-halte", "Halte Kabil", "dishub"),
    DemoCamera("simpang-kabil", "kabil-flyover", "Proyek jalan layang", "dcktr", "Jalan Layang Kabil"),
    DemoCamera("batam-centre", "alun-panggung", "Panggung alun-alun", "diskominfo"),
    DemoCamera("batam-centre", "alun-parkir", "Parkir timur", "diskominfo"),
    DemoCamera("batam-centre", "alun-trotoar", "Proyek trotoar", "dcktr", "Trotoar Engku Putri"),
    DemoCamera("batam-centre", "alun-simpang", "Simpang Engku Putri", "dishub"),
    DemoCamera("pelabuhan-nongsa", "nongsa-dermaga", "Dermaga", "dishub"),
    DemoCamera("pelabuhan-nongsa", "nongsa-loket", "Loket", "dishub"),
    DemoCamera("pelabuhan-nongsa", "nongsa-parkir", "Parkir", "dishub"),
    DemoCamera("pelabuhan-nongsa", "nongsa-gerbang", "Gerbang", "diskominfo"),
)


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports; `uplinks` maps each site to the port of its relay."""

    broker: int
    wall: int
    mail: int
    uplinks: dict[str, int]


def write_agent(folder: Path, site: str, ports: Ports, urls: dict[str, str]) -> Path:
    """Write the agent configuration of one site and return its path; `urls` are the cameras' by id."""
    return _write(
        folder / f"agent-{site}.toml",
        {
            "site": {"id": site, "name": SITES[site]},
            "broker": {"host": "127.0.0.1", "port": ports.uplinks[site]},
            "report": {"interval_s": 2, "snapshot_interval_s": 5},
            "spool": {"path": str(folder / f"spool-{site}.sqlite")},
            "camera": [
                {
                    "id": camera.id,
                    "name": camera.name,
                    "url": urls[camera.id],
                    "picture_interval_s": 2,
                }
                for camera in CAMERAS
                if camera.site == site
            ],
        },
    )


def write_inventory(folder: Path) -> Path:
    """Write the inventory (who owns and maintains what) and return its path."""
    return _write(
        folder / "inventory.toml",
        {
            "owner": [{"id": key, "name": name} for key, name in OWNERS.items()],
            "maintainer": [{"id": key, "name": name} for key, name in MAINTAINERS.items()],
            "site": [{"id": key, "name": name} for key, name in SITES.items()],
            "camera": [
                {
                    "site": camera.site,
                    "id": camera.id,
                    "name": camera.name,
                    "owner": camera.owner,
                    "maintainer": "sinar-teknik",
                    "project": camera.project,
                }
                for camera in CAMERAS
            ],
        },
    )


def write_contracts(folder: Path) -> Path:
    """Write the contract by which the cameras are maintained, and return its path.

    It is paid by the month, and an outage costs an amount, so that the story of a minute has a price.
    """
    return _write(
        folder / "contracts.toml",
        {
            "contract": [
                {
                    "id": CONTRACT,
                    "name": "Pemeliharaan CCTV",
                    "kind": "maintenance",
                    "party": "sinar-teknik",
                    "number": "001/DEMO",
                    "budget_line": "5.1.02.03.02.0117",
                    "valid_from": date(2020, 1, 1),
                    "valid_to": date(2099, 12, 31),
                    "link": "at_site",
                    "available": ["below_standard"],
                    "counts": ["picture", "camera", "device"],
                    "target": "99",
                    "fee": "18000000",
                    "fee_per": "month",
                    "covers": [{"maintained": True}],
                    "penalties": [{"kind": "delay", "after": "start", "each": "occasion", "amount": "250000"}],
                }
            ]
        },
    )


def write_collector(folder: Path, ports: Ports, token: str, influxdb: InfluxDB | None) -> Path:
    """Write the collector's configuration and return its path; `token` is that of a screen."""
    influx = (
        {
            "influx": {
                "version": 1,
                "url": influxdb.url,
                "database": DATABASE,
                "user": INFLUX_USER,
                "password_file": str(influxdb.password_file(INFLUX_USER)),
            }
        }
        if influxdb
        else {}
    )
    mailto = f"mailto://127.0.0.1:{ports.mail}/?from=pantau@batam.example&to=teknisi@batam.example"
    return _write(
        folder / COLLECTOR,
        {
            "data_dir": str(folder / "collector"),
            "inventory": str(write_inventory(folder)),
            "contracts": str(write_contracts(folder)),
            "broker": {"host": "127.0.0.1", "port": ports.broker},
            **influx,
            "web": {"port": ports.wall, "public_url": f"http://127.0.0.1:{ports.wall}", "token": token},
            "incidents": {
                "settle_s": 3,
                "recovery_s": 3,
                "silence_factor": 3,
                "new_camera_grace_s": 5,
                "restart_grace_s": 2,
                "regroup_s": 10,
            },
            "notices": {"gather_s": 1},
            "recipient": [{"id": "teknisi", "name": "Teknisi jaga", "language": "id", "urls": [mailto]}],
        },
    )


def _write(path: Path, content: dict[str, object]) -> Path:
    path.write_text(tomli_w.dumps(content), "utf-8")
    return path
