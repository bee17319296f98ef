"""What the wall page shows, as data. It compares equal as long as nothing that is shown has changed.

Durations are not part of it, because they change by themselves: the page computes them from the times.
"""

from msgspec import Struct

from pantau_collector.health import TroubleKind
from pantau_contract.states import State


class StateCount(Struct, frozen=True):
    """How many cameras are in a state."""

    state: State
    label: str
    number: int


class IncidentCard(Struct, frozen=True):
    """One incident.

    `mark` is the state whose shape and colour the card has; `names` are those of the first cameras it affects.
    `good_picture` is shown beside an untrue picture: what the camera saw while its picture was true. `case` is
    what the incident belongs to, and `more` how many others of the same are not shown. `unlisted`: it is about
    cameras that are not in the inventory.
    """

    id: int
    mark: State
    whole_site: bool
    title: str
    place: str
    meaning: str
    remedy: str
    opened_ms: int
    resolved_ms: int | None
    when: str
    affected: int
    names: tuple[str, ...]
    owners: str
    maintainers: str
    picture: str | None
    picture_when: str
    good_picture: str | None
    hardware: str = ""
    firmware_note: str = ""
    case: str = ""
    unlisted: bool = False
    more: int = 0


class CameraTile(Struct, frozen=True):
    """One camera. `covered` means that an open incident of its site, device or uplink explains its state.

    `unseen` means that it streams and none of its pictures is judged: then `label` says why.

    The fields after `covered` are empty for most cameras of a dense wall, of which only the marks are shown: so a
    new picture of one of them does not change the wall.
    """

    key: str
    name: str
    state: State
    label: str
    meaning: str
    covered: bool
    unseen: bool = False
    since_ms: int = 0
    when: str = ""
    size: str = ""
    picture: str | None = None
    picture_when: str = ""
    hardware: str = ""
    firmware_note: str = ""

    @property
    def broken(self) -> bool:
        """True if the camera needs somebody, and no incident of its site, device or uplink explains its state."""
        return not self.covered and self.state in {State.DOWN, State.IMPAIRED, State.DEGRADED}


class SiteBlock(Struct, frozen=True):
    """One site and its cameras. `broken` means that an open incident affects the whole site.

    Of its `cameras`, `more` have no tile, and `more_lines` are in trouble or unseen and have no line of their own.
    """

    key: str
    name: str
    online: bool
    heard: str
    broken: bool
    working: int
    tiles: tuple[CameraTile, ...]
    cameras: int
    more: int = 0
    lines: tuple[CameraTile, ...] = ()
    more_lines: int = 0

    @property
    def calm(self) -> bool:
        """True if nothing at the site needs attention."""
        return self.online and not self.broken and not any(tile.broken for tile in self.tiles)


class Wall(Struct, frozen=True):
    """Everything that the wall shows. `stale_since` is empty while the view of the city is fresh.

    `site` is the id of the only one that is shown, or empty; `everything`: nothing is
    left out for its number.
    """

    stale_since: str
    troubles: tuple[TroubleKind, ...]
    state_counts: tuple[StateCount, ...]
    sites_online: int
    cameras: int
    cards: tuple[IncidentCard, ...]
    more_cards: int
    recovered: tuple[IncidentCard, ...]
    blocks: tuple[SiteBlock, ...]
    dense: bool
    site: str = ""
    everything: bool = False
