"""The city divided by a key: whose, or where, each stretch of a camera's time was."""

from collections.abc import Iterable, Sequence

from pantau_collector.inventory import Inventory
from pantau_collector.inventory.history import InventorySpan
from pantau_collector.ledger import Interval
from pantau_collector.ledger.interval import clip
from pantau_collector.reports.document import GroupRow, Key, OutageRow, Period, Repairs
from pantau_collector.reports.figures import Sum
from pantau_collector.reports.outages import repairs_of, summed


def key_of(inventory: Inventory, by: Key, site: str, camera: str) -> str:
    """Return what a camera belongs to by an inventory, or an empty text if to nothing."""
    match by:
        case "owner":
            return inventory.camera(site, camera).owner
        case "maintainer":
            return inventory.camera(site, camera).maintainer
        case "project":
            return inventory.camera(site, camera).project
        case "uplink":
            return inventory.site(site).uplink
        case "site":
            return site
        case "camera":
            return f"{site}/{camera}"


class _Group:
    def __init__(self) -> None:
        self.cameras = 0
        self.sum = Sum()
        self.repairs: list[Repairs] = []


class Groups:
    """Adds up the time of cameras by the key that each stretch of it belongs to."""

    def __init__(self, by: Key, period: Period) -> None:
        self._by = by
        self._period = period
        self._groups: dict[str, _Group] = {}

    def add(
        self,
        site: str,
        camera: str,
        spans: Iterable[InventorySpan],
        intervals: Sequence[Interval],
        whole: Sum,
        outages: Sequence[OutageRow],
    ) -> None:
        """Add a camera.

        Args:
            site: of the camera.
            camera: its id.
            spans: the period, divided where the inventory changed.
            intervals: of the period.
            whole: their sum.
            outages: its own. Each belongs to whom the camera belonged to when it began, or when the period did.
        """
        stretches: list[tuple[str, int, int]] = []
        for span in spans:
            key, from_ms = key_of(span.inventory, self._by, site, camera), span.from_ms
            if stretches and stretches[-1][0] == key:
                from_ms = stretches.pop()[1]
            stretches.append((key, from_ms, span.to_ms))
        if len(stretches) == 1:
            self._add(stretches[0][0], whole, outages)
            return
        for key in dict.fromkeys(key for key, *_ in stretches):
            part, its = Sum(), []
            for _, from_ms, to_ms in (each for each in stretches if each[0] == key):
                for interval in clip(intervals, from_ms, to_ms):
                    part.add(interval, interval.ms)
                its += [each for each in outages if from_ms <= max(each.from_ms, self._period.from_ms) < to_ms]
            self._add(key, part, its)

    def rows(self, inventory: Inventory) -> tuple[GroupRow, ...]:
        """Return the groups in the order of their keys, with their names from an inventory."""
        return tuple(
            GroupRow(key, self._name(inventory, key), each.cameras, each.sum.figures(), summed(each.repairs))
            for key, each in sorted(self._groups.items())
        )

    def _add(self, key: str, part: Sum, outages: Iterable[OutageRow]) -> None:
        group = self._groups.setdefault(key, _Group())
        group.cameras += part.is_in_service
        group.sum.add_sum(part)
        group.repairs.append(repairs_of(outages))

    def _name(self, inventory: Inventory, key: str) -> str:
        match self._by:
            case "owner":
                return inventory.owner_name(key)
            case "maintainer":
                return inventory.maintainer_name(key)
            case "uplink":
                return inventory.uplink_name(key)
            case "site":
                return inventory.site(key).name or key
            case "camera":
                site, _, camera = key.partition("/")
                return inventory.camera(site, camera).name or camera
            case "project":
                return key
