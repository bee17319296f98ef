"""What every operation is given: who asks, what of the city they may see, and what the answer is made of."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from starlette.requests import Request

from pantau_collector.access.principal import Principal
from pantau_collector.fleet.view import CityView
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Interval
from pantau_collector.ledger.spans import Span
from pantau_collector.sinks.decided_lives import DecidedLives
from pantau_collector.web.api_v1.reach import Reach
from pantau_collector.web.guard import city_of, principal_of
from pantau_collector.web.sources import Sources
from pantau_contract.words import Language, Words, words


class Shared:
    """What all requests share."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    @cached_property
    def lives(self) -> DecidedLives:
        """The ledger as people decided; it is loaded at the first question, and again once it has changed."""
        return DecidedLives(self.sources.store, self.sources.inventory)


class Asked:
    """One request."""

    def __init__(self, request: Request, shared: Shared) -> None:
        self.request = request
        self.shared = shared
        self.sources = shared.sources

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return principal_of(self.request)

    @cached_property
    def city(self) -> CityView:
        """The city within their scope."""
        return city_of(self.request)

    @cached_property
    def reach(self) -> Reach:
        """Which cameras are within their scope."""
        return Reach(self.city, whole=self.principal.scope.whole_city)

    @cached_property
    def inventory(self) -> Inventory:
        """The inventory."""
        return self.sources.inventory()

    @cached_property
    def now_ms(self) -> int:
        """The present time, UTC ms."""
        return self.sources.clock_ms()

    def site_lives(self, site: str, period: Span) -> Mapping[str, Sequence[Interval]]:
        """Return what became of the time of each camera of a site that is within the scope, as people decided.

        Raises:
            StoreError: the store cannot be read.
        """
        lives = self.shared.lives
        lives.open()
        found = lives.of_site(site, *period)
        return {camera: its for camera, its in found.items() if self.reach.sees(site, camera)}

    def words(self, language: Language | None) -> Words:
        """Return the phrases of a language, or of the collector's if none is asked for."""
        return words(language or self.sources.language)
