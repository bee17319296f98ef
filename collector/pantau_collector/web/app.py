"""The collector's web application: the wall for people, the API and `/metrics` for programs.

Each route says who may use it (`guard`); the page of a signed link, the page to sign in, its style and `/healthz`
are open to all.
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
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from pantau_collector.access.role import Role
from pantau_collector.access.scoped_view import ScopedViews
from pantau_collector.accounts.accounts import Accounts
from pantau_collector.config import Web
from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, with_view
from pantau_collector.web import api, api_v1
from pantau_collector.web.access import AccessRules
from pantau_collector.web.account_page import account_routes
from pantau_collector.web.acknowledge_page import AcknowledgePage
from pantau_collector.web.actions import routes as actions
from pantau_collector.web.admin_page import admin_routes
from pantau_collector.web.desk import routes as desk
from pantau_collector.web.desk.live_page import LivePages
from pantau_collector.web.desk.wall_page import WallPage
from pantau_collector.web.event_stream import EventStreams
from pantau_collector.web.gate import Gate
from pantau_collector.web.guard import MAX_BODY, GuardedRoute, guarded, open_to_all
from pantau_collector.web.headers import SecurityHeaders
from pantau_collector.web.inventory import routes as inventory
from pantau_collector.web.metrics import CityMetrics, metrics
from pantau_collector.web.pictures import PictureLookup, good_picture, picture
from pantau_collector.web.projects import routes as projects
from pantau_collector.web.provider_pages import ProviderPages
from pantau_collector.web.sign_in import SignInPages
from pantau_collector.web.sources import Sources
from pantau_contract.words import Language

STALE_AFTER_S = 15.0
"""Seconds of age from which the view of the city counts as stale; the collector renews it every second."""

_FAMILIES: tuple[Callable[[Sources], list[GuardedRoute]], ...] = (
    desk.routes,
    actions.routes,
    projects.routes,
    inventory.routes,
    api_v1.routes,
)
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
    accounts: Accounts | None = None,
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
        access: under which names it is reached, and by which proxies; without it, as for a test, whoever asks from
            this machine may do everything, and nobody else anything.
        accounts: who may sign in; None to serve no page to sign in.
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

    access = access or AccessRules(this_machine=Role.ADMIN)
    registry = CollectorRegistry() if registry is None else registry
    registry.register(CityMetrics(view, full_health, clock_ms))
    scoped = sources.scoped if sources else ScopedViews(view)
    streams = sources.streams if sources else EventStreams()
    wall = WallPage(LivePages(streams, scoped, clock_ms, ZoneInfo(timezone)), full_health, clock_ms)
    behind = _routes_behind(sources) if sources else []
    people = _routes_of_people(accounts, sources) if accounts else []
    ack = [open_to_all("/ack", acknowledge_page.page, methods=("GET", "POST"))] if acknowledge_page else []
    routes: list[BaseRoute] = [
        *wall.routes(),
        guarded("/pictures/{site}/{camera}.jpg", picture, Role.SCREEN, picture=True),
        guarded("/pictures/{site}/{camera}/good.jpg", good_picture, Role.SCREEN, picture=True),
        guarded("/api/city", api.CityApi().answer, Role.SCREEN),
        guarded("/api/incidents", api.incidents, Role.SCREEN),
        guarded("/metrics", metrics, Role.SCREEN, whole_city=True),
        open_to_all("/healthz", api.healthz),
        *ack,
        *people,
        *behind,
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(api_v1.ProblemDetails, prefix=api_v1.PREFIX),
            Middleware(api_v1.CalendarLogin, path=api_v1.PREFIX + api_v1.CALENDAR),
            Middleware(
                Gate,
                rules=access,
                recognition=accounts.recognition if accounts else None,
                max_body=max((each.rule.max_body for each in behind), default=MAX_BODY),
            ),
            Middleware(GZipMiddleware, compresslevel=5),
        ],
    )
    app.state.accounts = accounts
    app.state.view = view
    app.state.scoped = scoped
    app.state.csrf_key = accounts.form_key if accounts else secrets.token_bytes(32)
    app.state.city_name = city_name
    app.state.pictures = pictures
    app.state.health = full_health
    app.state.registry = registry
    app.state.language = language
    app.state.clock_ms = clock_ms
    app.state.can_sign_in = accounts is not None
    return app


def _routes_of_people(accounts: Accounts, sources: Sources | None) -> list[GuardedRoute]:
    """Return the routes of signing in, of one's own account, and of all accounts."""
    web = sources.config.web if sources else Web()
    form = SignInPages(accounts, provider=web.oidc.label if web.oidc else "")
    provider = ProviderPages(accounts, web.oidc, web, form).routes() if web.oidc else []
    admin = admin_routes(accounts, sources) if sources else []
    return [*form.routes(), *provider, *account_routes(accounts), *admin]


def _routes_behind(sources: Sources) -> list[GuardedRoute]:
    """Return the routes of all pages behind the wall."""
    return [route for routes in _FAMILIES for route in routes(sources)]
