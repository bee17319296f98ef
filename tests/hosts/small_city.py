"""A city of one control room and two sites, and what is asked of it."""

import json
from typing import Any

from tests.hosts.city import City
from tests.hosts.host import BROKER_NAME, Host

SITES = ["nongsa", "kabil"]
COLLECTOR = """\
data_dir = "/var/lib/pantau-collector"
inventory = "/etc/pantau/inventory.toml"
[broker]
port = 1884
user = "pantau-collector"
"""


def describe(city: City) -> None:
    """Boot the hosts, and write the inventory; no site has a camera yet."""
    (city.folder / "collector.toml").write_text(COLLECTOR)
    (city.folder / "inventory.toml").write_text("".join(f'[[site]]\nid = "{site}"\n' for site in SITES))
    city.variables["all"]["pantau_ca_folder"] = str(city.folder / "ca")
    city.variables["sites"] = {"pantau_agent_broker_host": BROKER_NAME, "pantau_agent_report_interval_s": 1}
    city.variables["control_room"] = {
        "pantau_broker_collector_password": "rahasia a",
        "pantau_collector_broker_password": "rahasia a",
        "pantau_collector_config": str(city.folder / "collector.toml"),
        "pantau_collector_inventory": str(city.folder / "inventory.toml"),
    }
    city.add("control", "control_room")
    for site in SITES:
        city.add(site, "sites")


def heard(city: City) -> list[dict[str, Any]]:
    """Return what the collector says of the sites; nothing while it starts."""
    program = "pantau-collector sites --json --config /etc/pantau/collector.toml 2>/dev/null"
    told = city.hosts["control"].run(f"runuser -u pantau-collector -- {program}", check=False)
    found: list[dict[str, Any]] = json.loads(told) if told.startswith("[") else []
    return found


def started(host: Host, unit: str) -> str:
    """Return what changes with each start of a unit."""
    return host.run(f"systemctl show --property=InvocationID --value {unit}")
