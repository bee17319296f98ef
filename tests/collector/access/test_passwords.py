import pytest

from pantau_collector.access.passwords import PasswordError, Passwords, check_password
from tests.collector.accounts.city_accounts import PASSWORD, cheap_passwords


def test_a_password_is_kept_as_argon2id_by_the_library_s_parameters() -> None:
    stored = Passwords().hash(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    memory_kib = int(stored.split("m=")[1].split(",")[0])
    assert memory_kib >= 19_456  # the least that OWASP recommends


def test_only_the_same_password_matches() -> None:
    passwords = cheap_passwords()
    stored = passwords.hash(PASSWORD)
    assert passwords.matches(stored, PASSWORD)
    assert not passwords.matches(stored, PASSWORD + " ")
    assert not passwords.matches(stored, "")
    assert not passwords.matches("", PASSWORD)
    assert not passwords.matches("no hash at all", PASSWORD)


def test_the_same_text_written_otherwise_is_the_same_password() -> None:
    passwords = cheap_passwords()
    assert passwords.matches(passwords.hash("caf\u00e9 di Nongsa"), "cafe\u0301 di Nongsa")


def test_nothing_beyond_the_limit_is_cut_off_to_a_password_that_fits() -> None:
    passwords = cheap_passwords()
    longest = "pantau" * 166 + "1234"
    assert len(longest) == 1000
    assert passwords.matches(passwords.hash(longest), longest)
    assert not passwords.matches(passwords.hash(longest), longest + "5")


def test_a_hash_of_other_parameters_is_outdated() -> None:
    old = cheap_passwords(rounds=1).hash(PASSWORD)
    assert not cheap_passwords(rounds=1).is_outdated(old)
    assert cheap_passwords(rounds=2).is_outdated(old)


@pytest.mark.parametrize(
    "password", ["", "elevenchars", "x" * 1001, "aaaaaaaaaaaaaaaa", "abababababababab", "budi", "budibudibudi"]
)
def test_what_is_no_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordError, match="expected a password"):
        check_password(password, "budi")


def test_a_long_password_is_accepted_without_rules_about_its_letters() -> None:
    check_password("jembatan barelang", "budi")
    check_password("x y z budi jembatan", "budi")
