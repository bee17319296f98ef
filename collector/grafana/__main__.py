"""Writes the dashboards' JSON into the folder `dashboards` beside this file: `python -m grafana`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana import agents, availability, camera, city, collector, site
from pantau_contract.words import LANGUAGES, words

FOLDER = Path(__file__).parent / "dashboards"
_BUILDERS = (city.build, site.build, camera.build, agents.build, collector.build, availability.build)


def dashboards() -> Iterator[tuple[Path, str]]:
    """Yield the file of each dashboard in each language, and what is to be in it."""
    for language in LANGUAGES:
        for build in _BUILDERS:
            built = build(words(language))
            text = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(built) + "\n"
            yield FOLDER / language / f"{(built.uid or '').removeprefix('pantau-')}.json", text


def main() -> None:
    """Write every file, and print its path."""
    for path, text in dashboards():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
