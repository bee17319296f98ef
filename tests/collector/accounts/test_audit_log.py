from pathlib import Path

import pytest

from pantau_collector.accounts import audit_log
from pantau_collector.accounts.actor import Actor
from pantau_collector.store import StoreError
from tests.collector.accounts.city_accounts import CityAccounts

ANI, BUDI = Actor("ani", "account", "10.1.1.1"), Actor("budi", "account", "10.1.1.2")


@pytest.fixture
def city(tmp_path: Path) -> CityAccounts:
    return CityAccounts(tmp_path)


def test_the_same_look_is_written_once_an_hour_for_each_person_and_camera(city: CityAccounts) -> None:
    log = city.all.audit_log
    for _ in range(61):
        for who in (ANI, BUDI):
            log.add_look(who, "picture_seen", "kabil/gate")
        log.add_look(ANI, "picture_seen", "kabil/pole")
        city.now_ms += 61_000
    assert sorted(city.audited()) == sorted(
        [("ani", "picture_seen", "kabil/gate"), ("budi", "picture_seen", "kabil/gate")] * 2
        + [("ani", "picture_seen", "kabil/pole")] * 2
    )


def test_fifty_viewers_of_a_wall_cost_one_transaction(city: CityAccounts, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    begin = city.store.begin
    monkeypatch.setattr(city.store, "begin", lambda: begun.append(True) or begin())  # type: ignore[func-returns-value]
    for viewer in range(50):
        for camera in range(60):
            city.all.audit_log.add_look(Actor(f"v{viewer}", "account"), "picture_seen", f"kabil/cam{camera}")
    assert begun == []
    assert city.all.audit_log.flush() == 3000
    assert len(begun) == 1
    assert city.all.audit_log.flush() == 0


def test_what_cannot_be_written_waits_and_what_is_too_much_is_counted(
    city: CityAccounts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> object:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(city.store, "begin", failing)
        city.all.audit_log.add(ANI, "POST /x", "/x")
        with pytest.raises(StoreError):
            city.all.audit_log.flush()
    monkeypatch.setattr(audit_log, "_MAX_WAITING", 3)
    for n in range(5):
        city.all.audit_log.add(ANI, "POST /x", f"/{n}")
    assert city.audited() == [("ani", "POST /x", target) for target in ("/x", "/0", "/1")]
    assert "3 entries of the audit log are lost" in caplog.text


def test_the_looks_that_are_remembered_are_limited(city: CityAccounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "_MAX_REMEMBERED", 10)
    for n in range(100):
        city.all.audit_log.add_look(ANI, "picture_seen", f"kabil/cam{n}")
    assert len(city.all.audit_log._looks) == 10
