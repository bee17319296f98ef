"""Makes the reports of a month out of the store: as it is now, or as it was closed, with corrections."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, NoReturn, get_args

from msgspec.structs import replace

from pantau_collector.attribution import Decision, Decisions
from pantau_collector.contracts import Contract, Contracts, valid_span
from pantau_collector.inventory.history import InventoryHistory
from pantau_collector.ledger import Ledger
from pantau_collector.ledger.spans import Span
from pantau_collector.reports import as_json, closing
from pantau_collector.reports.assemble import City, assemble_city, assemble_contract, gather
from pantau_collector.reports.document import DecisionRow, Key, Period, Report
from pantau_collector.reports.facts import Facts
from pantau_collector.reports.settling import Settling
from pantau_collector.settlement import Month
from pantau_collector.store import Store, closed_rows, downtime_rows
from pantau_collector.store.closed_rows import ClosedMonth
from pantau_collector.store.incident_history import PastIncident
from pantau_contract.version import __version__
from pantau_service.settings import did_you_mean

KEYS: tuple[Key, ...] = get_args(Key)


class ReportError(Exception):
    """A report that cannot be made as it was asked for; the text says why, and what was expected."""


class CannotCloseError(Exception):
    """A month that cannot be closed; the text says why."""


class Sources(NamedTuple):
    """What reports are made of.

    `decisions` are all that people ever made. `now_ms` (UTC) says whether a month is over, and until when a
    running one is told.
    """

    store: Store
    ledger: Ledger
    history: InventoryHistory
    contracts: Contracts
    decisions: Sequence[Decision]
    now_ms: int


class Progress:
    """How far a report is; this one tells nobody."""

    def begin(self, steps: int) -> None:
        """Tell of how many steps it is made."""

    def step(self, name: str) -> None:
        """Tell that a step is done: a site, or a contract."""


class ReportMaker:
    """Makes the reports of one month; the city's is in a time zone, and each contract's in its own."""

    def __init__(self, sources: Sources, month: Month, timezone: str, progress: Progress | None = None) -> None:
        """Prepare to make reports.

        Raises:
            ReportError: the month has not begun.
            StoreError: the store cannot be read.
        """
        self._sources = sources
        self._month = month
        self._progress = progress or Progress()
        with sources.store.begin() as connection:
            self.closed = closed_rows.load_closed(connection, str(month))
        self._timezone = self.closed.timezone if self.closed else timezone
        if month.span(self._timezone).from_ms >= sources.now_ms:
            raise ReportError(f"{month} has not begun: expected this month, or an earlier one")

    def city(self, key: Key) -> Report:
        """Return the report of all cameras, divided by a key.

        Raises:
            StoreError: the store cannot be read.
        """
        closed = self.closed
        if closed is None:
            return self._with_decisions(self._city([key], self._contracts()).by(key))
        then = as_json.parse(self._document(closing.CITY))
        groups = closing.parse_groups(self._document(closing.groups_name(key)))
        return self._corrected_city(closed, City(then, {key: groups}).by(key))

    def accounts(self) -> Report:
        """Return the report of all cameras, undivided, for the accounts in it.

        Raises:
            ReportError: there are no contracts.
            StoreError: the store cannot be read.
        """
        closed = self.closed
        if closed is None:
            self._check_contracts()
            return self._city([], self._contracts()).report
        return self._corrected_city(closed, as_json.parse(self._document(closing.CITY)))

    def contract(self, contract_id: str) -> Report:
        """Return the report of a contract.

        Raises:
            ReportError: there is no such contract, or it is about no camera in the month.
            StoreError: the store cannot be read.
        """
        closed = self.closed
        if closed is None:
            return self._with_decisions(self._contract(self._known(contract_id)))
        rules = {each.id: each for each in closing.parse_rules(self._document(closing.RULES))}
        if contract_id not in rules:
            hint = did_you_mean(contract_id, rules)
            raise ReportError(f"{self._month} was closed without a contract `{contract_id}`; {hint}")
        then = as_json.parse(self._document(closing.contract_name(contract_id)))
        if self._is_past_correction():
            return _as_closed(closed, then)
        return self._corrected(closed, then, self._contract(rules[contract_id]), [rules[contract_id]])

    def close(self, by: str) -> ClosedMonth:
        """Close the month: what reports of it say is kept as it is now.

        Raises:
            CannotCloseError: it is closed already, or still runs.
            StoreError: the store cannot be read or written.
        """
        if self.closed is not None:
            raise CannotCloseError(f"{self._month} is closed already, by {self.closed.by}")
        contracts = self._contracts()
        zones = {self._timezone, *(each.zone for each in contracts)}
        if max(self._month.span(zone).to_ms for zone in zones) > self._sources.now_ms:
            raise CannotCloseError(f"{self._month} is not over: what it comes to is not certain before it is")
        facts = self._facts(contracts)
        settling = self._settling(facts, contracts)
        self._progress.begin(len(facts.sites()) + 2 * len(settling.contracts))
        city = assemble_city(facts, KEYS, self._period(self._timezone), settling, self._progress.step)
        city = city._replace(report=self._with_decisions(city.report))
        store = self._sources.store
        month = ClosedMonth(str(self._month), self._timezone, self._sources.now_ms, by, __version__)
        reports = self._reports(facts, settling)
        every = closing.documents(city, reports, settling.contracts, facts.past_incidents, self._maintenance())
        packed = [closed_rows.pack(*each) for each in every]
        with store.begin() as connection:
            return closed_rows.save_closed(connection, month, packed)

    def _reports(self, facts: Facts, settling: Settling) -> Iterable[Report]:
        for contract in settling.contracts:
            period = self._period(contract.zone)
            yield self._with_decisions(assemble_contract(facts, contract, period, settling))
            self._progress.step(contract.id)

    def _city(self, keys: Sequence[Key], contracts: Sequence[Contract]) -> City:
        facts = self._facts(contracts)
        settling = self._settling(facts, contracts)
        self._progress.begin(len(facts.sites()) + len(settling.contracts))
        return assemble_city(facts, keys, self._period(self._timezone), settling, self._progress.step)

    def _contract(self, contract: Contract) -> Report:
        if self._month.span(contract.zone).from_ms >= self._sources.now_ms:
            raise ReportError(f"{self._month} has not begun in {contract.zone}, where {contract.id} is")
        facts = self._facts([contract])
        settling = self._settling(facts, [contract])
        if not settling.contracts:
            raise ReportError(f"{contract.id}: it covers no camera in {self._month}")
        self._progress.begin(len(settling.sites))
        for _ in gather(facts, settling.sites, settling, self._progress.step):
            pass
        return assemble_contract(facts, contract, self._period(contract.zone), settling)

    def _known(self, contract_id: str) -> Contract:
        known = self._sources.contracts.by_id
        self._check_contracts()
        if contract_id not in known:
            raise ReportError(
                f"--contract: there is no contract `{contract_id}`; {did_you_mean(contract_id, known)}"
            )
        return known[contract_id]

    def _check_contracts(self) -> None:
        if not self._sources.contracts.by_id:
            raise ReportError(
                "there are no contracts: write them, and name their file in the configuration, as"
                ' contracts = "contracts.toml"'
            )

    def _contracts(self) -> list[Contract]:
        """Return the contracts that are valid at any moment of the month that has passed."""
        found: list[Contract] = []
        for each in self._sources.contracts:
            period, valid = self._month.span(each.zone), valid_span(each)
            to_ms = min(period.to_ms, self._sources.now_ms)
            if valid.from_ms < to_ms and valid.to_ms > period.from_ms < to_ms:
                found.append(each)
        return found

    def _facts(self, contracts: Iterable[Contract]) -> Facts:
        periods = [self._period(zone) for zone in {self._timezone, *(each.zone for each in contracts)}]
        span = Span(min(each.from_ms for each in periods), max(each.to_ms for each in periods))
        kept: list[PastIncident] = []
        if self.closed is not None:
            kept = closing.parse_incidents(self._document(closing.INCIDENTS))
        sources = self._sources
        decide = Decisions(sources.decisions).apply
        return Facts(sources.store, sources.ledger, sources.history, span, decide, kept=kept)

    def _settling(self, facts: Facts, contracts: Iterable[Contract]) -> Settling:
        return Settling(facts, contracts, self._month, self._sources.now_ms)

    def _period(self, timezone: str) -> Period:
        span, now_ms = self._month.span(timezone), self._sources.now_ms
        to_ms = min(span.to_ms, now_ms)
        return Period(str(self._month), timezone, span.from_ms, to_ms, is_running=span.to_ms > now_ms)

    def _with_decisions(self, report: Report) -> Report:
        """Return a report with the decisions about its time and cameras."""
        cameras = {f"{row.site}/{row.camera}" for row in report.cameras}
        period = report.period
        found = (
            _decision_row(each, cameras)
            for each in self._sources.decisions
            if each.from_ms < period.to_ms and (each.to_ms is None or each.to_ms > period.from_ms)
        )
        return replace(report, decisions=tuple(each for each in found if each.cameras))

    def _corrected_city(self, closed: ClosedMonth, then: Report) -> Report:
        if self._is_past_correction():
            return _as_closed(closed, then)
        kept = closing.parse_rules(self._document(closing.RULES))
        return self._corrected(closed, then, self._city([], kept).report, kept)

    def _corrected(self, closed: ClosedMonth, then: Report, now: Report, kept: Sequence[Contract]) -> Report:
        """Return a closed report with what is known otherwise now, and the decisions that were made since."""
        found = closing.corrections(then, now, self._sources.contracts.by_id, kept)
        decisions = self._with_decisions(now).decisions
        return replace(_as_closed(closed, then), corrections=found, decisions=decisions, is_final=False)

    def _is_past_correction(self) -> bool:
        """Return True if maintenance that was planned then is gone, so that the month would come out wrong."""
        return not closing.parse_maintenance(self._document(closing.MAINTENANCE)) <= self._maintenance()

    def _maintenance(self) -> set[int]:
        with self._sources.store.begin() as connection:
            return {each.id for each in downtime_rows.load_downtimes(connection).downtimes}

    def _document(self, name: str) -> bytes:
        with self._sources.store.begin() as connection:
            content = closed_rows.load_document(connection, str(self._month), name)
        return content if content is not None else self._missing(name)

    def _missing(self, name: str) -> NoReturn:
        raise ReportError(f"{self._month} was closed without {name}: it is of another version of this program")


def _as_closed(closed: ClosedMonth, then: Report) -> Report:
    """Return the report of a closed month that is final."""
    period = replace(then.period, closed_ms=closed.closed_ms, closed_by=closed.by)
    return replace(then, period=period, is_final=True)


def _decision_row(decision: Decision, cameras: Collection[str]) -> DecisionRow:
    """Return a decision as the report has it, with those of its cameras that the report is about."""
    names = ("/".join(camera) for camera in decision.cameras)
    return DecisionRow(
        id=decision.id,
        incident=decision.incident,
        cameras=tuple(name for name in names if name in cameras),
        from_ms=decision.from_ms,
        to_ms=decision.to_ms,
        to=decision.to,
        party=decision.party,
        reason=decision.reason,
        by=decision.by,
        created_ms=decision.created_ms,
        before=decision.before_ms,
    )
