"""Test the table of `check.yml`: what is wrong at a site stands in it, with what to do."""

from typing import Any

from tests.ansible.modules import load

check = load("roles/pantau_check/filter_plugins/check_table.py")
SAID = "runs=yes\nclock=yes\nfree_mb=9000\ndigest=abc"
SITE = {
    "site": "nongsa",
    "online": True,
    "cameras": 3,
    "cameras_ok": 3,
    "version": "0.2.0",
    "configuration": "abc",
}


def _wrong(said: str = SAID, **site: Any) -> list[str]:
    (row,) = check.check_rows({"pi-7": {"site": "nongsa", "stdout": said}}, [SITE | site])
    wrong: list[str] = row["wrong"]
    return wrong


def test_a_site_that_is_well_has_nothing_wrong() -> None:
    assert _wrong(certificate="client", certificate_days=30.0) == []
    (head, line) = check.check_table(
        check.check_rows({"pi-7": {"site": "nongsa", "stdout": SAID}}, [SITE | {"certificate_days": 200.4}])
    )
    assert head.split()[:2] == ["host", "reached"]
    assert line.split() == ["pi-7", "yes", "yes", "yes", "3/3", "0.2.0", "200", "days", "right", "9000", "MB"]


def test_each_thing_that_is_wrong_is_told_with_what_to_do() -> None:
    assert _wrong(SAID.replace("runs=yes", "runs=no")) == ["what runs is not what is written: run agent.yml"]
    assert _wrong(configuration="xyz")[0].startswith("the collector hears it with another configuration")
    assert _wrong(online=False)[0].startswith("the collector does not hear it")
    assert _wrong(SAID.replace("clock=yes", "clock=no"))[0].startswith("its clock is not synchronised")
    assert _wrong(SAID.replace("9000", "499")) == ["only 499 MB of its disk are free"]
    assert _wrong(certificate="client", certificate_days=29.4)[0].startswith(
        "its certificate (client) ends in 29 days"
    )
    assert _wrong("")[0].startswith("it cannot be reached by ssh")


def test_a_site_that_was_never_heard_is_in_the_table_and_comes_first() -> None:
    rows = check.check_rows(
        {"a": {"site": "nongsa", "stdout": SAID}, "b": {"site": "kabil", "stdout": SAID}}, [SITE]
    )
    lines = check.check_table(rows)
    assert lines[1].startswith("b ")
    assert lines[-1] == "b: the collector does not hear it: on the machine, sudo pantau-agent doctor"
