"""What the pages read."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from pantau_collector.access.scoped_view import ScopedViews
from pantau_collector.config import CollectorConfig
from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal
from pantau_collector.measures import MeasureFiles
from pantau_collector.pictures import PictureFiles
from pantau_collector.store import Store
from pantau_collector.web.event_stream import EventStreams
from pantau_contract.words import Language


class Sources(Struct, frozen=True):
    """The rooms whose data the pages show.

    `view`, `health` and `inventory` return the latest; they must not block. `scoped` returns the view of a scope.
    `clock_ms` returns UTC epoch milliseconds. `send` publishes a message to agents, or returns False if the
    broker cannot be reached; `replace_inventory` lets the collector use another inventory from now on. `streams`
    are all streams of events of this server.
    """

    config: CollectorConfig
    view: Callable[[], CityView]
    scoped: ScopedViews
    health: Callable[[], Health]
    inventory: Callable[[], Inventory]
    store: Store
    journal: Journal
    pictures: PictureFiles
    clock_ms: Callable[[], int]
    zone: ZoneInfo
    measures: MeasureFiles
    streams: EventStreams = field(default_factory=EventStreams)
    send: Callable[[str, bytes], bool] = lambda _topic, _payload: False
    replace_inventory: Callable[[Inventory], None] = lambda _inventory: None
    language: Language = "id"
    city_name: str = ""
