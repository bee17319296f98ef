"""The dashboards are what Grafana 12 and 13 call one: checked by a compiler against the types that these ship.

Each panel is checked against the options and field settings of its own kind, so that a setting which Grafana does
not know, a value that it does not offer, or a missing one that it wants is an error.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.grafana.dashboards import FOLDER, NAMES, Json, load, panels
from tests.prepared import HOW, PREPARED
from tests.servers.programs import fail_or_skip, require_program

HERE = Path(__file__).parent / "schema"
PACKAGES = PREPARED / "grafana-schema" / "node_modules"
KINDS = {
    "bargauge": "BarGauge",
    "stat": "Stat",
    "state-timeline": "StateTimeline",
    "table": "Table",
    "timeseries": "TimeSeries",
}
_NAMES = "AnnotationQuery, Dashboard, DataQuery, FieldConfigSource, Panel, RowPanel"
NO_FIELDS_OF_ITS_OWN = {"bargauge", "stat"}
OPTIONS = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler"]


@pytest.fixture(scope="session")
def compiler() -> list[str]:
    node = require_program("node")
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    for name, version in wanted.items():
        package = PACKAGES / name / "package.json"
        if (
            not package.is_file()
            or json.loads(package.read_text("utf-8"))["version"] != version.rpartition("@")[2]
        ):
            fail_or_skip(f"build/grafana-schema lacks {name} {version}: {HOW}")
    return [node, str(PACKAGES / "typescript" / "bin" / "tsc")]


def source(schema: str, dashboard: Json) -> str:
    """Return a program that has the dashboard as constants of Grafana's types."""
    frame = {key: value for key, value in dashboard.items() if key != "panels"}
    lines = [
        f"import type {{ {_NAMES} }} from '{schema}';",
        "import type { Plain, Some } from './plain';",
        *_imports(schema),
        "type Query = DataQuery & Record<string, unknown>;",
        "type Annotations = { annotations: { list: AnnotationQuery<Query>[] } };",
        "type Frame = Omit<Dashboard, 'panels' | 'annotations'> & Annotations;",
        f"export const frame: Plain<Frame> = {json.dumps(frame)};",
    ]
    lines += [f"export const panel{each['id']}: {_kind(each)} = {json.dumps(each)};" for each in panels(dashboard)]
    return "\n".join(lines) + "\n"


def _imports(schema: str) -> list[str]:
    found = []
    for kind, name in KINDS.items():
        folder = kind.replace("-", "")
        module = f"{schema}/dist/esm/raw/composable/{folder}/panelcfg/x/{name}PanelCfg_types.gen"
        names = f"Options as {name}Options"
        if kind not in NO_FIELDS_OF_ITS_OWN:
            names += f", FieldConfig as {name}Fields"
        found.append(f"import type {{ {names} }} from '{module}';")
    return found


def _kind(panel: Json) -> str:
    if panel["type"] == "row":
        return "Plain<RowPanel>"
    name = KINDS[panel["type"]]
    fields = "Record<string, never>" if panel["type"] in NO_FIELDS_OF_ITS_OWN else f"{name}Fields"
    own = (
        f"{{ options?: Plain<Some<{name}Options>>;"
        f" fieldConfig?: Omit<Plain<FieldConfigSource>, 'defaults'>"
        f" & {{ defaults: Omit<Plain<FieldConfigSource['defaults']>, 'custom'>"
        f" & {{ custom?: Plain<Some<{fields}>> }} }} }}"
    )
    return f"Omit<Plain<Panel>, 'options' | 'fieldConfig'> & {own}"


def check(compiler: list[str], folder: Path, programs: dict[str, str]) -> str:
    """Return what the compiler says against the programs; nothing if all is well."""
    (folder / "node_modules").symlink_to(PACKAGES)
    (folder / "plain.ts").write_text((HERE / "plain.ts").read_text("utf-8"), "utf-8")
    for name, text in programs.items():
        (folder / f"{name}.ts").write_text(text, "utf-8")
    files = [f"{name}.ts" for name in programs]
    done = subprocess.run(
        [*compiler, *OPTIONS, *files], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode == 0) == (not done.stdout.strip()), done.stderr
    return done.stdout


@pytest.mark.parametrize("schema", ["schema-12", "schema-13"])
def test_grafana_knows_every_setting_of_every_dashboard(compiler: list[str], tmp_path: Path, schema: str) -> None:
    programs = {
        f"{language.name}-{name}": source(schema, load(name, language.name))
        for language in sorted(FOLDER.iterdir())
        for name in NAMES
    }
    assert check(compiler, tmp_path, programs) == ""


def spoil(dashboard: Json, kind: str, *path: str, value: Any) -> str:
    """Return the program of a dashboard in which one setting of the first panel of a kind is another."""
    panel: Any = next(panel for panel in panels(dashboard) if panel["type"] == kind)
    for key in path[:-1]:
        panel = panel.setdefault(key, {})
    panel[path[-1]] = value
    return source("schema-13", dashboard)


def test_a_setting_that_grafana_does_not_know_is_seen(compiler: list[str], tmp_path: Path) -> None:
    no_title = load("city")
    no_title["schemaVersion"] = "42"
    programs = {
        "unknown_option": spoil(load("city"), "stat", "options", "colourMode", value="value"),
        "unknown_value": spoil(load("city"), "stat", "options", "colorMode", value="purple"),
        "unknown_field": spoil(
            load("city"), "timeseries", "fieldConfig", "defaults", "custom", "linewidth", value=2
        ),
        "wrong_type": spoil(load("city"), "table", "gridPos", "h", value="8"),
        "wrong_frame": source("schema-13", no_title),
    }
    said = check(compiler, tmp_path, programs)
    for name in programs:
        assert f"{name}.ts(" in said, f"{name}: {said[:2000]}"
    assert len(said.strip().splitlines()) >= len(programs)
