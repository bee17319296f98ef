"""Changes a department makes to its own part of the inventory: a camera on a page, or many by its spreadsheet.

Both are imports of a sheet, by the rules of `inventory import`: they are planned first, and written as the
department's own file in `inventory.d`, wholly or not at all.
"""

import hashlib
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from pantau_collector.actions.action_error import ActionError
from pantau_collector.inventory import Inventory, load_inventory
from pantau_collector.inventory.import_plan import ImportPlan, plan_import
from pantau_collector.inventory.load import LoadedFile, folder_of, inventory_files, load_files
from pantau_collector.inventory.model import InventoryFile
from pantau_collector.inventory.write import write_department
from pantau_collector.spreadsheet import ParsedSheet, Sheet, parse_sheet, read_sheet
from pantau_service.settings import ConfigError

FIELDS = ("name", "latitude", "longitude", "owner", "maintainer", "project", "criticality", "contact")
"""What can be corrected of a camera on a page."""
_ROW = 2
"""The row of a camera in the sheet that its form is turned into; the first one is the header."""


class InventoryProblemsError(ActionError):
    """The inventory would be wrong: a line for everything that is, with its field if it has one."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        field, text = problems[0]
        super().__init__(field, "as_said", said=text)
        self.problems = tuple(problems)


class PlannedChange(Struct, frozen=True):
    """What would be written into a department's file; `before` is the digest of the inventory it was made of."""

    owner: str
    path: Path
    plan: ImportPlan
    before: str


class InventoryDesk:
    """Plans and writes changes. Any thread may use it; one change is written at a time."""

    def __init__(self, path: Path | None, use: Callable[[Inventory], None]) -> None:
        """Prepare.

        Args:
            path: the inventory's file; None if none is configured.
            use: lets the collector use a new inventory.
        """
        self._path = path
        self._use = use
        self._writing = threading.Lock()
        self._reading = threading.Lock()

    def digest(self) -> str:
        """Return a digest of all files of the inventory.

        Raises:
            ActionError: they cannot be read.
        """
        found = hashlib.sha256()
        try:
            for file in inventory_files(self._file):
                content = file.read_bytes()
                found.update(f"{file.name} {len(content)} ".encode() + content)
        except OSError as error:
            raise ActionError("", "inventory_unreadable", said=error.strerror) from None
        return found.hexdigest()

    def plan_camera(self, site: str, camera: str, owner: str, values: Mapping[str, str]) -> PlannedChange:
        """Plan the correction of one camera; `owner` is whose file a camera goes to that is in none yet.

        Raises:
            ActionError: the values are wrong, or the camera is in a file that no import may change.
        """
        header = ["site", "id", *FIELDS]
        row = [site, camera, *(values.get(field, "") for field in FIELDS)]
        sheet = Sheet(Path("form"), header, [(_ROW, row)], {}, {}, [], [])
        try:
            holder = self._holder(site, camera)
            return self._plan(parse_sheet(sheet), holder or owner, remove=False)
        except ConfigError as error:
            raise InventoryProblemsError([_at_field(line, header) for line in error.problems]) from None

    def plan_sheet(self, content: bytes, name: str, owner: str, *, remove: bool) -> PlannedChange:
        """Plan the import of a spreadsheet's bytes; `name` is what the person calls it.

        Raises:
            ActionError: it cannot be read, is wrong, or another one is being read.
        """
        if not self._reading.acquire(timeout=30):
            raise ActionError("file", "reader_busy")
        try:
            with tempfile.TemporaryDirectory(prefix="pantau-upload-") as folder:
                path = Path(folder) / f"upload{Path(name).suffix.lower()[:8]}"
                path.write_bytes(content)
                try:
                    return self._plan(parse_sheet(read_sheet(path)), owner, remove=remove)
                except ConfigError as error:
                    lines = [("file", line.replace(str(path), name)) for line in error.problems]
                    raise InventoryProblemsError(lines) from None
        except OSError as error:
            raise ActionError("file", "inventory_unreadable", said=error.strerror) from None
        finally:
            self._reading.release()

    def write(self, change: PlannedChange) -> None:
        """Write a planned change, and let the collector use the inventory.

        Raises:
            ActionError: somebody has changed the inventory since it was planned, or it cannot be written.
        """
        with self._writing:
            if self.digest() != change.before:
                raise ActionError("", "changed_meanwhile")
            try:
                write_department(change.path, change.owner, change.plan.content)
                inventory = load_inventory(self._file)
            except OSError as error:
                where = change.path.parent
                raise ActionError("", "inventory_unwritable", folder=where, said=error.strerror) from None
            except ConfigError as error:
                raise ActionError("", "as_said", said=error.problems[0]) from None
        self._use(inventory)

    @property
    def _file(self) -> Path:
        if self._path is None:
            raise ActionError("", "no_inventory")
        return self._path

    def _plan(self, sheet: ParsedSheet, owner: str, *, remove: bool) -> PlannedChange:
        before, path = self.digest(), folder_of(self._file) / f"{owner}.toml"
        files = load_files(self._file)
        if not any(party.id == owner for file in files for party in file.content.owner):
            raise ActionError("owner", "no_owner", owner=owner)
        own = next((each for each in files if each.path == path), LoadedFile(path, InventoryFile()))
        others = [each for each in files if each.path != path]
        return PlannedChange(owner, path, plan_import(sheet, own, others, owner=owner, remove=remove), before)

    def _holder(self, site: str, camera: str) -> str | None:
        """Return the department whose file has a camera, or None if none has it."""
        for file in load_files(self._file):
            if any((each.site, each.id) == (site, camera) for each in file.content.camera):
                if file.path.parent != folder_of(self._file):
                    raise ActionError("", "written_by_hand", file=file.path.name)
                return file.path.stem
        return None


def _at_field(line: str, header: Sequence[str]) -> tuple[str, str]:
    """Return the field that a line about the form's sheet is about, and its text without the place."""
    where, _, text = line.partition(": ")
    place, _, rest = text.partition(": ")
    for field in header:
        if f"({field})" in place:
            return ("" if field in ("site", "id") else field), rest
    return "", text if where == "form" else line
