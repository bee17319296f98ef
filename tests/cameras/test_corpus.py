"""Test that the corpus covers enough makers, and that its addresses belong to nobody."""

import ipaddress
import re

import pytest

from tests.cameras.corpus import ANSWERS, all_cameras

DOCUMENTATION = ipaddress.ip_network("192.0.2.0/24")
"""Addresses that belong to nobody (RFC 5737)."""


def test_it_covers_many_cameras_of_many_makers() -> None:
    corpus = all_cameras()
    assert len(corpus) >= 30
    assert len({camera.maker for camera in corpus.values()}) >= 12


@pytest.mark.parametrize("name", all_cameras())
def test_no_address_but_one_for_documentation(name: str) -> None:
    text = (ANSWERS / f"{name}.toml").read_text()
    found = re.findall(r"(?:://(?:[^@/\s]*@)?|IP4 |source=|destination=)(\d+\.\d+\.\d+\.\d+)", text)
    for address in map(ipaddress.ip_address, found):
        assert address in DOCUMENTATION or address.is_unspecified or address.is_loopback, address
