"""The collector's web application: the wall for people, the API and `/metrics` for programs.

Everything is read-only except `/ack`, where people acknowledge an outage. `needs` says who may see what; the
page of a signed link, the page to sign in, its style and `/healthz` are open to all.
"""

import secrets
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

from pantau_collector.access.scoped_view import ScopedViews
from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, with_view
from pantau_collector.web import api
from pantau_collector.web.access import Access, AccessRules
from pantau_collector.web.acknowledge_page import AcknowledgePage
from pantau_collector.web.desk import routes as desk
from pantau_collector.web.gate import Gate, needs
from pantau_collector.web.guard import MAX_BODY, GuardedRoute
from pantau_collector.web.headers import SecurityHeaders
from pantau_collector.web.metrics import CityMetrics, metrics
from pantau_collector.web.pages import Pages
from pantau_collector.web.picture_log import PictureLog
from pantau_collector.web.pictures import PictureLookup, good_picture, picture
from pantau_collector.web.sign_in import SignInPage
from pantau_collector.web.sources import Sources
from pantau_contract.words import Language

STALE_AFTER_S = 15.0
"""Seconds of age from which the view of the city counts as stale; the collector renews it every second."""

_FAMILIES: tuple[Callable[[Sources], list[GuardedRoute]], ...] = (desk.routes,)
"""Of each family of pages behind the wall, what returns its routes."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def create_app(
    view: Callable[[], CityView],
    pictures: PictureLookup,
    health: Callable[[], Health] = Health,
    *,
    registry: CollectorRegistry | None = None,
    acknowledge_page: AcknowledgePage | None = None,
    access: AccessRules | None = None,
    sources: Sources | None = None,
    language: Language = "id",
    timezone: str = "Asia/Jakarta",
    city_name: str = "",
    stale_after_s: float = STALE_AFTER_S,
    clock_ms: Callable[[], int] = _now_ms,
) -> Starlette:
    """Return the ASGI application, which shows what the rest of the collector publishes.

    Args:
        view: returns the latest view of the city; called for each request, so it must not block.
        pictures: finds the latest pictures.
        health: returns the collector's troubles; a stale view is added here, by its age.
        registry: the Prometheus registry with the other rooms' metrics, to which the city's are added. A registry
            belongs to one application.
        acknowledge_page: serves `/ack`, the page behind the link in a notice; None to serve none.
        access: who may see what; without it, whoever asks from this machine sees everything, and nobody else does.
        sources: what the pages behind the wall read; None to serve none of them.
        language: the wall's language, unless the address asks for another.
        timezone: IANA name of the zone in which the wall shows times.
        city_name: is shown beside the product's name.
        stale_after_s: seconds of age from which the wall shows that the view is stale.
        clock_ms: returns the present time in UTC epoch milliseconds.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: the machine has no such time zone.
    """

    def full_health() -> Health:
        age_s = (clock_ms() - view().time_ms) / 1000
        return with_view(health(), view_age_s=age_s, stale_after_s=stale_after_s)

    access = access or AccessRules()
    can_sign_in = access.token is not None
    registry = CollectorRegistry() if registry is None else registry
    registry.register(CityMetrics(view, full_health, clock_ms))
    pages = Pages(
        view,
        full_health,
        clock_ms,
        language=language,
        zone=ZoneInfo(timezone),
        city_name=city_name,
        can_sign_in=can_sign_in,
    )
    behind = _routes_behind(sources) if sources else []
    noted = PictureLog(time.monotonic).noted
    app = Starlette(
        routes=[
            Route("/", needs(Access.LOCAL, pages.page)),
            Route("/board", needs(Access.LOCAL, pages.board)),
            Route("/pictures/{site}/{camera}.jpg", noted(needs(Access.SIGNED_IN, picture))),
            Route("/pictures/{site}/{camera}/good.jpg", noted(needs(Access.SIGNED_IN, good_picture))),
            Route("/api/city", needs(Access.LOCAL, api.CityApi(view).answer)),
            Route("/api/incidents", needs(Access.LOCAL, api.incidents)),
            Route("/metrics", needs(Access.LOCAL, metrics)),
            Route("/healthz", api.healthz),
            *(
                [Route("/sign-in", SignInPage(access, language).page, methods=["GET", "POST"])]
                if can_sign_in
                else []
            ),
            *([Route("/ack", acknowledge_page.page, methods=["GET", "POST"])] if acknowledge_page else []),
            *behind,
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(
                Gate, rules=access, max_body=max((each.rule.max_body for each in behind), default=MAX_BODY)
            ),
            Middleware(GZipMiddleware, compresslevel=5),
        ],
    )
    app.state.view = view
    app.state.scoped = sources.scoped if sources else ScopedViews(view)
    app.state.csrf_key = secrets.token_bytes(32)
    app.state.city_name = city_name
    app.state.pictures = pictures
    app.state.health = full_health
    app.state.registry = registry
    app.state.language = language
    app.state.clock_ms = clock_ms
    app.state.can_sign_in = can_sign_in
    return app


def _routes_behind(sources: Sources) -> list[GuardedRoute]:
    """Return the routes of all pages behind the wall."""
    return [route for routes in _FAMILIES for route in routes(sources)]
