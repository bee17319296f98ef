"""A backup of a running collector, and its restoration."""

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pantau_collector.attribution import Decision, add_decision, load_decisions
from pantau_collector.backup import BackupError, create_backup, private_files, restore_backup
from pantau_collector.cli import app
from pantau_collector.data_dir import DataDir
from pantau_collector.inventory import Inventory, InventorySite
from pantau_collector.journal import Journal, JournalReader, Record
from pantau_collector.ledger import Bucket
from pantau_collector.outage_pictures import Moment, OutagePicture, OutagePictureRules, OutagePictures
from pantau_collector.pictures import PictureFiles
from pantau_collector.store import Store, inventory_rows, secret_rows
from pantau_contract.messages import Telemetry
from pantau_contract.states import Cause
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.wire import decode
from tests.collector.intake.messages import NOW, Publisher, about, jpeg
from tests.collector.whole.city import Agent, Collector, subjects
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until
from tests.servers.smtp import Mailbox

SEGMENT = 4000


def command(*arguments: str | Path) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def read_all(data: Path) -> list[Record]:
    reader, position = JournalReader(data / "journal"), 0
    found: list[Record] = []
    while True:
        records, position = reader.read(position, 1000)
        if not records:
            return found
        found += records


def journaled(data: Path, site: str = "kabil") -> list[int]:
    """Return the numbers of the batches in the journal."""
    batches = [record for record in read_all(data) if record.topic == f"pantau/v1/{site}/{TopicKind.TELEMETRY}"]
    messages = [decode(parse_topic(record.topic), record.payload) for record in batches]
    return [message.seq for message in messages if isinstance(message, Telemetry)]


def test_a_collector_backed_up_under_load_goes_on_elsewhere_without_loss_or_a_doubled_notice(
    tmp_path: Path, mosquitto: Mosquitto, smtp: Mailbox
) -> None:
    first = Collector(tmp_path / "first", mosquitto.port, mailbox=smtp)
    second = Collector(tmp_path / "second", mosquitto.port, mailbox=smtp)
    with Publisher(mosquitto.port) as publisher:
        agent = Agent(publisher)
        agent.birth()
        with first, agent.reporting():
            agent.set("cam1", Cause.BLACK)
            assert until(lambda: len(smtp.mails) == 1), first.new_log()
            # a copy taken before its delivery is noted would rightly send it again
            assert until(lambda: not command("outbox", "--config", first.config)["letters"])
            told = command("backup", tmp_path / "backup", "--config", first.config)
            acknowledged = agent.sent[-1]
            first.kill()
        assert told["files"] > 2
        assert not [path for path in first.data.rglob("*") if path.stat().st_mode & 0o077], (
            "without systemd's umask"
        )
        command("restore", tmp_path / "backup", "--config", second.config)
        with second, agent.reporting():
            assert until(lambda: journaled(second.data)[-1:] >= [acknowledged + 20])
            agent.set("cam1", None)
            assert until(lambda: len(smtp.mails) == 2), second.new_log()
            agent.set("cam2", Cause.FROZEN)
            assert until(lambda: len(smtp.mails) == 3)
    opened, over, other = subjects(smtp)
    assert "cam1" in opened
    assert "cam1" in over
    assert "cam2" in other
    there = set(journaled(second.data)) | set(journaled(first.data))
    assert there >= set(range(acknowledged + 20)), "what the broker had for the first went to the second"


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """Return a collector's data with several segments and a picture."""
    paths = DataDir(tmp_path / "data")
    with Journal(paths.journal, segment_bytes=SEGMENT) as journal:
        for i in range(200):
            journal.append([Record(NOW + i, "pantau/v1/a/agent", b"x" * 50)])
    PictureFiles(paths.pictures, time_ms=lambda: NOW).put(about(), jpeg(about()))
    outages = OutagePictures(paths.outage_pictures, OutagePictureRules())
    assert outages.keep(1, Moment.BEFORE, "nagoya", "cam1", OutagePicture(jpeg(about()), NOW))
    Store.at(paths.store).close()
    return tmp_path / "data"


def back_up(data: Path, target: Path) -> None:
    create_backup(data, target, has_store=True, time_ms=NOW)


