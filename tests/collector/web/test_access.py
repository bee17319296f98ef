from ipaddress import ip_network
from typing import Any

import pytest

from pantau_collector.config import Web
from pantau_collector.web.access import SIGNED_IN_S, Access, AccessRules, access_rules

NOW_S = 1_795_505_520.0
TOKEN = "0123456789abcdef0123"
HERE, ELSEWHERE, PROXY = "127.0.0.1", "10.20.3.4", "10.0.0.5"


def rules(**web: Any) -> AccessRules:
    return access_rules(Web(**web))


def access(rules: AccessRules, peer: str, **headers: str) -> Access:
    return rules.caller(peer, {name.replace("_", "-"): value for name, value in headers.items()}, NOW_S).access


def test_this_machine_sees_everything_unless_a_proxy_stands_before_it() -> None:
    for web in ({}, {"public_url": "http://localhost:8080"}, {"public_url": "http://127.0.0.1:8080"}):
        for peer in (HERE, "127.9.9.9", "::1", "::ffff:127.0.0.1"):
            assert access(rules(**web), peer) is Access.SIGNED_IN
    proxied = rules(public_url="https://pantau.example")
    for peer in (HERE, "::1"):
        assert access(proxied, peer) is Access.LOCAL


@pytest.mark.parametrize("peer", [ELSEWHERE, "2001:db8::1", "::ffff:10.0.0.9", "", "unix"])
def test_other_machines_are_strangers(peer: str) -> None:
    assert access(rules(), peer) is Access.STRANGER
    assert access(rules(public_url="https://pantau.example"), peer) is Access.STRANGER
    assert access(rules(), peer, x_forwarded_for="127.0.0.1") is Access.STRANGER


def test_what_comes_through_a_trusted_proxy_is_signed_in_and_is_who_the_proxy_says() -> None:
    known = rules(public_url="https://pantau.example", trusted_proxies=[PROXY, "fd00::/64", "127.0.0.1"])
    assert access(known, PROXY) is Access.SIGNED_IN
    assert access(known, "fd00::7") is Access.SIGNED_IN
    assert access(known, HERE) is Access.SIGNED_IN
    assert access(known, "10.0.0.6") is Access.STRANGER
    forged = {"x-forwarded-for": "1.1.1.1, 10.7.7.7"}
    assert known.caller(PROXY, forged, NOW_S).address == "10.7.7.7"
    assert known.caller(PROXY, {"x-forwarded-for": "nonsense"}, NOW_S).address == PROXY
    assert known.caller("10.0.0.6", forged, NOW_S).address == "10.0.0.6"


def test_the_token_signs_a_program_in() -> None:
    known = rules(token=TOKEN)
    assert access(known, ELSEWHERE, authorization=f"Bearer {TOKEN}") is Access.SIGNED_IN
    assert access(known, ELSEWHERE, authorization=f"bearer  {TOKEN} ") is Access.SIGNED_IN
    for wrong in (
        "",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer ",
        "Bearer \xe9",
    ):
        assert access(known, ELSEWHERE, authorization=wrong) is Access.STRANGER
    assert access(rules(), ELSEWHERE, authorization="Bearer ") is Access.STRANGER


def cookie(known: AccessRules, now_s: float = NOW_S, host: str = "wall") -> str:
    return known.cookie(host, now_s).partition(";")[0]


def test_the_cookie_signs_a_browser_in_for_thirty_days_and_is_renewed_each_day() -> None:
    assert SIGNED_IN_S == 30 * 86_400
    known = rules(token=TOKEN)
    sent = cookie(known)
    day = 86_400
    for after_s, signed_in, renew in ((0, True, False), (day - 1, True, False), (day + 1, True, True)):
        found = known.caller(ELSEWHERE, {"cookie": f"a=b; {sent}"}, NOW_S + after_s)
        assert (found.access is Access.SIGNED_IN, found.renew) == (signed_in, renew)
    assert known.caller(ELSEWHERE, {"cookie": sent}, NOW_S + 30 * day - 1).renew
    assert known.caller(ELSEWHERE, {"cookie": sent}, NOW_S + 30 * day).access is Access.STRANGER


def test_a_cookie_that_is_forged_or_of_another_token_signs_nobody_in() -> None:
    known = rules(token=TOKEN)
    name, _, value = cookie(known).partition("=")
    expires, _, mac = value.partition(".")
    forged = [
        f"{name}={int(expires) + 1}.{mac}",
        f"{name}={expires}.{mac[:-1]}",
        f"{name}={expires}.",
        f"{name}={expires}",
        f"{name}=",
        f"{name}=\u0661.{mac}",
        f"{name}={'9' * 5000}.{mac}",
        f"{name}={TOKEN}",
        cookie(rules(token=TOKEN[::-1])),
        cookie(rules(token=TOKEN), NOW_S + 99 * 86_400),
        "=;;==,\x00",
    ]
    for each in forged:
        assert known.caller(ELSEWHERE, {"cookie": each}, NOW_S).access is Access.STRANGER, each
    assert TOKEN not in value
    assert rules().caller(ELSEWHERE, {"cookie": cookie(rules())}, NOW_S).access is Access.STRANGER


def test_the_cookie_goes_by_https_alone_where_the_wall_is_reached_so_and_no_script_reads_it() -> None:
    known = rules(token=TOKEN, public_url="https://Pantau.example/wall")
    for host in ("pantau.example", "pantau.example:443"):
        assert known.cookie(host, NOW_S).endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
    assert known.cookie("10.0.0.5:8080", NOW_S).endswith("; Path=/; HttpOnly; SameSite=Lax")


def test_it_answers_to_its_own_names_alone() -> None:
    known = rules(
        host="0.0.0.0", public_url="https://Pantau.example:8443/wall", allowed_hosts=["wall.intern", "fd00::5"]
    )
    ours = [
        "pantau.example",
        "PANTAU.example.",
        "pantau.example:8443",
        "localhost",
        "localhost:80",
        "127.0.0.1:8080",
    ]
    ours += ["[::1]", "[::1]:8080", "wall.intern:1", "[fd00::5]:8080", "10.0.0.5:8080"]
    for host in ours:
        assert known.is_own_host(host, "10.0.0.5"), host
    for host in ("evil.example", "pantau.example.evil.example", "", ":", "[", "0.0.0.0", "10.0.0.6", "xlocalhost"):
        assert not known.is_own_host(host, "10.0.0.5"), host
    assert rules(host="10.0.0.7").hosts == {"localhost", "127.0.0.1", "::1", "10.0.0.7"}
    assert rules(trusted_proxies=[PROXY]).trusted_proxies == (ip_network(PROXY),)
