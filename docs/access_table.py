"""Writes docs/access.md, the table of who may use which address: `python -m docs.access_table`."""

import sys
import tempfile
from pathlib import Path

from pantau_collector.web.route_table import render_table
from tests.collector.web.every_route import every_route

_TO = Path(__file__).with_name("access.md")


def main() -> None:
    """Write the table."""
    with tempfile.TemporaryDirectory() as folder:
        _TO.write_text(render_table(every_route(Path(folder))), "utf-8")
    sys.stdout.write(f"{_TO}\n")


if __name__ == "__main__":
    main()