def test_all_of_it_comes_back(filled: Path, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b")
    restore_backup(tmp_path / "b", tmp_path / "new", force=False, time_ms=NOW)
    assert len(read_all(filled)) == 200
    assert read_all(tmp_path / "new") == read_all(filled)
    with Journal(filled / "journal") as one, Journal(tmp_path / "new" / "journal") as other:
        assert one.identity == other.identity
    kept = OutagePictures(DataDir(tmp_path / "new").outage_pictures, OutagePictureRules())
    assert kept.find(1, Moment.BEFORE, "nagoya", "cam1") == OutagePicture(jpeg(about()), NOW)
    picture = PictureFiles(tmp_path / "new" / "pictures", time_ms=lambda: NOW)
    assert picture.latest("nagoya", "cam1") is not None
    assert picture.taken_ms("nagoya", "cam1") == NOW


def test_of_a_backup_of_the_store_alone_nothing_but_the_store_comes_back(filled: Path, tmp_path: Path) -> None:
    place = DataDir(filled)
    create_backup(filled, tmp_path / "b", has_store=True, store_only=True, time_ms=NOW)
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"collector.sqlite", "manifest.json"}
    before = place.store.read_bytes()
    place.store.write_bytes(b"of a later version")
    with Journal(place.journal, segment_bytes=SEGMENT) as journal:
        journal.append([Record(NOW + 1000, "pantau/v1/a/agent", b"since the backup")])
    with pytest.raises(BackupError, match="not empty"):
        restore_backup(tmp_path / "b", filled, force=False, time_ms=NOW)
    restore_backup(tmp_path / "b", filled, force=True, time_ms=NOW)
    assert Store.at(place.store).installation
    assert len(place.store.read_bytes()) == len(before)
    assert len(read_all(filled)) == 201, "what came since is read again"
    assert PictureFiles(place.pictures, time_ms=lambda: NOW).latest("nagoya", "cam1") is not None
    (aside,) = filled.glob("before-restore-*")
    assert (aside / place.store.name).read_bytes() == b"of a later version"


