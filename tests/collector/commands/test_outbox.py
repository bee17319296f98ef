from pathlib import Path

import pytest

from pantau_collector.incidents.transition import TransitionKind
from pantau_collector.notices.letter import Form
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.store import notice_rows, outbox_rows
from pantau_collector.store.outbox_rows import OutboxRow, Status
from pantau_collector.store.schema import notices
from tests.collector.commands.command import call, called_json, configured
from tests.collector.commands.state import OPENED_MS, incident, save, state


@pytest.fixture
def config(tmp_path: Path) -> Path:
    save(tmp_path, incident(), TransitionKind.OPENED)
    return configured(tmp_path)


def tell(folder: Path, recipient: str, status: Status | None, error: str = "") -> None:
    """Save a notice of incident 1 to a recipient, in a letter with this status, or in none yet."""
    notice = Notice(NoticeKind.OPENED, 1, "kabil", "Kabil", "gate", "Gate", "stalled", "down", OPENED_MS, ())
    with state(folder) as connection:
        before = {row.id for row in connection.execute(notices.select())}
        notice_rows.add(connection, [Notification(recipient, notice, OPENED_MS + 60_000)], created_ms=OPENED_MS)
        [number] = {row.id for row in connection.execute(notices.select())} - before
        if status is None:
            return
        notice_rows.put_in_letter(connection, [number], number)
        outbox_rows.add(
            connection, number, Form.SINGLE, NoticeKind.OPENED, [1], recipient, ["1-json"], created_ms=OPENED_MS
        )
        for row in outbox_rows.unfinished(connection, 100):
            if row.letter == number and status is not Status.DUE:
                outbox_rows.start(connection, row)
                outbox_rows.finish(connection, row.id, status, time_ms=OPENED_MS + 5000, error=error)


def test_what_is_not_delivered_is_listed_with_the_reason(config: Path, tmp_path: Path) -> None:
    tell(tmp_path, "noc", Status.SENT)
    tell(tmp_path, "dishub", Status.DEAD, "no answer")
    tell(tmp_path, "polisi", Status.DUE)
    tell(tmp_path, "dcktr", None)
    told = called_json("outbox", "--config", config)
    assert [(each["recipient"], each["status"], each["error"]) for each in told["letters"]] == [
        ("dishub", "dead", "no answer"),
        ("polisi", "due", ""),
    ]
    assert told["held"] == 1
    shown = call("outbox", "--config", config).stdout
    assert "no answer" in shown
    assert "1 notice waits for others, or for a digest." in shown
    assert len(called_json("outbox", "--all", "--config", config)["letters"]) == 3


def test_where_all_is_delivered_it_says_so(config: Path) -> None:
    assert call("outbox", "--config", config).stdout == "Everything is delivered.\n"


def test_what_was_given_up_is_tried_again_when_asked(config: Path, tmp_path: Path) -> None:
    tell(tmp_path, "noc", Status.DEAD, "no answer")
    assert call("outbox", "retry", "1", "--config", config).exit_code == 0
    with state(tmp_path) as connection:
        [row] = outbox_rows.unfinished(connection, 10)
    assert row == OutboxRow(1, 1, Form.SINGLE, NoticeKind.OPENED, (1,), "noc", "1-json", 0)
    again = call("outbox", "retry", "1", "--config", config)
    assert (again.exit_code, again.stderr) == (1, "there is no letter 1 that was given up\n")


def test_an_incident_tells_who_was_told_of_it_when(config: Path, tmp_path: Path) -> None:
    tell(tmp_path, "noc", Status.SENT)
    tell(tmp_path, "dcktr", None)
    told = called_json("incidents", "show", "1", "--config", config)
    assert [(each["recipient"], each["status"], each["finished_ms"]) for each in told["told"]] == [
        ("noc", "sent", OPENED_MS + 5000)
    ]
    assert told["held"] == [{"recipient": "dcktr", "kind": "opened", "due": "2026-09-21T14:14:20+00:00"}]
    shown = call("incidents", "show", "1", "--config", config, "--language", "en").stdout
    assert "dcktr: opened, waits until 2026-09-21 21:14 WIB" in shown
