"""Waits until the collector hears the sites of an upgrade as well as before, and for long enough.

It asks the collector for all of them at once, so that a batch of 200 sites costs it no more than one.
"""  # noqa: INP001 # Ansible finds it by its folder

import json
import time
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: pantau_gate
short_description: Waits until the collector hears sites as well as before an upgrade
description: Runs on the collector's machine. It fails for no site; what is wrong with each is in C(verdicts).
options:
  sites:
    description:
      - "By site, what must be reached: C(version), C(cameras_ok)."
      - "What was heard before C(since) (UNIX time) does not count."
    type: dict
    default: {}
  city:
    description: "What all sites together must reach: C(sites), C(cameras_ok); and C(since)."
    type: dict
    default: {}
  hold_s: {description: For how long all must be well., type: float, required: true}
  wait_s: {description: How long it may take until it is., type: float, required: true}
  command: {description: Prints the sites as JSON., type: list, elements: str, required: true}
author: [Pantau]
"""
CITY = "the city"
"""The name under which the verdict on all sites together is."""
_EVERY_S = 3.0
_ASK_WITHIN_S = 60

Sites = Mapping[str, Mapping[str, Any]]
"""What `pantau-collector sites --json` prints, by site."""


class Gate:
    """Who has been well without a break, and for how long. Times are in seconds of any clock that runs evenly."""

    def __init__(self, names: list[str], hold_s: float, until_s: float) -> None:
        self._hold_s, self._until_s = hold_s, until_s
        self._well_since: dict[str, float | None] = dict.fromkeys(names)
        self._complaint = dict.fromkeys(names, "nobody could be asked")
        self._passed: set[str] = set()

    def see(self, complaints: Mapping[str, str], now_s: float) -> None:
        """Take note of what is wrong with each at this moment; an empty text is nothing."""
        for name, complaint in complaints.items():
            if complaint:
                self._well_since[name], self._complaint[name] = None, complaint
                continue
            since = self._well_since[name]
            if since is None:
                since = self._well_since[name] = now_s
            if now_s - since >= self._hold_s:
                self._passed.add(name)

    def is_decided(self, now_s: float) -> bool:
        """Return whether all have passed, or the time is up."""
        return len(self._passed) == len(self._well_since) or now_s >= self._until_s

    def verdicts(self) -> dict[str, str]:
        """Return by name why it did not pass, and an empty text for who did."""
        return {
            name: ""
            if name in self._passed
            else complaint
            if self._well_since[name] is None
            else f"not well for long enough; before that: {complaint}"
            for name, complaint in self._complaint.items()
        }


def site_complaint(wanted: Mapping[str, Any], site: Mapping[str, Any] | None) -> str:
    """Return what is wrong with a site, empty if nothing is."""
    if site is None or not _is_heard(site, wanted):
        return "the collector does not hear it"
    if site["version"] != wanted["version"]:
        return f"it is heard under version {site['version']}, not {wanted['version']}"
    if site["cameras_ok"] < wanted["cameras_ok"]:
        return (
            f"{site['cameras_ok']} of its {site['cameras']} cameras are ok, and {wanted['cameras_ok']} were before"
        )
    return ""


def _is_heard(site: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return bool(site["online"]) and (site["heard_ms"] or 0) > int(wanted["since"]) * 1000


def city_complaint(wanted: Mapping[str, int], sites: Sites) -> str:
    """Return what is wrong with all sites together, empty if nothing is."""
    heard = [site for site in sites.values() if _is_heard(site, wanted)]
    if len(heard) < wanted["sites"]:
        return f"{len(heard)} sites are heard, and {wanted['sites']} must be"
    cameras_ok = sum(site["cameras_ok"] for site in heard)
    if cameras_ok < wanted["cameras_ok"]:
        return f"{cameras_ok} cameras are ok, and {wanted['cameras_ok']} must be"
    return ""


def _sites(module: AnsibleModule) -> tuple[Sites, str]:
    """Return what the collector says, or why it says nothing."""
    command = ["timeout", str(_ASK_WITHIN_S), *module.params["command"]]
    status, output, error = module.run_command(command)
    if status:
        return {}, f"the collector cannot be asked: {(error or output).strip()[-300:]}"
    try:
        return {site["site"]: site for site in json.loads(output)}, ""
    except ValueError:
        return {}, "the collector does not print JSON"


def main() -> None:
    """Ask again and again, until all is decided."""
    module = AnsibleModule(
        argument_spec={
            "sites": {"type": "dict", "default": {}},
            "city": {"type": "dict", "default": {}},
            "hold_s": {"type": "float", "required": True},
            "wait_s": {"type": "float", "required": True},
            "command": {"type": "list", "elements": "str", "required": True},
        }
    )
    asked: dict[str, Any] = module.params
    names, city = [*asked["sites"], *([CITY] if asked["city"] else [])], asked["city"]
    gate = Gate(names, asked["hold_s"], time.monotonic() + asked["wait_s"] + asked["hold_s"])
    while not gate.is_decided(time.monotonic()):
        sites, unanswered = _sites(module)
        complaints = {
            name: unanswered or site_complaint(wanted, sites.get(name)) for name, wanted in asked["sites"].items()
        }
        if city:
            complaints[CITY] = unanswered or city_complaint(city, sites)
        gate.see(complaints, time.monotonic())
        if not gate.is_decided(time.monotonic()):
            time.sleep(_EVERY_S)
    module.exit_json(changed=False, verdicts=gate.verdicts())


if __name__ == "__main__":
    main()