def test_the_journal_in_a_backup_reaches_behind_where_the_store_says_it_was_read(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record and a finished segment that are written while the store is copied are in the backup."""
    copy_store = create_backup.__globals__["_copy_store"]
    journal = Journal(filled / "journal", segment_bytes=SEGMENT)

    def copy_while_written(source: Path, target: Path, *, with_secrets: bool) -> None:
        copy_store(source, target, with_secrets=with_secrets)
        for i in range(100):
            journal.append([Record(NOW + 1000 + i, "pantau/v1/a/agent", b"y" * 50)])

    monkeypatch.setitem(create_backup.__globals__, "_copy_store", copy_while_written)
    back_up(filled, tmp_path / "b")
    assert len(read_all(tmp_path / "b")) == 300
    assert JournalReader(tmp_path / "b" / "journal").end == journal.end
    journal.close()


def test_a_record_that_is_half_written_is_not_in_the_backup(filled: Path, tmp_path: Path) -> None:
    newest = max((filled / "journal").glob("*.journal"))
    whole = newest.stat().st_size
    with newest.open("ab") as file:
        file.write(newest.read_bytes()[:30])
    back_up(filled, tmp_path / "b")
    assert (tmp_path / "b" / "journal" / newest.name).stat().st_size == whole


def corrupt(folder: Path) -> str:
    path = sorted((folder / "journal").glob("*.journal"))[1]
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    return "is damaged"


def lose(folder: Path) -> str:
    (folder / "collector.sqlite").unlink()
    return r"collector.sqlite \(missing\)"


def break_off(folder: Path) -> str:
    (folder / "manifest.json").unlink()
    return "broken off"


def climb(folder: Path) -> str:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace("collector.sqlite", "../collector.sqlite"))
    return "outside the backup"


def modes(folder: Path) -> dict[str, set[int]]:
    """Return the modes of all folders, and of all files."""
    paths = [folder, *folder.rglob("*")]
    return {
        kind: {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir() is (kind == "folders")}
        for kind in ("folders", "files")
    }


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_backup_and_what_is_restored_are_for_their_owner_alone_whatever_the_umask(
    filled: Path, tmp_path: Path, umask: int
) -> None:
    for path in (filled, *filled.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    before = os.umask(umask)
    try:
        back_up(filled, tmp_path / "b")
        private = {"folders": {0o700}, "files": {0o600}}
        assert modes(tmp_path / "b") == private
        for path in tmp_path.joinpath("b").rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)  # as backups were before, or as a copy of one may be
        restore_backup(tmp_path / "b", tmp_path / "new", force=False, time_ms=NOW)
        assert modes(tmp_path / "new") == private
    finally:
        os.umask(before)


def test_no_change_of_a_backup_is_one_of_the_original(filled: Path, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b")
    originals = {path.stat().st_ino for path in filled.rglob("*") if path.is_file()}
    assert not originals & {path.stat().st_ino for path in (tmp_path / "b").rglob("*")}
    picture = next(path for path in (tmp_path / "b").rglob("latest.jpg"))
    assert picture.stat().st_mtime_ns == NOW * 1_000_000


@pytest.mark.parametrize("with_secrets", [False, True])
def test_the_secret_that_signs_links_is_in_a_backup_only_where_that_is_asked_for(
    filled: Path, tmp_path: Path, *, with_secrets: bool
) -> None:
    store = Store.at(DataDir(filled).store)
    with store.begin() as connection:
        secret = secret_rows.load_or_make(connection, secret_rows.LINKS)
    store.close()
    create_backup(filled, tmp_path / "b", has_store=True, with_secrets=with_secrets, time_ms=NOW)
    assert (secret.hex().encode() in DataDir(tmp_path / "b").store.read_bytes()) is with_secrets
    manifest = restore_backup(tmp_path / "b", tmp_path / "new", force=False, time_ms=NOW)
    assert manifest.with_secrets is with_secrets
    restored = Store.at(DataDir(tmp_path / "new").store)
    with restored.begin() as connection:
        assert (secret_rows.load_or_make(connection, secret_rows.LINKS) == secret) is with_secrets
    restored.close()


def test_what_people_decided_and_how_the_inventory_was_is_in_it(filled: Path, tmp_path: Path) -> None:
    made = Decision(0, 7, (("kabil", "gate"),), 1, 2, Bucket.THIRD_PARTY, "PT X", "cut", "Ani", 3, {})
    store = Store.at(DataDir(filled).store)
    with store.begin() as connection:
        made = add_decision(connection, made)
        inventory_rows.record_inventory(connection, Inventory(sites=[InventorySite(id="kabil")]), now_ms=5)
        inventory_rows.add_moves(connection, [1], 4, reason="it was so", by="Ani", now_ms=6)
        moves = inventory_rows.load_moves(connection)
    store.close()
    create_backup(filled, tmp_path / "b", has_store=True, time_ms=NOW)
    restore_backup(tmp_path / "b", tmp_path / "new", force=False, time_ms=NOW)
    restored = Store.at(DataDir(tmp_path / "new").store)
    with restored.begin() as connection:
        assert load_decisions(connection) == [made]
        assert inventory_rows.load_moves(connection) == moves
        assert list(inventory_rows.load_history(connection).at(4).sites) == ["kabil"]
    restored.close()


def test_a_backup_that_would_fill_the_disk_is_refused(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "costs_no_space", lambda *_: False)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 10**8))
    with pytest.raises(BackupError, match="has 100 MB free: choose a folder on another disk"):
        back_up(filled, tmp_path / "b")
    assert not list(tmp_path.glob("b*"))


@pytest.mark.parametrize("harm", [corrupt, lose, break_off, climb])
def test_a_harmed_backup_is_not_restored(filled: Path, tmp_path: Path, harm: Callable[[Path], str]) -> None:
    back_up(filled, tmp_path / "b")
    words = harm(tmp_path / "b")
    with pytest.raises(BackupError, match=words):
        restore_backup(tmp_path / "b", tmp_path / "new", force=False, time_ms=NOW)
    assert not (tmp_path / "new").exists() or not any((tmp_path / "new").iterdir())


def test_data_that_is_there_is_only_moved_aside_and_only_by_force(filled: Path, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b")
    with pytest.raises(BackupError, match="not empty"):
        restore_backup(tmp_path / "b", filled, force=False, time_ms=NOW)
    (filled / "mine").write_text("precious")
    restore_backup(tmp_path / "b", filled, force=True, time_ms=NOW)
    (aside,) = filled.glob("before-restore-*")
    assert (aside / "mine").read_text() == "precious"
    assert JournalReader(filled / "journal").end == JournalReader(aside / "journal").end


def test_nothing_is_restored_below_a_running_collector(filled: Path, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b")
    with Journal(filled / "journal"), pytest.raises(BackupError, match="stop it first"):
        restore_backup(tmp_path / "b", filled, force=True, time_ms=NOW)
    assert (filled / "collector.sqlite").exists()


def test_a_backup_goes_to_no_folder_that_is_in_use(filled: Path, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b")
    with pytest.raises(BackupError, match="there already"):
        back_up(filled, tmp_path / "b")
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "b.partial").mkdir()
    (tmp_path / "b.partial" / "half").write_text("x")
    back_up(filled, tmp_path / "b")
    assert not (tmp_path / "b" / "half").exists()


def test_a_store_that_is_damaged_is_not_taken_for_a_backup(filled: Path, tmp_path: Path) -> None:
    store = filled / "collector.sqlite"
    store.write_bytes(store.read_bytes()[:5000] + b"\x00" * 5000)
    with pytest.raises(BackupError):
        back_up(filled, tmp_path / "b")
    assert not (tmp_path / "b").exists()
