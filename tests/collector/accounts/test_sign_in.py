from pathlib import Path

import pytest
from argon2 import PasswordHasher

from pantau_collector.access.attempts import PER_ACCOUNT, PER_ADDRESS
from pantau_collector.access.role import Role
from pantau_collector.accounts import changes
from pantau_collector.accounts.devices import Devices
from pantau_collector.accounts.sign_in import Refused, SignedIn, SignIn, Visitor
from pantau_collector.store import account_rows, session_rows
from tests.collector.accounts.city_accounts import BOSS, HOME, PASSWORD, CityAccounts, cheap_passwords

MINUTE_MS = 60_000


def stranger(number: int) -> Visitor:
    address = f"203.0.113.{number}"
    return Visitor(address, address)


@pytest.fixture
def city(tmp_path: Path) -> CityAccounts:
    city = CityAccounts(tmp_path)
    city.add("budi")
    city.add("ani")
    return city


def failures_until_wait(city: CityAccounts, name: str, at: Visitor, device: str = "") -> int:
    for n in range(100):
        done = city.all.sign_in.by_password(name, "a wrong password", device, at)
        assert isinstance(done, Refused)
        if done.wait_s:
            return n
    raise AssertionError("never had to wait")


def test_name_and_password_give_a_session_of_which_only_a_hash_is_stored(
    city: CityAccounts, tmp_path: Path
) -> None:
    done = city.signed_in(" Budi ")
    assert (done.account, done.has_password) == ("budi", True)
    found = city.all.recognition.by_session(done.secret).principal
    assert found is not None
    assert (found.name, found.role, found.kind) == ("budi", Role.VIEWER, "account")
    assert found.session not in done.secret
    city.store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert done.secret.encode() not in kept
    assert PASSWORD.encode() not in kept


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("budi", "wrong password"),
        ("budi", ""),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("x" * 9999, PASSWORD),
        ("b\0", ""),
    ],
)
def test_anything_else_is_refused(city: CityAccounts, name: str, password: str) -> None:
    assert city.all.sign_in.by_password(name, password, "", HOME) == Refused()


