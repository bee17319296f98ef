"""`/cameras/{site}/{camera}/inventory`: what the inventory says of one camera, to fill in and correct."""

from collections.abc import Mapping
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.inventory_change import FIELDS, InventoryDesk
from pantau_collector.actions.inventory_scope import check_scope
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.model import Party
from pantau_collector.web.actions.answer import NOT_REFUSED, Refused, answered, refused
from pantau_collector.web.actions.form import read_form
from pantau_collector.web.actions.rights import place_of
from pantau_collector.web.guard import GuardedRoute, city_of, guarded, principal_of
from pantau_collector.web.layout import render
from pantau_collector.web.sources import Sources

CRITICALITIES = ("low", "normal", "high")


class CameraForm:
    """Serves the form, and takes it."""

    def __init__(self, sources: Sources, desk: InventoryDesk) -> None:
        self._sources = sources
        self._desk = desk

    def routes(self) -> list[GuardedRoute]:
        """Return its routes."""
        path = "/cameras/{site}/{camera}/inventory"
        return [
            guarded(path, self.page, Role.OPERATOR, name="camera_inventory"),
            guarded(path, self.submit, Role.OPERATOR, methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        """Serve the form with what the inventory says."""
        return await run_in_threadpool(self._show, request)

    async def submit(self, request: Request) -> Response:
        """Write what was filled in, unless somebody has changed the inventory since the form was opened."""
        form, who = await read_form(request), principal_of(request)
        site, camera = request.path_params["site"], request.path_params["camera"]

        def act() -> str:
            inventory = self._sources.inventory()
            if form.get("seen") != self._desk.digest():
                raise ActionError("", "changed_meanwhile")
            change = self._desk.plan_camera(site, camera, _file_owner(who, inventory, site, camera, form), form)
            check_scope(change, who.scope, inventory, self._sources.view())
            if change.plan.changes:
                self._desk.write(change)
            return f"cameras/{site}/{camera}/actions?done=inventory"

        return await answered(request, act, partial(self._refuse, request, form))

    def _refuse(self, request: Request, form: Mapping[str, str], error: ActionError) -> Response:
        return self._show(request, refused(request, "inventory", form, error))

    def _show(self, request: Request, refused_form: Refused = NOT_REFUSED) -> Response:
        site, camera = request.path_params["site"], request.path_params["camera"]
        inventory, who = self._sources.inventory(), principal_of(request)
        known = inventory.camera(site, camera)
        values = {field: getattr(known, field) for field in FIELDS}
        shown = {field: "" if value is None else str(value) for field, value in values.items()}
        if refused_form.form:
            shown = {field: refused_form.form.get(field, "") for field in FIELDS}
        try:
            seen = self._desk.digest()
        except ActionError as error:
            seen, refused_form = (
                "",
                refused_form if refused_form.text else refused(request, "inventory", {}, error),
            )
        return render(
            request,
            "inventory/camera.html",
            status=refused_form.status,
            place=place_of(city_of(request), site, camera),
            values=shown,
            owners=_choices(inventory.owners, who.scope.owners),
            maintainers=_choices(inventory.maintainers, ()),
            projects=sorted({each.project for each in inventory.cameras.values() if each.project})
            if who.scope.whole_city
            else sorted(who.scope.projects),
            criticalities=CRITICALITIES,
            seen=seen,
            refused=refused_form,
        )


def _file_owner(who: Principal, inventory: Inventory, site: str, camera: str, form: Mapping[str, str]) -> str:
    """Return whose file a camera goes to that no file has: its owner's, or that of the person's department."""
    known = inventory.camera(site, camera)
    return form.get("owner") or known.owner or next(iter(who.scope.owners), "")


def _choices(known: Mapping[str, Party], allowed: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return ids and names, those that are allowed only, or all if nothing is said."""
    return [(each.id, each.name or each.id) for each in known.values() if not allowed or each.id in allowed]
