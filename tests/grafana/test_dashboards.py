"""How the dashboards hang together: made by their program, linked, and telling by more than colour."""

import itertools
import json
import re
from typing import Any

import pytest

from grafana.__main__ import dashboards
from grafana.colours import BUCKET_COLOURS, STATE_COLOURS, STATE_SIGNS
from pantau_collector.ledger import Bucket
from pantau_contract.states import State
from tests.grafana.dashboards import FOLDER, NAMES, Json, load, panels

LANGUAGES = ("id", "en")
BUILTIN = {"__url_time_range", "__interval", "__data"}


def test_the_dashboards_are_what_their_program_makes() -> None:
    made = dict(dashboards())
    assert made.keys() == set(FOLDER.rglob("*.json")), "make them anew: python -m grafana"
    for path, text in made.items():
        assert path.read_text("utf-8") == text, f"{path}: make it anew: python -m grafana"


def test_both_languages_say_the_same_in_other_words() -> None:
    for name in NAMES:
        ours, theirs = load(name, "id"), load(name, "en")
        assert ours["uid"] == theirs["uid"] == f"pantau-{name}"
        assert [panel["type"] for panel in panels(ours)] == [panel["type"] for panel in panels(theirs)]
        assert ours["description"] != theirs["description"]


def everything(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


@pytest.mark.parametrize("name", NAMES)
def test_each_dashboard_leads_to_all_others(name: str) -> None:
    (link,) = load(name)["links"]
    assert (link["type"], link["tags"], link["includeVars"], link["keepTime"]) == (
        "dashboards",
        ["pantau"],
        True,
        True,
    )
    assert load(name)["tags"] == ["pantau"]


def test_each_link_in_a_table_leads_to_a_dashboard_that_has_what_it_chooses() -> None:
    found: set[tuple[str, str]] = set()
    for name in NAMES:
        for panel in panels(load(name)):
            columns = set(re.findall(r'"(\w+)"', everything([t["query"] for t in panel.get("targets", [])])))
            columns |= set(re.findall(r'\\"(\w+)\\"', everything(panel.get("targets", []))))
            for url in re.findall(r'"url": "(/d/[^"]*)"', everything(panel.get("fieldConfig", {}))):
                target = url.partition("?")[0].removeprefix("/d/pantau-")
                variables = {variable["name"] for variable in load(target)["templating"]["list"]}
                assert set(re.findall(r"var-(\w+)=", url)) <= variables, url
                assert set(re.findall(r"__data\.fields\.(\w+)", url)) <= columns, (panel["title"], url)
                assert "${__url_time_range}" in url
                found.add((name, target))
    assert {("city", "site"), ("city", "camera"), ("site", "camera"), ("camera", "site")} <= found
    assert {("agents", "site"), ("availability", "camera"), ("availability", "site")} <= found


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_that_is_used_is_there(name: str) -> None:
    dashboard = load(name)
    there = {variable["name"] for variable in dashboard["templating"]["list"]}
    queries = everything([panel.get("targets", []) for panel in panels(dashboard)])
    queries += everything([dashboard["annotations"], dashboard["templating"]])
    used = set(re.findall(r"\$\{?(\w+)", queries)) - {"timeFilter", "tag_site", "tag_camera", "col"}
    used -= {name for name in used if name.startswith(("tag_", "__"))}
    assert used <= there
    assert there - {"camera"} <= used | {"site"}, "each choice is of use"


def test_the_choices_are_those_of_a_city() -> None:
    def chosen(name: str) -> list[str]:
        return [variable["name"] for variable in load(name)["templating"]["list"]]

    assert chosen("city") == ["source", "owner", "maintainer", "project", "site", "points"]
    assert chosen("availability") == ["source", "owner", "maintainer", "project", "site", "camera", "points"]
    assert chosen("camera") == ["source", "site", "camera", "points"]


def test_all_of_a_variable_is_one_expression_however_large_the_city() -> None:
    for name in NAMES:
        for variable in load(name)["templating"]["list"]:
            if variable.get("multi"):
                assert (variable["includeAll"], variable["allValue"]) == (True, ".*")


def test_panels_ask_the_data_source_that_is_chosen() -> None:
    for panel in itertools.chain.from_iterable(panels(load(name)) for name in NAMES):
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${source}"
            assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${source}"}


def test_certificates_are_marked_thirty_and_seven_days_before_they_end() -> None:
    panel = next(each for each in panels(load("agents")) if each["title"] == "Sampai kapan sertifikat berlaku")
    (column,) = (
        each for each in panel["fieldConfig"]["overrides"] if each["matcher"]["options"] == "certificate_days"
    )
    steps = next(each["value"]["steps"] for each in column["properties"] if each["id"] == "thresholds")
    assert [step["value"] for step in steps] == [None, 7, 30]
    assert len({step["color"] for step in steps}) == 3


def test_what_the_colour_blind_confuse_is_told_by_sign_or_name_as_well() -> None:
    assert set(STATE_SIGNS) == set(State)
    assert len(set(STATE_SIGNS.values())) == len(State)
    for name in NAMES:
        for mapping in mappings(load(name)):
            texts = [shown["text"] for shown in mapping]
            assert all(texts)
            assert len(set(texts)) == len(texts), texts


def mappings(dashboard: Json) -> list[list[Json]]:
    """Return, of each mapping of values to colours, how these are shown."""
    found = []
    for panel in panels(dashboard):
        text = everything(panel)
        for each in re.findall(r'\{"options": (\{[^\[\]]*?\}\}), "type": "value"\}', text):
            shown = list(json.loads(each).values())
            if any(one.get("color") for one in shown):
                found.append(shown)
    return found


def seen_by(colour: str, kind: str) -> tuple[float, float, float]:
    """Return a colour as one sees it to whom a kind of cone is missing (Viénot, Brettel and Mollon 1999)."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (each**2.2 for each in (red, green, blue))
    if kind == "protan":
        red = green = 0.1124 * red + 0.8876 * green
    elif kind == "deutan":
        red = green = 0.2928 * red + 0.7072 * green
    light = [max(each, 0.0) ** (1 / 2.2) for each in (red, green, blue)]
    return light[0], light[1], light[2]


@pytest.mark.parametrize("kind", ["all", "protan", "deutan"])
def test_the_colours_of_the_states_differ_for_the_colour_blind_too(kind: str) -> None:
    for (one, first), (other, second) in itertools.combinations(STATE_COLOURS.items(), 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen_by(first, kind), seen_by(second, kind), strict=True)) ** 0.5
        assert apart > 0.1, (one, other, kind)


def test_the_colours_of_before_were_not_told_apart() -> None:
    red, green = seen_by("#c0392b", "deutan"), seen_by("#6b7a2b", "deutan")
    assert sum((a - b) ** 2 for a, b in zip(red, green, strict=True)) ** 0.5 < 0.1


def test_every_bucket_has_a_colour_of_its_own() -> None:
    assert set(BUCKET_COLOURS) == set(Bucket)
    assert len(set(BUCKET_COLOURS.values())) == len(Bucket)
