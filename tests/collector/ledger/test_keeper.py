"""The reader of the journal: it goes on where it was, whatever happens to it, and never enters less."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.data_dir import DataDir
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal, Record
from pantau_collector.ledger import Bucket, Ledger
from pantau_collector.ledger.keeper import LedgerKeeper
from pantau_collector.ledger.rows import drop_changes, load_changes
from pantau_collector.store import Store, StoreError, fleet_rows
from tests.collector.commands.command import call, called_json, configured
from tests.collector.ledger.simulated import EPOCH_MS, SimulatedSite

HOUR_MS = 3_600_000


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configured(tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "data" / "journal") as journal:
        yield journal


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.at(DataDir(tmp_path / "data").store)
    yield store
    store.close()


@pytest.fixture
def site() -> SimulatedSite:
    site = SimulatedSite("kabil", ["cam1"])
    site.run(600)
    site.stop()
    site.run(3000)
    site.start("machine")
    return site


def power_ms(store: Store, site: SimulatedSite) -> int:
    sums = Ledger(store, Inventory()).buckets("kabil", "cam1", EPOCH_MS, site.now_ms)
    return sums.by_bucket[Bucket.POWER]


def test_a_keeper_that_is_started_again_goes_on(journal: Journal, store: Store, site: SimulatedSite) -> None:
    journal.append(site.records)
    assert LedgerKeeper(journal, store).enter_some() == len(site.records)
    seen = len(site.records)
    site.run(600)
    journal.append(site.records[seen:])
    keeper = LedgerKeeper(journal, store)
    assert keeper.enter_some() == len(site.records) - seen
    assert keeper.enter_some() == 0
    assert keeper.behind_bytes == 0
    assert power_ms(store, site) == 3_000_000 + 12_000


def test_what_a_failed_transaction_did_not_enter_is_entered_by_the_next(
    journal: Journal, store: Store, site: SimulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run(600)
    keeper = LedgerKeeper(journal, store)
    journal.append(site.records[:10])
    keeper.enter_some()
    journal.append(site.records[10:])

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(fleet_rows, "save_cursor", fail)  # all else of the transaction was written by then
        with pytest.raises(StoreError):
            keeper.enter_some()
    assert keeper.enter_some() == len(site.records) - 10
    assert power_ms(store, site) == 3_000_000 + 12_000


def test_a_record_against_the_contract_is_left_out(journal: Journal, store: Store, site: SimulatedSite) -> None:
    site.run(600)
    journal.append([Record(EPOCH_MS, "pantau/v1/kabil/telemetry", b"{"), Record(EPOCH_MS, "elsewhere", b"")])
    journal.append(site.records)
    keeper = LedgerKeeper(journal, store)
    keeper.enter_some()
    assert keeper.unreadable == 2
    assert power_ms(store, site) == 3_000_000 + 12_000


def test_the_journal_keeps_what_the_ledger_has_not_read(journal: Journal, store: Store) -> None:
    keeper = LedgerKeeper(journal, store)
    keeper.enter_some()
    assert journal._reader_positions["ledger"] == 0


def test_a_change_is_noted_from_its_beginning_until_it_is_dealt_with(
    journal: Journal, store: Store, site: SimulatedSite
) -> None:
    keeper = LedgerKeeper(journal, store)
    journal.append(site.records)
    keeper.enter_some()
    with store.begin() as connection:
        [first] = changes = load_changes(connection)
        assert (first.site, first.from_ms) == ("kabil", EPOCH_MS)
        drop_changes(connection, changes)
        assert load_changes(connection) == []
    site.run(600)
    journal.append(site.records[-1:])
    keeper.enter_some()
    with store.begin() as connection:
        [second] = load_changes(connection)
        assert second.from_ms > EPOCH_MS + HOUR_MS
        drop_changes(connection, [first])
        assert load_changes(connection) == [second]


def test_the_command_shows_intervals_and_sums(
    journal: Journal, store: Store, site: SimulatedSite, config: Path
) -> None:
    site.run(3600)
    journal.append(site.records)
    LedgerKeeper(journal, store).enter_some()
    store.close()
    period = ("--from", "2026-09-21 21:13", "--to", "2026-09-21 23:13", "--config", config)
    shown = call("ledger", "kabil/cam1", *period, "--language", "en").stdout
    assert "the agent's machine lost its power and started anew" in shown
    assert "00:50:12" in shown
    told = called_json("ledger", "kabil/cam1", *period)
    assert told["ms"]["power"] == 3_012_000
    assert sum(told["ms"].values()) == 2 * HOUR_MS
    buckets = ["out_of_service", "working", "power", "working"]
    assert [each["bucket"] for each in told["intervals"]] == buckets
    assert called_json("ledger", "--site", "kabil", *period)["cam1"]["ms"] == told["ms"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "problem"),
    [
        (("kabil/cam9",), 1, "kabil/cam9: no agent has ever reported it"),
        (("kabil",), 2, "expected a camera as SITE/CAMERA, got 'kabil'"),
        ((), 2, "expected a camera as SITE/CAMERA, or --site, and not both"),
        (("kabil/cam1", "--from", "soon"), 2, "--from: expected a time such as"),
        (("kabil/cam1", "--from", "1h", "--to", "2h"), 2, "--from: expected a time before"),
    ],
)
def test_a_wrong_option_is_named(
    store: Store, config: Path, arguments: tuple[str, ...], exit_code: int, problem: str
) -> None:
    done = call("ledger", *arguments, "--config", config)
    assert (done.exit_code, problem in done.output) == (exit_code, True)
    store.close()
