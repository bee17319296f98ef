"""What stands between a camera and the collector, however little the inventory knows."""

from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import Inventory, InventoryCamera, InventoryDevice, InventorySite, InventoryUplink


def test_paths_go_upwards_and_end_where_nothing_more_is_told() -> None:
    topology = Topology(
        Inventory(
            uplinks=[InventoryUplink(id="batam"), InventoryUplink(id="telkom", via="batam")],
            sites=[InventorySite(id="kabil", uplink="telkom"), InventorySite(id="alone")],
            devices=[
                InventoryDevice(site="kabil", id="sw", kind="switch"),
                InventoryDevice(site="kabil", id="nvr", kind="recorder", via="sw"),
            ],
            cameras=[
                InventoryCamera(site="kabil", id="cam1", via="nvr"),
                InventoryCamera(site="kabil", id="cam2"),
                InventoryCamera(site="kabil", id="cam3", via="nobody-knows"),
            ],
        )
    )
    assert topology.devices("kabil").of_camera == {"cam1": ("device:nvr", "device:sw")}
    assert topology.devices("never-heard-of").above == {}
    assert topology.uplinks_of("kabil") == ("telkom", "batam")
    assert topology.uplinks_of("alone") == topology.uplinks_of("never-heard-of") == ()
    assert topology.branches() == {"telkom": {"kabil": "kabil"}, "batam": {"kabil": "uplink:telkom"}}


def test_a_loop_is_cut() -> None:
    topology = Topology(
        Inventory(
            uplinks=[InventoryUplink(id="a", via="b"), InventoryUplink(id="b", via="a")],
            sites=[InventorySite(id="kabil", uplink="a")],
            devices=[InventoryDevice(site="kabil", id="sw", kind="switch", via="sw")],
        )
    )
    assert topology.uplinks_of("kabil") == ("a", "b")
    assert topology.devices("kabil").above == {"device:sw": ()}
