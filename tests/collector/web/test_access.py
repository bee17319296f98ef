from typing import Any

import pytest

from pantau_collector.access.role import Role
from pantau_collector.config import Web
from pantau_collector.web.access import AccessRules, access_rules, network_of

HERE, ELSEWHERE, PROXY = "127.0.0.1", "10.20.3.4", "10.0.0.5"


def rules(**web: Any) -> AccessRules:
    return access_rules(Web.model_validate(web))


def test_nobody_has_a_right_without_a_sign_in_not_even_this_machine() -> None:
    for web in ({}, {"public_url": "http://localhost:8080"}, {"trusted_proxies": [PROXY]}):
        for peer in (HERE, "::1", ELSEWHERE, PROXY, "", "unix"):
            assert rules(**web).without_sign_in(peer, {"x-forwarded-user": "ani"}) is None


def test_whom_a_proxy_lets_in_has_the_role_that_is_configured_and_the_name_that_it_gives() -> None:
    known = rules(trusted_proxies=[PROXY, "fd00::/64"], proxy_role="viewer", proxy_user_header="Remote-User")
    for peer in (PROXY, "fd00::7"):
        found = known.without_sign_in(peer, {"Remote-User": "ani"})
        assert found is not None
        assert (found.name, found.role, found.kind) == ("ani", Role.VIEWER, "proxy")
    nameless = known.without_sign_in(PROXY, {"Remote-User": "\x00\x1b" + "x" * 999})
    assert nameless is not None
    assert nameless.name == "x" * 100
    assert known.without_sign_in("10.0.0.6", {"Remote-User": "ani"}) is None
    assert known.without_sign_in(HERE, {"Remote-User": "ani"}) is None


def test_only_a_trusted_proxy_is_believed_from_where_a_request_comes() -> None:
    known = rules(trusted_proxies=[PROXY])
    forged = {"x-forwarded-for": "1.1.1.1, 10.7.7.7"}
    assert known.address(PROXY, forged) == "10.7.7.7"
    assert known.address(PROXY, {"x-forwarded-for": "nonsense"}) == PROXY
    assert known.address("10.0.0.6", forged) == "10.0.0.6"


def test_a_connection_is_encrypted_here_or_at_a_trusted_proxy() -> None:
    known = rules(public_url="https://pantau.example", trusted_proxies=[PROXY])
    assert known.is_secure(ELSEWHERE, "https", {})
    assert known.is_secure(HERE, "http", {"host": "pantau.example"})
    assert known.is_secure(PROXY, "http", {"x-forwarded-proto": "https"})
    assert not known.is_secure(ELSEWHERE, "http", {"x-forwarded-proto": "https"})
    assert not known.is_secure(HERE, "http", {"host": "127.0.0.1:8080"})
    assert not rules(public_url="http://pantau.example").is_secure(HERE, "http", {"host": "pantau.example"})


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("pantau.example", True),
        ("PANTAU.example.:443", True),
        ("localhost:8080", True),
        ("[::1]:8080", True),
        ("wall.intern", True),
        ("10.1.1.1", True),
        ("", False),
        ("evil.example", False),
        ("pantau.example.evil.example", False),
    ],
)
def test_a_server_has_the_names_that_are_configured(host: str, own: bool) -> None:
    known = rules(public_url="https://pantau.example/wall", allowed_hosts=["wall.intern"], host="0.0.0.0")
    assert known.is_own_host(host, "10.1.1.1") is own


def test_neighbours_of_ipv6_share_a_limit() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff") == "2001:db8::/64"
    assert network_of("10.1.1.1") != network_of("10.1.1.2")
    assert network_of("::ffff:10.1.1.1") == "10.1.1.1"
