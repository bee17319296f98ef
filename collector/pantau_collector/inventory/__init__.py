"""The inventory: names, owners, maintainers, places and connections of cameras, devices, sites and uplinks.

Which cameras exist is known from the agents: a camera that is not in the inventory is shown and watched as well.
"""

from pantau_collector.inventory.load import load_inventory
from pantau_collector.inventory.model import (
    Inventory,
    InventoryCamera,
    InventoryDevice,
    InventorySite,
    InventoryUplink,
    Party,
)

__all__ = [
    "Inventory",
    "InventoryCamera",
    "InventoryDevice",
    "InventorySite",
    "InventoryUplink",
    "Party",
    "load_inventory",
]
