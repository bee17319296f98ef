"""Settles contracts: gathers the lives of the cameras that they cover, with earlier months where needed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pantau_collector.contracts import Contract, Covered, coverage
from pantau_collector.ledger import Interval
from pantau_collector.ledger.spans import Span, union, within
from pantau_collector.reports.document import Period
from pantau_collector.reports.facts import CameraKey, Facts
from pantau_collector.settlement import CameraLife, Month, Settlement
from pantau_collector.settlement.settle import MONTHS_BACK, needs_earlier, settle


class Settling:
    """The settlement of contracts in one month. The lives of covered cameras are kept until they are settled."""

    def __init__(self, facts: Facts, contracts: Iterable[Contract], month: Month, until_ms: int) -> None:
        """Find out which cameras are covered.

        Args:
            facts: about a time that holds the month in the zone of each contract.
            contracts: that are settled.
            month: in the zone of each contract.
            until_ms: until when a running month is settled, UTC ms.
        """
        self._facts = facts
        self._month = month
        self._until_ms = until_ms
        self._reported = facts.cameras()
        self._covered: dict[str, dict[CameraKey, list[Covered]]] = {}
        self.contracts: list[Contract] = []
        for each in contracts:
            covered = self._coverage(each, month.span(each.zone))
            if covered:
                self._covered[each.id] = covered
                self.contracts.append(each)
        self._keys = set().union(*self._covered.values())
        self._kept: dict[CameraKey, Sequence[Interval]] = {}

    @property
    def sites(self) -> list[str]:
        """The sites of all cameras that are covered."""
        return sorted({site for site, _ in self._keys})

    def keep(self, site: str, camera: str, intervals: Sequence[Interval]) -> None:
        """Keep the life of a camera, if any contract covers it."""
        if (site, camera) in self._keys:
            self._kept[site, camera] = intervals

    def settle(self, contract: Contract) -> tuple[dict[CameraKey, CameraLife], Settlement]:
        """Return the lives of the cameras that a contract covers, as far back as its outages reach, and settle it.

        Raises:
            StoreError: the store cannot be read.
        """
        lives = self._lives(contract)
        return lives, settle(contract, self._month, lives.values(), until_ms=self._until_ms)

    def covered(self, contract: Contract, key: CameraKey, period: Period) -> list[Span]:
        """Return when a contract covers a camera in a period, whatever its criticality."""
        every = union(Span(each.from_ms, each.to_ms) for each in self._covered[contract.id].get(key, ()))
        return list(within(every, Span(period.from_ms, period.to_ms)))

    def _coverage(self, contract: Contract, span: Span) -> dict[CameraKey, list[Covered]]:
        return coverage(contract, self._facts.history, self._reported, span)

    def _lives(self, contract: Contract) -> dict[CameraKey, CameraLife]:
        lives = {
            key: CameraLife(*key, spans, self._kept.get(key, ()), self._facts.incidents(*key).taken)
            for key, spans in self._covered[contract.id].items()
        }
        year: dict[CameraKey, list[Covered]] = {}
        read: dict[str, dict[str, list[Interval]]] = {}
        asked = lives
        for back in range(1, MONTHS_BACK + 1):
            late = [(each.site, each.camera) for each in needs_earlier(contract, self._month, asked.values())]
            if late and not year:
                year = self._coverage(contract, Span(self._first_ms(contract), self._end_ms(contract)))
            from_ms = self._month.plus(-back).span(contract.zone).from_ms
            late = [key for key in late if year[key][0].from_ms < lives[key].spans[0].from_ms]
            if not late:
                break
            for site, camera in late:
                if site not in read:
                    read[site] = self._facts.earlier(site, self._first_ms(contract))
                life = lives[site, camera]
                spans, intervals = _since(year[site, camera], from_ms), read[site].get(camera, life.intervals)
                lives[site, camera] = replace(life, spans=spans, intervals=intervals)
            sites = {site for site, _ in late}
            asked = {key: life for key, life in lives.items() if key[0] in sites}
        return lives

    def _end_ms(self, contract: Contract) -> int:
        return self._month.span(contract.zone).to_ms

    def _first_ms(self, contract: Contract) -> int:
        return self._month.plus(-MONTHS_BACK).span(contract.zone).from_ms


def _since(spans: Sequence[Covered], from_ms: int) -> list[Covered]:
    """Return the parts of stretches that lie after a moment."""
    return [
        each if each.from_ms >= from_ms else each._replace(from_ms=from_ms)
        for each in spans
        if each.to_ms > from_ms
    ]
