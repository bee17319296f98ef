import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pantau_collector.fleet.view import CityView
from pantau_collector.health import Health, TroubleKind
from pantau_collector.simulation import load_scenario, simulate
from pantau_collector.sinks.line_protocol import Measurement
from pantau_collector.sinks.schema import MEASUREMENTS
from pantau_collector.web.metrics import CityMetrics

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
