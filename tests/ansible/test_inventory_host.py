"""Test that a host goes out of the inventory's files, and that all else in them stays as people wrote it."""

import pytest

from tests.ansible.modules import load

module = load("roles/pantau_decommission/library/pantau_inventory_host.py")
TEXT = """\
# The city.
all:
  children:
    sites:
      hosts:
        batam-centre: {ansible_host: 10.10.1.2}
        # The harbour.
        nongsa: {ansible_host: 10.10.2.2}
        nongsa-2:
          ansible_host: 10.10.2.3
          secret: !vault |
            $ANSIBLE_VAULT;1.1;AES256
            6162
        kabil:
    control_room:
      hosts:
        control: {ansible_host: 10.10.0.2}  # above all
  vars:
    nongsa: stays
"""


@pytest.mark.parametrize(
    ("host", "gone"),
    [
        ("batam-centre", "        batam-centre: {ansible_host: 10.10.1.2}\n"),
        (
            "nongsa-2",
            (
                "        nongsa-2:\n          ansible_host: 10.10.2.3\n          secret: !vault |\n"
                "            $ANSIBLE_VAULT;1.1;AES256\n            6162\n"
            ),
        ),
        ("kabil", "        kabil:\n"),
        ("sekupang", ""),
    ],
)
def test_a_host_goes_with_what_is_below_it_and_nothing_else_changes(host: str, gone: str) -> None:
    assert module.without_host(TEXT, host) == TEXT.replace(gone, "", 1)


def test_the_last_host_may_go() -> None:
    assert module.without_host("all:\n  hosts:\n    kabil: {}\n", "kabil") == "all:\n  hosts:\n"


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "all: {hosts: {nongsa: {}, kabil: {}}}\n",
        "hosts:\n  nongsa: &n {a: 1}\n  kabil: *n\n",
        '{"all": {"hosts": {"nongsa": {}}}}\n',
    ],
)
def test_a_file_in_which_that_cannot_be_done_safely_is_refused(text: str) -> None:
    """In the first the name stands elsewhere too, as a key that is no host."""
    with pytest.raises(ValueError, match="by hand"):
        module.without_host(text, "nongsa")
