"""The routes of the pages of the inventory."""

from pantau_collector.actions.inventory_change import InventoryDesk
from pantau_collector.web.guard import GuardedRoute
from pantau_collector.web.inventory.camera_form import CameraForm
from pantau_collector.web.inventory.sheet_page import SheetPage
from pantau_collector.web.sources import Sources


def routes(sources: Sources) -> list[GuardedRoute]:
    """Return the routes."""
    desk = InventoryDesk(sources.config.inventory, sources.replace_inventory)
    return [*CameraForm(sources, desk).routes(), *SheetPage(sources, desk).routes()]
