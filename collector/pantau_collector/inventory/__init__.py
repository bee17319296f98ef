"""The inventory: what things are called, whose they are, who mends them, where they stand, how they are connected.

What there is, the agents say: so a camera that is not in it is shown and watched all the same.
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
