"""`/cameras/{site}/{camera}/maintenance`: plans maintenance of a camera, or of what it belongs to.

The form is previewed first, as `downtime add` does: when it comes, and which cameras it silences.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.maintenance import Period, check_period, occurrences, own_start, plan
from pantau_collector.fleet.view import CityView
from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.downtime import Downtime, DowntimeError, Occurrence, Scope, check
from pantau_collector.incidents.topology import Topology
from pantau_collector.web.actions.answer import NOT_REFUSED, Refused, answered, refused
from pantau_collector.web.actions.form import hours_s, is_first, moment_ms, new_once, read_form
from pantau_collector.web.actions.rights import check_target, place_of
from pantau_collector.web.guard import GuardedRoute, city_of, guarded, principal_of
from pantau_collector.web.layout import language_of, render
from pantau_collector.web.sources import Sources
from pantau_collector.web.times import Times
from pantau_contract.printable import printable_line
from pantau_contract.words import words

_SHOWN = 3
"""Occurrences that a preview shows."""
_LONGEST_H = 24 * 400
_MAX_REASON = 400
_MAX_RULE = 2000


class Target(Struct, frozen=True):
    """What may be maintained; `value` is what the form sends."""

    scope: Scope
    target: str
    name: str

    @property
    def value(self) -> str:
        """Scope and target, as `camera:kabil/utara`."""
        return f"{self.scope}:{self.target}"


class Preview(Struct, frozen=True):
    """What would be planned: when it comes next, and how many cameras it silences."""

    downtime: Downtime
    target: Target
    next: tuple[Occurrence, ...]
    cameras: int


class MaintenancePage:
    """Serves the form, its preview, and plans what was previewed."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def routes(self) -> list[GuardedRoute]:
        """Return its routes."""
        path = "/cameras/{site}/{camera}/maintenance"
        return [
            guarded(path, self.page, Role.OPERATOR, name="maintenance"),
            guarded(path, self.submit, Role.OPERATOR, methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        """Serve the form."""
        return await run_in_threadpool(self._show, request)

    async def submit(self, request: Request) -> Response:
        """Preview what was filled in, or plan it."""
        form = await read_form(request)
        refuse = partial(self._refuse, request, form)
        if form.get("step") == "plan":
            return await answered(request, partial(self._plan, request, form), refuse)
        return await run_in_threadpool(self._show_preview, request, form)

    def _show_preview(self, request: Request, form: Mapping[str, str]) -> Response:
        try:
            return self._show(request, Refused("maintenance", form=form), self._preview(request, form))
        except ActionError as error:
            return self._refuse(request, form, error)

    def _plan(self, request: Request, form: Mapping[str, str]) -> str:
        who, now_ms = principal_of(request), self._sources.clock_ms()
        downtime = self._preview(request, form).downtime
        with self._sources.store.begin() as connection:
            if is_first(connection, form, who, now_ms=now_ms):
                plan(connection, downtime, now_ms=now_ms)
        site, camera = request.path_params["site"], request.path_params["camera"]
        return f"cameras/{site}/{camera}/actions?done=maintenance"

    def _preview(self, request: Request, form: Mapping[str, str]) -> Preview:
        target = next((each for each in self._targets(request) if each.value == form.get("target")), None)
        if target is None:
            raise ActionError("target", "no_target")
        city, who, now_ms = city_of(request), principal_of(request), self._sources.clock_ms()
        check_target(who, target.scope, target.target, city=city, whole_city=self._sources.view())
        downtime = self._downtime(form, target, who, now_ms)
        try:
            check(downtime)
            coming = tuple(islice(occurrences(downtime, now_ms), _SHOWN))
        except DowntimeError as error:
            raise ActionError("rrule" if downtime.rrule else "until", "as_said", said=error) from None
        if not coming:
            raise ActionError("rrule" if downtime.rrule else "until", "never")
        return Preview(downtime, target, coming, self._covered(target, city))

    def _downtime(self, form: Mapping[str, str], target: Target, who: Principal, now_ms: int) -> Downtime:
        zone = self._sources.zone
        rrule = form.get("rrule", "")[: _MAX_RULE + 1] or None
        if rrule is not None and len(rrule) > _MAX_RULE:
            raise ActionError("rrule", "too_long", most=_MAX_RULE)
        start_ms, timezone = moment_ms(form, "from", zone), zone.key
        if rrule is not None and (found := own_start(rrule, zone.key)) is not None:
            if start_ms is not None:
                raise ActionError("from", "start_in_rule")
            start_ms, timezone = found
        end_ms, duration_s = moment_ms(form, "until", zone), hours_s(form, "for", most=_LONGEST_H)
        if rrule is None and end_ms is not None and duration_s:
            raise ActionError("for", "length_twice")
        begins_ms = now_ms if start_ms is None else start_ms
        period = check_period(
            Period(begins_ms, end_ms, duration_s, timezone), recurs=rrule is not None, now_ms=now_ms
        )
        return Downtime(
            id=0,
            scope=target.scope,
            target=target.target,
            start_ms=period.start_ms,
            end_ms=period.end_ms,
            rrule=rrule,
            duration_s=period.duration_s,
            timezone=period.timezone,
            reason=printable_line(form.get("reason", ""))[:_MAX_REASON],
            by=who.name,
            created_ms=now_ms,
        )

    def _targets(self, request: Request) -> list[Target]:
        return list(self._offered(request))

    def _offered(self, request: Request) -> Iterator[Target]:
        """Yield the camera, and all that it belongs to; what is beyond the person's part is refused when sent."""
        site, camera = request.path_params["site"], request.path_params["camera"]
        inventory = self._sources.inventory()
        place = place_of(city_of(request), site, camera)
        yield Target(Scope.CAMERA, f"{site}/{camera}", place.camera.name)
        known = inventory.camera(site, camera)
        for scope, target in Coverage(inventory, Topology(inventory)).of_camera(site, camera)[1:]:
            match scope:
                case Scope.DEVICE:
                    yield Target(scope, target, inventory.device_name(site, target.partition("/")[2]))
                case Scope.SITE:
                    yield Target(scope, target, place.site.name)
                case Scope.OWNER:
                    yield Target(scope, target, inventory.owner_name(known.owner))
                case Scope.UPLINK:
                    yield Target(scope, target, inventory.uplink_name(target))
                case _:
                    yield Target(scope, target, target)

    def _covered(self, target: Target, city: CityView) -> int:
        inventory = self._sources.inventory()
        coverage = Coverage(inventory, Topology(inventory))
        wanted = (target.scope, target.target)
        return sum(
            wanted in coverage.of_camera(site.id, camera.id) for site in city.sites for camera in site.cameras
        )

    def _refuse(self, request: Request, form: Mapping[str, str], error: ActionError) -> Response:
        return self._show(request, refused(request, "maintenance", form, error))

    def _show(
        self, request: Request, refused_form: Refused = NOT_REFUSED, preview: Preview | None = None
    ) -> Response:
        phrases = words(language_of(request))
        site, camera = request.path_params["site"], request.path_params["camera"]
        return render(
            request,
            "actions/maintenance.html",
            status=refused_form.status,
            place=place_of(city_of(request), site, camera),
            targets=self._targets(request),
            preview=preview,
            times=Times(phrases, self._sources.zone, self._sources.clock_ms()),
            zone=self._sources.zone.key,
            once=refused_form.form.get("once") or new_once(),
            refused=refused_form,
        )
