"""Writes the dashboards' JSON into the folder `dashboards` beside this file: `python -m grafana`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana import agents, availability, camera, city, collector, site
from pantau_contract.words import LANGUAGES, words

FOLDER = Path(__file__).parent / "dashboards"
_NOT_OF_VARIABLES = ("id", "auto", "auto_min", "auto_count")
"""What the SDK writes of every variable, and Grafana's own types do not have; of a dashboard it is `style`."""
_BUILDERS = (city.build, site.build, camera.build, agents.build, collector.build, availability.build)


def dashboards() -> Iterator[tuple[Path, str]]:
    """Yield the file of each dashboard in each language, and what is to be in it."""
    for language in LANGUAGES:
        for build in _BUILDERS:
            built = build(words(language))
            yield FOLDER / language / f"{(built.uid or '').removeprefix('pantau-')}.json", as_json(built)


def as_json(built: Dashboard) -> str:
    """Return a dashboard's JSON, as Grafana knows it."""
    content = json.loads(JSONEncoder().encode(built))
    content.pop("style", None)
    for variable in content["templating"]["list"]:
        for key in _NOT_OF_VARIABLES:
            variable.pop(key, None)
    return json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file, and print its path."""
    for path, text in dashboards():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
