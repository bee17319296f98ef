"""The inventory: names, owners, maintainers, places, projects and connections of cameras, devices and sites.

Which cameras exist is known from the agents: a camera that is not in the inventory is shown and watched as well.
"""

from pantau_collector.inventory.load import load_inventory
from pantau_collector.inventory.model import (
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventoryProject,
    InventorySite,
    InventoryUplink,
    Party,
)

__all__ = [
    "Inventory",
    "InventoryCamera",
    "InventoryDevice",
    "InventoryProject",
    "InventorySite",
    "InventoryUplink",
    "Party",
    "load_inventory",
]
