"""The collector's web application: the wall for people, the API and `/metrics` for programs.

It only reads, but for `/ack`, where people take an outage.
"""

import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, with_view
from pantau_collector.web import api
from pantau_collector.web.acknowledge import Acknowledging
from pantau_collector.web.headers import SecurityHeaders
from pantau_collector.web.metrics import CityMetrics, metrics
from pantau_collector.web.pages import Pages
from pantau_collector.web.pictures import Pictures, good_picture, picture
from pantau_contract.words import Language

STALE_AFTER_S = 15.0
"""Age at which the view of the city counts as stale; the collector renews it each second."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def create_app(
    view: Callable[[], CityView],
    pictures: Pictures,
    health: Callable[[], Health] = Health,
    *,
    registry: CollectorRegistry | None = None,
    acknowledging: Acknowledging | None = None,
    language: Language = "id",
    timezone: str = "Asia/Jakarta",
    city_name: str = "",
    stale_after_s: float = STALE_AFTER_S,
    clock_ms: Callable[[], int] = _now_ms,
) -> Starlette:
    """The application over what the rest of the collector publishes.

    Args:
        view: the newest view of the city; called for each request, so it must return at once.
        pictures: the store of last pictures.
        health: the collector's troubles; that the view is stale is found out here, by its age.
        registry: Prometheus' registry with the other rooms' figures; the city's are added to it. One a collector.
        acknowledging: the page behind the link in a notice; None for none.
        language: the wall's, where the address does not ask for another.
        timezone: IANA name; the wall's times are in it.
        city_name: stands on the wall beside the product's name.
        stale_after_s: age of the view at which the wall says that it is stale.
        clock_ms: UTC epoch milliseconds now.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such time zone on this machine.
    """

    def full_health() -> Health:
        age_s = (clock_ms() - view().time_ms) / 1000
        return with_view(health(), view_age_s=age_s, stale_after_s=stale_after_s)

    figures = CollectorRegistry() if registry is None else registry
    figures.register(CityMetrics(view, full_health, clock_ms))
    pages = Pages(view, full_health, clock_ms, language=language, zone=ZoneInfo(timezone), city_name=city_name)
    app = Starlette(
        routes=[
            Route("/", pages.page),
            Route("/board", pages.board),
            Route("/pictures/{site}/{camera}.jpg", picture),
            Route("/pictures/{site}/{camera}/good.jpg", good_picture),
            Route("/api/city", api.city),
            Route("/api/incidents", api.incidents),
            Route("/healthz", api.healthz),
            Route("/metrics", metrics),
            *([Route("/ack", acknowledging.page, methods=["GET", "POST"])] if acknowledging else []),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(SecurityHeaders), Middleware(GZipMiddleware, compresslevel=5)],
    )
    app.state.view = view
    app.state.pictures = pictures
    app.state.health = full_health
    app.state.registry = figures
    app.state.language = language
    app.state.clock_ms = clock_ms
    return app
