"""Decides what an upgrade has to do on a machine, also after one that was broken off."""  # noqa: INP001 # Ansible finds it

import json
from typing import Any


def upgrade_plan(note: str, current: str, wanted: str, before: dict[str, int]) -> dict[str, Any]:
    """Return what is to be done: `needed`, the version to go `from` and `to`, and what there was `before`.

    Args:
        note: the text of the file `upgrading`, which is there from before the switch until the new version has
            proved itself; empty where no upgrade is under way.
        current: the version that runs now.
        wanted: the version of the inventory.
        before: what must be reached again, as it is at the moment. After a switch it says nothing, and what the
            note has is kept: the version to go back to is always one that has proved itself.
    """
    begun = _read(note)
    if begun.get("to") == current != begun.get("from"):
        proved, before = begun["from"], begun["before"]
    else:
        proved = current
    if wanted == proved == current:
        return {"needed": False, "from": current, "to": wanted, "before": before}
    return {"needed": True, "from": proved, "to": wanted, "before": before}


def site_before(sites: list[dict[str, Any]], site: str) -> dict[str, int]:
    """Return of one site how many of its cameras are ok, out of what `pantau-collector sites --json` prints."""
    return {"cameras_ok": sum(each["cameras_ok"] for each in sites if each["site"] == site and each["online"])}


def city_before(sites: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many sites are heard, and how many of their cameras are ok."""
    heard = [each for each in sites if each["online"]]
    return {"sites": len(heard), "cameras_ok": sum(each["cameras_ok"] for each in heard)}


def _read(note: str) -> dict[str, Any]:
    """Return the note; one that a loss of power cut off is none, as nothing was switched yet."""
    try:
        found = json.loads(note)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and {"from", "to", "before"} <= found.keys() else {}


class FilterModule:
    """The class that Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """Return the filters by name."""
        return {"upgrade_plan": upgrade_plan, "site_before": site_before, "city_before": city_before}
