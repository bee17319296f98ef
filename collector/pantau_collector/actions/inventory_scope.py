"""Whether a change of the inventory stays within the part of the city that somebody answers for.

What changes must be theirs as it is now, and still be theirs afterwards: so nobody takes over a camera of others
by writing themselves down as its owner, nor gives one of their own away.
"""

from pantau_collector.access.scope import Scope
from pantau_collector.actions.action_error import ActionError
from pantau_collector.actions.inventory_change import PlannedChange
from pantau_collector.fleet.view import CityView
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.import_plan import Change
from pantau_collector.inventory.model import Asset


def check_scope(change: PlannedChange, scope: Scope, inventory: Inventory, city: CityView) -> None:
    """Check that a change touches nothing beyond a scope.

    Args:
        change: the change.
        scope: the part of the city.
        inventory: the inventory as it is.
        city: the whole city, with what agents have reported and no file lists.

    Raises:
        ActionError: it does; the text names the first such entry.
    """
    if scope.whole_city:
        return
    after = Inventory(
        projects=inventory.projects.values(),
        sites=[*inventory.sites.values(), *change.plan.content.site],
        devices=change.plan.content.device,
        cameras=change.plan.content.camera,
    )
    reported = {site.id for site in city.sites}
    for each in change.plan.changes:
        is_new_place = each.key[0] not in inventory.sites and each.key[0] not in reported
        was_theirs = is_new_place or _includes(scope, each, inventory)
        stays_theirs = each.what == "removed" or _includes(scope, each, after)
        if not (was_theirs and stays_theirs):
            raise ActionError("", "inventory_of_others", what="/".join(each.key))


def _includes(scope: Scope, change: Change, inventory: Inventory) -> bool:
    """Return whether an inventory has an entry within the scope; one that it does not list is its site's."""
    site = change.key[0]
    entry: Asset
    match change.table:
        case "camera":
            entry = inventory.camera(site, change.key[1])
        case "device":
            entry = inventory.devices.get((site, change.key[1])) or inventory.site(site)
        case "site":
            entry = inventory.site(site)
        case _:
            return False
    return scope.includes(site, entry.owner, entry.project)
