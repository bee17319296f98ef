"""What is kept of a closed month, and what is known otherwise since.

A closed month has a document for the city, one for its groups by each key, one for each contract, and what is
needed to compute it again: the contracts as they read then; the incidents, which the state keeps for a while; and
which maintenance was planned. Once that is gone from the state, the month is not computed again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from pantau_collector.contracts import Contract
from pantau_collector.ledger import Bucket
from pantau_collector.reports import as_json
from pantau_collector.reports.assemble import City
from pantau_collector.reports.document import Account, Correction, GroupRow, Key, Milliseconds, Report
from pantau_collector.store.incident_history import PastIncident

CITY = "city"
RULES = "rules"
INCIDENTS = "incidents"
MAINTENANCE = "maintenance"

_GROUPS = msgspec.json.Decoder(tuple[GroupRow, ...])
_PAST = msgspec.json.Decoder(list[PastIncident])


def groups_name(key: Key) -> str:
    """Return the name of the document that has the groups by a key."""
    return f"by/{key}"


def contract_name(contract: str) -> str:
    """Return the name of a contract's document."""
    return f"contract/{contract}"


def documents(
    city: City,
    reports: Iterable[Report],
    contracts: Iterable[Contract],
    incidents: Iterable[PastIncident],
    maintenance: Iterable[int],
) -> Iterator[tuple[str, bytes]]:
    """Yield the documents of a month that is closed, each with its name."""
    yield CITY, as_json.render(city.report)
    for key, rows in city.groups.items():
        yield groups_name(key), msgspec.json.encode(rows)
    for report in reports:
        yield contract_name(report.scope.contract), as_json.render(report)
    yield RULES, rules(contracts)
    yield INCIDENTS, msgspec.json.encode(list(incidents))
    yield MAINTENANCE, msgspec.json.encode(sorted(maintenance))


def rules(contracts: Iterable[Contract]) -> bytes:
    """Return contracts as they read."""
    texts = {each.id: each.model_dump(mode="json") for each in contracts}
    return json.dumps(texts, sort_keys=True, ensure_ascii=False).encode()


def parse_rules(content: bytes) -> list[Contract]:
    """Return the contracts that `rules` kept."""
    return [Contract(**values) for values in json.loads(content).values()]


def parse_groups(content: bytes) -> tuple[GroupRow, ...]:
    """Return the groups of a document."""
    return _GROUPS.decode(content)


def parse_maintenance(content: bytes) -> set[int]:
    """Return the numbers of the planned maintenance that was kept when the month was closed."""
    return set(msgspec.json.decode(content, type=list[int]))


def parse_incidents(content: bytes) -> list[PastIncident]:
    """Return the incidents that were kept."""
    return _PAST.decode(content)


def corrections(
    closed: Report, now: Report, contracts: Mapping[str, Contract], kept: Iterable[Contract]
) -> tuple[Correction, ...]:
    """Return what differs between a closed report, and the same as it would be now by the contracts of then.

    Args:
        closed: as it was closed.
        now: by the facts that are known now.
        contracts: as they read now, by their ids.
        kept: as they read then.
    """
    found: list[Correction] = []
    if not closed.scope.contract:
        found.append(Correction("", "", _difference(closed.total.ms, now.total.ms)))
    then, later = ({each.contract: each for each in report.accounts} for report in (closed, now))
    for contract in kept:
        if contract.id in then:
            changed = contracts.get(contract.id) != contract
            found.append(_of_account(then[contract.id], later.get(contract.id), contract_changed=changed))
    return tuple(each for each in found if each.ms or each.amount or each.contract_changed)


def _of_account(then: Account, now: Account | None, *, contract_changed: bool) -> Correction:
    return Correction(
        contract=then.contract,
        name=then.name,
        ms=_difference(then.ms, now.ms if now else {}),
        deduction_then=then.deduction,
        deduction_now=now.deduction if now else Decimal(0),
        contract_changed=contract_changed,
    )


def _difference(then: Milliseconds, now: Milliseconds) -> Milliseconds:
    """Return the buckets that have more or less now, in their order."""
    differences = {bucket: now.get(bucket, 0) - then.get(bucket, 0) for bucket in Bucket}
    return {bucket: ms for bucket, ms in differences.items() if ms}
