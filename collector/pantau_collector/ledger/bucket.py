"""To whom a stretch of time belongs, and why."""

from enum import StrEnum

from pantau_contract.states import State


class Bucket(StrEnum):
    """To whom a moment in a camera's life belongs. Each moment is in exactly one bucket.

    The values are stored and exported; they never change.
    """

    WORKING = "working"
    """The camera works as expected."""
    BELOW_STANDARD = "below_standard"
    """It works, but worse than expected (`degraded`)."""
    PICTURE = "picture"
    """It streams, but its picture is not true (`impaired`)."""
    CAMERA = "camera"
    """It is down, and nothing above it explains that."""
    DEVICE = "device"
    """It is down together with everything behind a recorder or switch, or with the whole site."""
    LINK = "link"
    """The control room saw nothing, while the site's agent ran on and measured."""
    POWER = "power"
    """The site was without power, or the power supply that the cameras share failed."""
    WATCHER = "watcher"
    """We could not know: the agent was not running on its running machine, or the collector or broker was away."""
    MAINTENANCE = "maintenance"
    """It did not work or was not seen, and that was planned."""
    THIRD_PARTY = "third_party"
    """Somebody else took it down, as by cutting a cable. No evidence says so: a person decided it."""
    FORCE_MAJEURE = "force_majeure"
    """Nobody could have prevented it, as a flood. No evidence says so: a person decided it."""
    OUT_OF_SERVICE = "out_of_service"
    """It was not to be watched: switched off, not yet in the agent's configuration, or no longer."""
    NOT_KNOWN = "not_known"
    """There is no evidence, or none yet."""


class Evidence(StrEnum):
    """What a bucket was decided by. The values are exported; people read the words of `ledger.evidence`."""

    SAMPLES = "samples"
    """The agent's samples alone."""
    DEVICE_DOWN = "device_down"
    """All cameras behind the device named in `Interval.device` were down together."""
    SITE_DOWN = "site_down"
    """All cameras of the site were down together, while its agent was running."""
    DEVICE_SILENT = "device_silent"
    """As `DEVICE_DOWN`, and the device itself did not answer."""
    SUPPLY_DOWN = "supply_down"
    """As `DEVICE_DOWN`, and that device is a power supply."""
    BACKLOG = "backlog"
    """The agent measured, and what it measured arrived late, by its spool."""
    BATCHES_LOST = "batches_lost"
    """The agent's next batches, of the same boot, show by their numbers that it measured in between."""
    NEW_BOOT = "new_boot"
    """The agent's machine started anew afterwards, and had not been shut down in order."""
    UNDERVOLTAGE = "undervoltage"
    """As `NEW_BOOT`, and the machine had reported undervoltage shortly before."""
    SHUT_DOWN = "shut_down"
    """The agent's machine was shut down in order, and started again."""
    AGENT_RESTARTED = "agent_restarted"
    """The agent was not running, while its machine was."""
    AGENT_HUNG = "agent_hung"
    """The agent made no report for longer than its interval, or its watchdog ended it."""
    AGENT_UPGRADED = "agent_upgraded"
    """The agent was replaced by another version."""
    COLLECTOR_AWAY = "collector_away"
    """The collector was not running, or not connected to the broker."""
    CLOCK_UNSET = "clock_unset"
    """The agent's clock was never set, so its samples have no time."""
    SWITCHED_OFF = "switched_off"
    """`enabled = false` in the agent's configuration."""
    NOT_CONFIGURED = "not_configured"
    """The agent did not have the camera in its configuration."""
    PLANNED = "planned"
    """Planned maintenance covers it."""
    NONE = "none"
    """Nothing is known."""


OF_STATE = {
    State.OK: Bucket.WORKING,
    State.DEGRADED: Bucket.BELOW_STANDARD,
    State.IMPAIRED: Bucket.PICTURE,
    State.DOWN: Bucket.CAMERA,
    State.DISABLED: Bucket.OUT_OF_SERVICE,
}
"""The bucket of each measured state, before anything else is known."""

NOT_LOST = frozenset({Bucket.WORKING, Bucket.OUT_OF_SERVICE})
"""Buckets whose time is nobody's loss: it is no outage, and no decision of people moves it."""
INTACT = frozenset({Bucket.WORKING, Bucket.BELOW_STANDARD})
"""Buckets in which a camera streams a true picture."""
ONLINE = INTACT | {Bucket.PICTURE}
"""Buckets in which a camera streams."""
LEFT_OUT = frozenset({Bucket.OUT_OF_SERVICE, Bucket.WATCHER, Bucket.MAINTENANCE, Bucket.NOT_KNOWN})
"""Buckets that no rate without a contract counts."""
