"""`/inventory`: what is missing, and the upload of a department's spreadsheet with its preview."""

from functools import partial
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from pantau_collector.access.principal import Principal
from pantau_collector.access.role import Role
from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.inventory_change import InventoryDesk, InventoryProblemsError, PlannedChange
from pantau_collector.actions.inventory_scope import check_scope
from pantau_collector.web.actions.answer import NOT_REFUSED, Refused, answered, refused
from pantau_collector.web.actions.form import read_form
from pantau_collector.web.guard import GuardedRoute, city_of, guarded, principal_of
from pantau_collector.web.inventory.missing import WHAT, as_csv, counts, incomplete
from pantau_collector.web.inventory.uploads import Upload, Uploads
from pantau_collector.web.layout import render
from pantau_collector.web.sources import Sources
from pantau_contract.printable import printable_line

MAX_UPLOAD = 5_000_000
"""Bytes of a spreadsheet at most: a sheet of 20,000 cameras has 2 MB."""
_SHOWN = 200
"""Cameras, changes and problems that a page shows at most."""


class SheetPage:
    """Serves the page and the download, and takes spreadsheets."""

    def __init__(self, sources: Sources, desk: InventoryDesk) -> None:
        self._sources = sources
        self._desk = desk
        self._uploads = Uploads()

    def routes(self) -> list[GuardedRoute]:
        """Return its routes."""
        return [
            guarded("/inventory", self.page, Role.VIEWER, name="inventory"),
            guarded("/inventory/missing.csv", self.download, Role.VIEWER),
            guarded("/inventory", self.upload, Role.OPERATOR, methods=("POST",), max_body=MAX_UPLOAD + 20_000),
            guarded("/inventory/take", self.take, Role.OPERATOR, methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        """Serve the page."""
        return await run_in_threadpool(self._show, request)

    async def download(self, request: Request) -> Response:
        """Serve the cameras of which something is missing as CSV."""
        text = await run_in_threadpool(lambda: as_csv(incomplete(city_of(request), self._sources.inventory())))
        headers = {"Content-Disposition": 'attachment; filename="missing.csv"', "Cache-Control": "no-store"}
        return Response(text.encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)

    async def upload(self, request: Request) -> Response:
        """Preview what a spreadsheet would change."""
        form, file = await read_form(request), (await request.form()).get("file")
        content, name = b"", ""
        if isinstance(file, UploadFile):
            content, name = await file.read(MAX_UPLOAD + 1), printable_line(Path(file.filename or "").name, 100)
        upload = Upload(content, name, form.get("owner", ""), bool(form.get("remove")))
        return await run_in_threadpool(self._preview, request, form, upload)

    async def take(self, request: Request) -> Response:
        """Take the spreadsheet that was previewed, unless somebody has changed the inventory since."""
        form, who = await read_form(request), principal_of(request)

        def act() -> str:
            upload = self._uploads.take(_key(who), form.get("upload", ""))
            if upload is None:
                raise ActionError("file", "upload_gone")
            change = self._planned(who, upload)
            if change.before != form.get("seen"):
                raise ActionError("", "changed_meanwhile")
            self._desk.write(change)
            return "inventory?done=inventory"

        return await answered(request, act, partial(self._refuse, request, form))

    def _preview(self, request: Request, form: dict[str, str], upload: Upload) -> Response:
        who = principal_of(request)
        try:
            change = self._planned(who, upload)
        except ActionError as error:
            return self._refuse(request, form, error)
        token = self._uploads.put(_key(who), upload)
        return self._show(request, Refused("sheet", form=form), change, token)

    def _planned(self, who: Principal, upload: Upload) -> PlannedChange:
        if not upload.content:
            raise ActionError("file", "no_file")
        if len(upload.content) > MAX_UPLOAD:
            raise ActionError("file", "file_too_large", most=MAX_UPLOAD // 1_000_000)
        if not upload.owner or not (who.scope.whole_city or upload.owner in who.scope.owners):
            raise ActionError("owner", "no_owner", owner=upload.owner)
        change = self._desk.plan_sheet(upload.content, upload.name, upload.owner, remove=upload.remove)
        check_scope(change, who.scope, self._sources.inventory(), self._sources.view())
        return change

    def _refuse(self, request: Request, form: dict[str, str], error: ActionError) -> Response:
        more = error.problems[1:_SHOWN] if isinstance(error, InventoryProblemsError) else ()
        return self._show(request, refused(request, "sheet", form, error), more=[text for _, text in more])

    def _show(
        self,
        request: Request,
        refused_form: Refused = NOT_REFUSED,
        change: PlannedChange | None = None,
        upload: str = "",
        more: list[str] | None = None,
    ) -> Response:
        inventory, city, who = self._sources.inventory(), city_of(request), principal_of(request)
        found = list(incomplete(city, inventory))
        owners = [
            (each.id, each.name or each.id)
            for each in inventory.owners.values()
            if who.scope.whole_city or each.id in who.scope.owners
        ]
        return render(
            request,
            "inventory/page.html",
            status=refused_form.status,
            found=found[:_SHOWN],
            total=len(found),
            counts=counts(city, inventory, found),
            what=WHAT,
            owner_name=inventory.owner_name,
            owners=owners if who.role >= Role.OPERATOR else [],
            change=change,
            changes=change.plan.changes[:_SHOWN] if change else [],
            upload=upload,
            more=more or [],
            done=request.query_params.get("done", ""),
            refused=refused_form,
        )


def _key(who: Principal) -> str:
    return f"{who.kind} {who.name} {who.session}"
