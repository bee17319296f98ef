from pathlib import Path
from types import SimpleNamespace

import pytest

from pantau_collector.certificate_watch import OwnCertificates, certificate_troubles
from pantau_collector.fleet.view import SiteView
from pantau_collector.health import Health, TroubleKind
from tests.agent.certificate import make_certificate

NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000


def site(name: str, days: float | None) -> SiteView:
    ends_ms = None if days is None else NOW_MS + int(days * DAY_MS)
    return SiteView(name, name, True, 0, 0, "", (), certificate="client", certificate_ends_ms=ends_ms)


def troubles(own_days: float = 900, *sites: SiteView) -> dict[TroubleKind, str]:
    own = {"authority": NOW_MS + int(own_days * DAY_MS)}
    return {each.kind: each.detail for each in certificate_troubles(own, sites, NOW_MS)}


@pytest.mark.parametrize(
    ("days", "kind"),
    [
        (30.1, None),
        (30, TroubleKind.CERTIFICATE_ENDS_SOON),
        (7.1, TroubleKind.CERTIFICATE_ENDS_SOON),
        (7, TroubleKind.CERTIFICATE_ENDS),
        (-1, TroubleKind.CERTIFICATE_ENDS),
    ],
)
def test_an_end_is_told_a_month_before_and_is_urgent_a_week_before(days: float, kind: TroubleKind | None) -> None:
    found = list(certificate_troubles({"broker": NOW_MS + int(days * DAY_MS)}, (), NOW_MS))
    assert [each.kind for each in found] == ([kind] if kind else [])
    assert Health(tuple(found)).ok is (kind is not TroubleKind.CERTIFICATE_ENDS)


def test_no_site_makes_the_collector_unhealthy_and_the_first_to_end_are_named() -> None:
    sites = [site(f"s{n}", n) for n in range(7)] + [site("later", 20), site("none", None)]
    found = troubles(900, *sites)
    assert found[TroubleKind.SITE_CERTIFICATE_ENDS] == (
        "s0's client in 0 days, s1's client in 1 days, s2's client in 2 days, s3's client in 3 days,"
        " s4's client in 4 days, and 2 more"
    )
    assert found[TroubleKind.CERTIFICATE_ENDS_SOON] == "later's client in 20 days"
    assert Health(tuple(certificate_troubles({}, sites, NOW_MS))).ok


def test_the_files_are_read_every_ten_minutes_and_the_brokers_as_it_is_shown(tmp_path: Path) -> None:
    file = make_certificate(tmp_path).certificate
    at = SimpleNamespace(s=0.0, shown_ms=None)
    own = OwnCertificates(file, None, lambda: at.shown_ms, lambda: at.s)
    (client,) = own().values()
    file.unlink()
    at.s, at.shown_ms = 599, NOW_MS
    assert own() == {"broker": NOW_MS, "client": client}
    at.s = 600
    assert own() == {"broker": NOW_MS}
