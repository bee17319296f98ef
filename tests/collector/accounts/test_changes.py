from pathlib import Path

import pytest

from pantau_collector.access.account import AccountError
from pantau_collector.access.role import Role
from pantau_collector.access.scope import Scope
from pantau_collector.access.secret_text import secret_hash
from pantau_collector.accounts import changes, token_changes
from pantau_collector.accounts.first_admin import keep_configured_token, make_first_admin
from pantau_collector.accounts.sign_in import SignedIn
from pantau_collector.store import account_rows, token_rows
from tests.collector.accounts.city_accounts import BOSS, HOME, CityAccounts

TOKEN = "0123456789abcdef0123"


@pytest.fixture
def city(tmp_path: Path) -> CityAccounts:
    return CityAccounts(tmp_path)


def test_each_change_is_audited_in_the_same_transaction(city: CityAccounts) -> None:
    city.add("Ani", Role.ADMIN)
    city.add("budi", Role.OPERATOR, Scope(owners=("Dishub",)))
    city.link("budi")
    number, _ = city.token()
    with city.store.begin() as connection:
        changes.set_rights(connection, BOSS, 1, "budi", role=Role.VIEWER)
        changes.disable(connection, BOSS, 2, "budi")
        changes.enable(connection, BOSS, 3, "budi")
        token_changes.revoke_token(connection, BOSS, 4, number)
    assert [each[1:] for each in city.audited()] == [
        ("account_added", "ani"),
        ("password_changed", "ani"),
        ("account_added", "budi"),
        ("password_changed", "budi"),
        ("link_made", "budi"),
        ("token_made", str(number)),
        ("rights_changed", "budi"),
        ("account_disabled", "budi"),
        ("account_enabled", "budi"),
        ("token_revoked", str(number)),
    ]


@pytest.mark.parametrize("name", ["", " ", "-x", "a b", "a/b", "<script>", "x" * 64, "é" * 3, "a\nb", "admin\0"])
def test_what_can_be_no_name_is_refused(city: CityAccounts, name: str) -> None:
    with pytest.raises(AccountError, match="expected a name"):
        city.add(name)


def test_a_name_is_taken_whatever_its_capitals(city: CityAccounts) -> None:
    city.add("ani@batam.go.id")
    with pytest.raises(AccountError, match=r"there is an account ani@batam\.go\.id already"):
        city.add("Ani@Batam.go.id")


def test_there_is_always_an_admin_who_is_of_the_whole_city(city: CityAccounts) -> None:
    city.add("ani", Role.ADMIN)
    city.add("budi", Role.VIEWER)
    with city.store.begin() as connection:
        for change in (
            lambda: changes.disable(connection, BOSS, 1, "ani"),
            lambda: changes.set_rights(connection, BOSS, 1, "ani", role=Role.OPERATOR),
        ):
            with pytest.raises(AccountError, match="ani is the only admin"):
                change()
        with pytest.raises(AccountError, match="whole city"):
            changes.set_rights(connection, BOSS, 1, "budi", role=Role.ADMIN, scope=Scope(sites=("kabil",)))
        changes.set_rights(connection, BOSS, 1, "budi", role=Role.ADMIN)
        changes.disable(connection, BOSS, 1, "ani")
        with pytest.raises(AccountError, match="budi is the only admin"):
            changes.disable(connection, BOSS, 1, "budi")


def test_a_new_password_ends_the_sessions_and_links_that_were_there(city: CityAccounts) -> None:
    city.add("ani")
    secrets = [city.signed_in("ani").secret for _ in range(3)]
    kept = city.all.recognition.by_session(secrets[0]).principal
    link = city.link("ani")
    assert kept is not None
    with city.store.begin() as connection:
        hashed = changes.hashed_password(city.all.passwords, "another password", "ani")
        assert changes.set_password(connection, BOSS, 1, "ani", hashed, keep_session=kept.session) == 2
    assert [city.all.recognition.by_session(each).principal is not None for each in secrets] == [
        True,
        False,
        False,
    ]
    assert not isinstance(city.all.sign_in.by_code(link, HOME), SignedIn)
    city.signed_in("ani", "another password")


@pytest.mark.parametrize(
    ("role", "days", "kind"),
    [(Role.ADMIN, 1, "api"), (Role.VIEWER, 0, "api"), (Role.VIEWER, 401, "api"), (Role.VIEWER, 1, "screen")],
)
def test_what_can_be_no_token_is_refused(city: CityAccounts, role: Role, days: int, kind: str) -> None:
    with city.store.begin() as connection, pytest.raises(AccountError):
        token_changes.make_token(
            connection,
            BOSS,
            1,
            kind="screen" if kind == "screen" else "api",
            name="x",
            role=role,
            scope=Scope(),
            days=days,
        )


def test_a_token_s_secret_is_not_stored(city: CityAccounts, tmp_path: Path) -> None:
    _, secret = city.token()
    city.store.close()
    assert secret.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_the_first_start_makes_an_admin_and_the_next_ones_none(city: CityAccounts) -> None:
    code = make_first_admin(city.store, city.now_ms)
    assert code is not None
    assert make_first_admin(city.store, city.now_ms) is None
    done = city.all.sign_in.by_code(code, HOME)
    assert isinstance(done, SignedIn)
    assert (done.account, done.has_password) == ("admin", False)
    with city.store.begin() as connection:
        account = account_rows.load_account(connection, "admin")
    assert account is not None
    assert account.role is Role.ADMIN


def test_the_token_of_the_configuration_is_a_screen_s_until_it_stands_there_no_more(city: CityAccounts) -> None:
    for _ in range(2):
        keep_configured_token(city.store, TOKEN, city.now_ms)
    found = city.all.recognition.by_token(TOKEN).principal
    assert found is not None
    assert (found.role, found.scope.whole_city, found.kind) == (Role.SCREEN, True, "screen")
    with city.store.begin() as connection:
        assert len(token_rows.load_tokens(connection)) == 1
    keep_configured_token(city.store, TOKEN + "4", city.now_ms)
    assert city.all.recognition.by_token(TOKEN).principal is None
    assert city.all.recognition.by_token(TOKEN + "4").principal is not None
    keep_configured_token(city.store, None, city.now_ms)
    assert city.all.recognition.by_token(TOKEN + "4").principal is None


def test_a_configured_token_that_was_revoked_stays_so_and_the_log_says_it(
    city: CityAccounts, caplog: pytest.LogCaptureFixture
) -> None:
    keep_configured_token(city.store, TOKEN, city.now_ms)
    with city.store.begin() as connection:
        found = token_rows.find_token(connection, secret_hash(TOKEN))
        assert found is not None
        token_changes.revoke_token(connection, BOSS, 1, found.id)
    keep_configured_token(city.store, TOKEN, city.now_ms)
    assert city.all.recognition.by_token(TOKEN).principal is None
    assert "web.token: token 1 has been revoked" in caplog.text
    assert TOKEN not in caplog.text
