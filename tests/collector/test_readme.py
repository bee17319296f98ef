import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pantau_collector.access.attempts import PER_ACCOUNT, PER_ADDRESS
from pantau_collector.access.passwords import MIN_LENGTH
from pantau_collector.config import CollectorConfig
from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, TroubleKind
from pantau_collector.notices.batching import SITE_GATHER_MS, SITE_LETTERS
from pantau_collector.notices.compose import MAX_OUTAGES, MAX_UNLISTED
from pantau_collector.reports import contract_pages, detail_pages, dossier_pages, outage_views
from pantau_collector.simulation import load_scenario, simulate
from pantau_collector.sinks.line_protocol import Measurement
from pantau_collector.sinks.schema import MEASUREMENTS
from pantau_collector.web.connections import DONE_WITHIN_S, HEAD_WITHIN_S, MAX_CONNECTIONS, MAX_OF_ADDRESS
from pantau_collector.web.gate import API_RATE, PAGE_RATE, SIGN_IN_RATE
from pantau_collector.web.metrics import CityMetrics
from pantau_collector.web.wall_builder import (
    CARDS_OF_SITE,
    LINES_OF_SITE,
    MAX_CARDS,
    TILES_OF_SITE,
    UNLISTED_TILES,
)

RULES = CollectorConfig().outage_pictures
WEB = CollectorConfig().web
README = (Path(__file__).parents[2] / "collector" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("measurement", MEASUREMENTS, ids=lambda measurement: measurement.name)
def test_the_page_names_every_field_with_type_unit_and_meaning(measurement: Measurement) -> None:
    assert f"**`{measurement.name}`**, tags {', '.join(f'`{tag}`' for tag in measurement.tags)}" in README
    for field in measurement.fields:
        assert f"| `{field.name}` | {field.kind.value} | {field.unit} | {field.meaning} |" in README


def test_the_page_names_every_metric_of_the_city() -> None:
    registry = CollectorRegistry()
    registry.register(CityMetrics(lambda: CityView(0, (), ()), Health, lambda: 0))
    for family in registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        assert f"`{name}" in README, name


def test_the_page_says_what_to_do_about_every_trouble() -> None:
    for kind in TroubleKind:
        assert kind is TroubleKind.VIEW_STALE or f"`{kind}`" in README, kind


def test_links_within_the_page_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    assert set(re.findall(r"\(#([\w-]+)\)", README)) <= headings


def test_the_example_of_a_scenario_is_told_as_it_says() -> None:
    outcome = simulate(*load_scenario(Path(__file__).parents[2] / "collector" / "scenario.example.toml"))
    assert outcome.sent
    assert not outcome.differences


@pytest.mark.parametrize(
    "statement",
    [
        f"at most {CARDS_OF_SITE} cards of {MAX_CARDS}",
        f"shows {LINES_OF_SITE} lines and {TILES_OF_SITE} marks of a site, {UNLISTED_TILES} of them cameras",
        f"gets {SITE_LETTERS} messages an hour at once",
        f"one message each {SITE_GATHER_MS // 60_000} minutes",
        f"lists at most {MAX_OUTAGES} outages, and {MAX_UNLISTED} cameras that are not in the inventory",
        f"for the API {API_RATE.burst:g} times at once and {API_RATE.per_s:g} times a second",
        f"for pages and pictures {PAGE_RATE.burst:g} times and {PAGE_RATE.per_s:g} times a second",
        f"try to sign in {SIGN_IN_RATE.burst:g} times and once in {1 / SIGN_IN_RATE.per_s:g} seconds",
        f"at most {MAX_CONNECTIONS} connections, {MAX_OF_ADDRESS} of one address",
        f"a request has {HEAD_WITHIN_S:g} s, its body {HEAD_WITHIN_S:g} s, its answer {DONE_WITHIN_S:g} s",
        f"for longer than `keep_pictures_days` ({CollectorConfig().keep_pictures_days})",
        f"longer than `keep_days` ({RULES.keep_days}), of up to `cameras_of_outage` ({RULES.cameras_of_outage})",
        f"`max_mb` ({RULES.max_mb:g}) and a twentieth of the free disk",
        f"at most {detail_pages.MAX_CAMERAS} cameras, {detail_pages.MAX_OUTAGES} outages,",
        f"outages, {detail_pages.MAX_GROUPS} groups",
        f"{contract_pages.MAX_PENALTIES} lines of a deduction and {contract_pages.MAX_EXCLUSIONS} stretches",
        f"{outage_views.MAX_BYTES / 1e6:g} MB of pictures",
        f"the {dossier_pages.MAX_CAMERAS} that lost most",
        f"after {WEB.session_idle_h} hours without a request, and after {WEB.session_days} days in any case",
        f"by account and by address ({PER_ACCOUNT.most} and {PER_ADDRESS.most} times in 15 minutes)",
        f"have {MIN_LENGTH} characters or more",
        f"for `keep_audit_days` ({WEB.keep_audit_days})",
    ],
)
def test_the_page_states_the_limits(statement: str) -> None:
    assert statement in " ".join(README.split())
