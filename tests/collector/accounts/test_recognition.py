from pathlib import Path

import pytest

from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.accounts import changes, token_changes
from pantau_collector.accounts.housekeeping import AccessHousekeeping
from pantau_collector.accounts.session_rules import SessionRules
from pantau_collector.accounts.sign_in import SignedIn
from pantau_collector.store import session_rows, token_rows
from tests.collector.accounts.city_accounts import BOSS, HOME, NOW_MS, CityAccounts

HOUR_MS = 3_600_000


@pytest.fixture
def city(tmp_path: Path) -> CityAccounts:
    city = CityAccounts(tmp_path, SessionRules(idle_h=2, longest_h=24))
    city.add("budi", Role.OPERATOR, Scope(owners=("Dishub",)))
    city.add("ani", Role.ADMIN)
    return city


def housekeeping(city: CityAccounts) -> AccessHousekeeping:
    return AccessHousekeeping(
        city.store, city.all.recognition, city.all.audit_log, city.all.rules, 400, lambda: city.now_ms
    )


def is_known(city: CityAccounts, secret: str) -> bool:
    recent = city.all.recognition.recent("session", secret)
    found = recent or city.all.recognition.by_session(secret)
    return found.principal is not None


def test_a_session_has_the_rights_that_its_account_has_now(city: CityAccounts) -> None:
    secret = city.signed_in("budi").secret
    with city.store.begin() as connection:
        changes.set_rights(connection, BOSS, city.now_ms, "budi", role=Role.VIEWER, scope=Scope(sites=("kabil",)))
    found = city.all.recognition.by_session(secret).principal
    assert found is not None
    assert (found.role, found.scope) == (Role.VIEWER, Scope(sites=("kabil",)))


def test_it_ends_when_it_is_not_used_and_goes_on_while_it_is(city: CityAccounts) -> None:
    used, idle = city.signed_in("budi").secret, city.signed_in("budi").secret
    for _ in range(3):
        city.now_ms += HOUR_MS
        assert is_known(city, used)
        housekeeping(city).write()
    assert not is_known(city, idle)
    assert is_known(city, used)


def test_it_ends_in_any_case_after_its_longest_time(city: CityAccounts) -> None:
    secret = city.signed_in("budi").secret
    for _ in range(23):
        city.now_ms += HOUR_MS
        assert is_known(city, secret)
        housekeeping(city).write()
    city.now_ms += HOUR_MS
    assert not is_known(city, secret)


def test_a_disabled_account_s_sessions_end_within_a_second_whoever_disables_it(city: CityAccounts) -> None:
    secret = city.signed_in("budi").secret
    assert is_known(city, secret)
    with city.store.begin() as connection:
        assert changes.disable(connection, BOSS, city.now_ms, "budi") == 1
    city.now_ms += 1000
    assert not is_known(city, secret)


def test_what_was_found_is_used_again_for_a_second_and_no_longer(city: CityAccounts) -> None:
    secret = city.signed_in("budi").secret
    assert city.all.recognition.recent("session", secret) is None
    city.all.recognition.by_session(secret)
    city.now_ms += 999
    assert city.all.recognition.recent("session", secret) is not None
    city.now_ms += 1
    assert city.all.recognition.recent("session", secret) is None
    city.all.recognition.by_session(secret)
    city.all.recognition.forget(secret)
    assert city.all.recognition.recent("session", secret) is None


def test_a_stolen_hash_of_the_store_is_no_session(city: CityAccounts) -> None:
    secret = city.signed_in("budi").secret
    found = city.all.recognition.by_session(secret).principal
    assert found is not None
    assert city.all.recognition.by_session(found.session).principal is None


@pytest.mark.parametrize("secret", ["", "x", "x" * 1_000_000, "\udcff", "pantau_api_"])
def test_what_is_no_secret_belongs_to_nobody(city: CityAccounts, secret: str) -> None:
    assert city.all.recognition.by_session(secret).principal is None
    assert city.all.recognition.by_token(secret).principal is None


def test_a_token_has_its_own_role_and_scope_until_it_ends_or_is_revoked(city: CityAccounts) -> None:
    _, short = city.token(Role.VIEWER, Scope(sites=("kabil",)), days=1)
    number, long = city.token(Role.OPERATOR, days=30)
    found = city.all.recognition.by_token(short).principal
    assert found is not None
    assert (found.role, found.scope, found.kind, found.session) == (
        Role.VIEWER,
        Scope(sites=("kabil",)),
        "token",
        "",
    )
    city.now_ms += 86_400_000
    assert city.all.recognition.by_token(short).principal is None
    assert city.all.recognition.by_token(long).principal is not None
    with city.store.begin() as connection:
        token_changes.revoke_token(connection, BOSS, city.now_ms, number)
    assert city.all.recognition.by_token(long).principal is None
    assert city.all.recognition.by_session(long).principal is None


def test_a_revoked_screen_token_signs_its_screens_out(city: CityAccounts) -> None:
    number, secret = city.token(Role.SCREEN)
    done = city.all.sign_in.by_code(secret, HOME)
    assert isinstance(done, SignedIn)
    assert is_known(city, done.secret)
    with city.store.begin() as connection:
        token_changes.revoke_token(connection, BOSS, city.now_ms, number)
    city.now_ms += 1000
    assert not is_known(city, done.secret)


def test_when_sessions_and_tokens_were_used_is_written_now_and_then(city: CityAccounts) -> None:
    secret, (number, token) = city.signed_in("budi").secret, city.token()
    city.now_ms += 5000
    is_known(city, secret)
    city.all.recognition.by_token(token)
    with city.store.begin() as connection:
        assert session_rows.load_sessions(connection)[0].seen_ms == NOW_MS
    housekeeping(city).write()
    with city.store.begin() as connection:
        assert session_rows.load_sessions(connection)[0].seen_ms == NOW_MS + 5000
        kept = token_rows.load_token(connection, number)
    assert kept is not None
    assert kept.used_ms == NOW_MS + 5000


def test_what_has_ended_is_removed(city: CityAccounts) -> None:
    city.signed_in("budi")
    city.token()
    city.now_ms += 500 * 86_400_000
    housekeeping(city).remove_old()
    with city.store.begin() as connection:
        assert session_rows.load_sessions(connection) == []
    assert len(city.audited()) == 1  # the newest stays
