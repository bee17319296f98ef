"""Invented cities for the wall, and pictures for their cameras."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from pantau_collector.fleet.view import CameraView, CityView, IncidentView, SiteView
from pantau_contract.states import STATE_OF, Cause, State
from tests.collector.web.street import street

NOW_MS = 1_795_505_520_000
"""24 November 2026, 14:32 in Jakarta."""
MINUTE_MS = 60_000


@dataclass
class FolderOfPictures:
    """Finds pictures in a folder of `{site}--{camera}.jpg` and `{site}--{camera}--good.jpg`."""

    folder: Path
    requests: list[tuple[str, str]] = field(default_factory=list)

    def latest(self, site: str, camera: str) -> Path | None:
        self.requests.append((site, camera))
        path = self.folder / f"{site}--{camera}.jpg"
        return path if path.exists() else None

    def latest_good(self, site: str, camera: str) -> Path | None:
        return self.latest(site, f"{camera}--good")


def camera(name: str, cause: Cause | None = None, *, minutes: float = 600, picture_ms: int = 0) -> CameraView:
    return CameraView(
        id=name.lower().replace(" ", "-"),
        name=name,
        owner="Dishub Batam",
        maintainer="PT Cahaya Kepri",
        project="Lalu lintas",
        state=STATE_OF[cause] if cause else State.OK,
        cause=cause,
        since_ms=NOW_MS - round(minutes * MINUTE_MS),
        sample_ms=NOW_MS - 4000,
        picture_ms=picture_ms,
        codec="h264",
        width=1280,
        height=720,
        fps=24.9,
        bitrate_kbps=1410.0,
        rtp_loss_pct=0.0,
    )


def site(name: str, cameras: Sequence[CameraView], *, online: bool = True, heard_minutes: float = 0) -> SiteView:
    return SiteView(
        id=name.lower().replace(" ", "-"),
        name=name,
        online=online,
        heard_ms=NOW_MS - round(heard_minutes * MINUTE_MS),
        gaps=0,
        version="0.1.0",
        cameras=tuple(cameras),
    )


def incident(
    number: int,
    where: SiteView,
    which: CameraView | None,
    cause: str,
    *,
    minutes: float,
    ended_minutes: float | None = None,
) -> IncidentView:
    return IncidentView(
        id=number,
        site=where.id,
        camera=which.id if which else None,
        cause=cause,
        cameras=(which.id,) if which else tuple(each.id for each in where.cameras),
        opened_ms=NOW_MS - round(minutes * MINUTE_MS),
        resolved_ms=None if ended_minutes is None else NOW_MS - round(ended_minutes * MINUTE_MS),
    )


def city(sites: Sequence[SiteView], incidents: Sequence[IncidentView] = (), *, time_ms: int = NOW_MS) -> CityView:
    return CityView(time_ms, tuple(sites), tuple(incidents))


def batam(*, well: bool = False) -> CityView:
    """Return three sites of four cameras; unless `well`, two are broken and a site has lost its agent."""
    frozen = camera("Jalur keluar", None if well else Cause.FROZEN, minutes=7, picture_ms=NOW_MS - MINUTE_MS)
    refused = camera(
        "Bundaran utara", None if well else Cause.REFUSED, minutes=2, picture_ms=NOW_MS - 3 * MINUTE_MS
    )
    lossy = camera("Dermaga 2", None if well else Cause.PACKET_LOSS, minutes=34, picture_ms=NOW_MS - 2 * MINUTE_MS)
    gone = None if well else Cause.AGENT_GONE
    kabil = site("Simpang Kabil", [_shown("Arah pasar"), frozen, _shown("Arah pelabuhan"), _shown("Halte")])
    nagoya = site("Bundaran Nagoya", [refused, _shown("Bundaran selatan"), _shown("Jalan Imam Bonjol"), lossy])
    center = site(
        "Batam Center",
        [camera(name, gone, minutes=12, picture_ms=NOW_MS - 13 * MINUTE_MS) for name in _CENTER],
        online=well,
        heard_minutes=12,
    )
    recovered = incident(3, nagoya, nagoya.cameras[2], "low_fps", minutes=48, ended_minutes=21)
    if well:
        return city([kabil, nagoya, center], [recovered])
    return city(
        [kabil, nagoya, center],
        [
            recovered,
            incident(4, center, None, "agent_gone", minutes=12),
            incident(5, kabil, frozen, "frozen", minutes=6.5),
            incident(6, nagoya, refused, "refused", minutes=1.7),
        ],
    )


_CENTER = ("Gerbang timur", "Gerbang barat", "Alun-alun", "Kantor walikota")


def large(cameras: int, *, seed: int = 7) -> CityView:
    """Return a city with five cameras a site, about one in forty of them faulty, and one site dark."""
    chance = random.Random(seed)
    faults = [Cause.STALLED, Cause.UNREACHABLE, Cause.PACKET_LOSS, Cause.LOW_FPS, Cause.BLACK, Cause.COVERED]
    sites: list[SiteView] = []
    incidents: list[IncidentView] = []
    for i in range(cameras // 5):
        dark = i == 11
        within = [
            camera(f"Kamera {n + 1}", cause, minutes=chance.uniform(1, 300), picture_ms=NOW_MS - MINUTE_MS)
            for n in range(5)
            for cause in [
                Cause.UNREACHABLE if dark else chance.choice(faults) if chance.random() < 0.025 else None
            ]
        ]
        sites.append(site(f"{chance.choice(_STREETS)} {i + 1}", within))
        if dark:
            incidents.append(incident(1, sites[-1], None, "site_dark", minutes=3))
            continue
        incidents += [
            incident(len(incidents) + 100, sites[-1], each, each.cause, minutes=chance.uniform(1, 300))
            for each in within
            if each.cause
        ]
    return city(sites, incidents)


_STREETS = (
    "Simpang Jam",
    "Baloi",
    "Sei Panas",
    "Tiban",
    "Batu Aji",
    "Sekupang",
    "Nongsa",
    "Bengkong",
    "Lubuk Baja",
)


def _shown(name: str) -> CameraView:
    return camera(name, picture_ms=NOW_MS - MINUTE_MS)


def write_pictures(folder: Path, view: CityView) -> FolderOfPictures:
    """Write a drawn street for each camera that has a picture."""
    for where in view.sites:
        for each in where.cameras:
            if each.picture_ms:
                scene = street(f"{where.id}{each.id}", dark=each.cause is Cause.BLACK)
                cv2.imwrite(str(folder / f"{where.id}--{each.id}.jpg"), scene, [cv2.IMWRITE_JPEG_QUALITY, 80])
                if each.state is State.IMPAIRED:
                    good = street(f"{where.id}{each.id}")
                    cv2.imwrite(str(folder / f"{where.id}--{each.id}--good.jpg"), good)
    return FolderOfPictures(folder)