def test_the_same_work_is_done_for_a_name_that_nobody_has(
    city: CityAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[bool] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, stored: str, password: str) -> bool:
        hashed.append(True)
        return verify(hasher, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    city.add("gone", password=PASSWORD)
    with city.store.begin() as connection:
        changes.disable(connection, BOSS, city.now_ms, "gone")
    for name in ("budi", "nobody", "gone", "!"):
        city.all.sign_in.by_password(name, "a wrong password", "", HOME)
    assert len(hashed) == 4


def test_a_disabled_account_does_not_sign_in_with_its_right_password(city: CityAccounts) -> None:
    with city.store.begin() as connection:
        changes.disable(connection, BOSS, city.now_ms, "budi")
    assert city.all.sign_in.by_password("budi", PASSWORD, "", HOME) == Refused()


def test_one_address_may_fail_so_often_whatever_names_it_tries(city: CityAccounts) -> None:
    tried = 0
    for n in range(PER_ADDRESS.most):
        tried += isinstance(city.all.sign_in.by_password(f"name{n}", "a wrong password", "", stranger(1)), Refused)
    waiting = city.all.sign_in.by_password("budi", PASSWORD, "", stranger(1))
    assert isinstance(waiting, Refused)
    assert 0 < waiting.wait_s <= PER_ADDRESS.window_s
    assert isinstance(city.all.sign_in.by_password("budi", PASSWORD, "", stranger(2)), SignedIn)


def test_an_account_may_be_failed_so_often_from_wherever_and_a_restart_gives_no_new_attempts(
    city: CityAccounts, tmp_path: Path
) -> None:
    for n in range(PER_ACCOUNT.most):
        assert city.all.sign_in.by_password("budi", "a wrong password", "", stranger(n)) == Refused()
    again = CityAccounts(tmp_path)
    waiting = again.all.sign_in.by_password("budi", PASSWORD, "", stranger(99))
    assert isinstance(waiting, Refused)
    assert waiting.wait_s > 0
    assert isinstance(again.all.sign_in.by_password("ani", PASSWORD, "", stranger(99)), SignedIn)


def test_a_flood_by_strangers_does_not_keep_a_person_out(city: CityAccounts) -> None:
    known = city.signed_in("budi").device
    link = city.link("budi")
    for n in range(200):  # strangers go on for ever, also from the person's own address
        city.all.sign_in.by_password("budi", "a wrong password", "", stranger(n % 200))
        city.all.sign_in.by_password("budi", "a wrong password", "", HOME)
        city.now_ms += 1000
    assert isinstance(city.all.sign_in.by_password("budi", PASSWORD, "", HOME), Refused)
    assert isinstance(city.all.sign_in.by_password("budi", PASSWORD, known, HOME), SignedIn)
    assert isinstance(city.all.sign_in.by_code(link, HOME), SignedIn)


def test_the_flood_over_anybody_may_try_again_within_minutes(city: CityAccounts) -> None:
    for n in range(1000):
        city.all.sign_in.by_password("budi", "a wrong password", "", stranger(n % 250))
    city.now_ms += PER_ACCOUNT.window_s * 1000 // PER_ACCOUNT.most
    assert isinstance(city.all.sign_in.by_password("budi", PASSWORD, "", stranger(251)), SignedIn)


def test_a_known_browser_is_limited_too_and_known_for_its_own_account_only(city: CityAccounts) -> None:
    device = city.signed_in("budi").device
    assert failures_until_wait(city, "budi", HOME, device) == 10
    assert failures_until_wait(city, "ani", stranger(1), device) == PER_ACCOUNT.most
    assert failures_until_wait(city, "nobody", stranger(2), "0" * 24 + ".forged") == PER_ACCOUNT.most


def test_a_link_signs_in_once_within_its_day(city: CityAccounts) -> None:
    first, second = city.link("budi"), city.link("budi")
    assert city.all.sign_in.by_code(first, HOME) == Refused()
    assert isinstance(city.all.sign_in.by_code(second, HOME), SignedIn)
    assert city.all.sign_in.by_code(second, HOME) == Refused()
    late = city.link("budi")
    city.now_ms += changes.LINK_VALID_MS
    assert city.all.sign_in.by_code(late, HOME) == Refused()


@pytest.mark.parametrize("code", ["", "x", "x" * 100_000, "pantau_link_", "\udcff", "' OR 1=1 --"])
def test_what_is_no_code_signs_nobody_in(city: CityAccounts, code: str) -> None:
    assert city.all.sign_in.by_code(code, HOME) == Refused()


def test_a_screen_s_token_gives_a_session_that_only_shows_and_ends_with_the_token(city: CityAccounts) -> None:
    number, secret = city.token(Role.SCREEN, days=10)
    done = city.all.sign_in.by_code(secret, HOME)
    assert isinstance(done, SignedIn)
    assert (done.account, done.lasts_s) == ("", 10 * 86_400)
    found = city.all.recognition.by_session(done.secret).principal
    assert found is not None
    assert (found.name, found.role, found.kind) == ("lobby", Role.SCREEN, "screen")
    assert number
    city.now_ms += 10 * 86_400_000
    assert city.all.recognition.by_session(done.secret).principal is None


def test_an_api_token_gives_no_session(city: CityAccounts) -> None:
    assert city.all.sign_in.by_code(city.token(Role.VIEWER)[1], HOME) == Refused()


def test_a_sign_in_hashes_the_password_anew_when_the_parameters_have_changed(city: CityAccounts) -> None:
    harder = SignIn(city.store, cheap_passwords(rounds=2), Devices(b"k"), city.all.rules, lambda: city.now_ms)
    assert isinstance(harder.by_password("budi", PASSWORD, "", HOME), SignedIn)
    with city.store.begin() as connection:
        account = account_rows.load_account(connection, "budi")
    assert account is not None
    assert "t=2" in account.password
    assert isinstance(harder.by_password("budi", PASSWORD, "", HOME), SignedIn)


def test_signing_out_ends_the_session_and_a_renewed_one_has_another_id(city: CityAccounts) -> None:
    first = city.signed_in("budi")
    second = city.all.sign_in.renew(first.secret)
    assert isinstance(second, SignedIn)
    assert city.all.recognition.by_session(first.secret).principal is None
    assert city.all.recognition.by_session(second.secret).principal is not None
    city.all.sign_in.sign_out(second.secret, BOSS)
    assert city.all.recognition.by_session(second.secret).principal is None
    assert city.all.sign_in.renew(second.secret) == Refused()
    with city.store.begin() as connection:
        assert session_rows.load_sessions(connection) == []


def test_who_signed_in_and_who_failed_is_audited_and_a_mistyped_name_is_not(
    city: CityAccounts, caplog: pytest.LogCaptureFixture
) -> None:
    city.signed_in("budi")
    city.all.sign_in.by_password("budi", "secret of budi", "", stranger(1))
    city.all.sign_in.by_password("my-password-in-the-wrong-field", "x", "", stranger(1))
    assert city.audited()[-2:] == [("budi", "signed_in", "budi"), ("budi", "sign_in_refused", "budi")]
    assert "secret of budi" not in caplog.text
    assert "wrong-field" not in caplog.text
